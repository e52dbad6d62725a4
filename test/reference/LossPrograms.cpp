//===- LossPrograms.cpp - programs of losses and update rules -------------===//

#include "test/reference/Programs.h"

namespace bcssl::reference {

std::vector<Program> lossPrograms() {
  std::vector<Program> programs;
  for (std::string op : {"softmax", "log_softmax"})
    for (std::string shape : {"3x5", "4", "2x1", "2x2x3"})
      programs.push_back(
          makeProgram(op + "_" + shape, {{"x", shape}},
                      "(%x: !x {test.range = array<f64: -4.0, 4.0>}) -> !x {\n"
                      "  %y = bcssl." +
                          op + " %x : !x\n  return %y : !x\n}"));

  struct Views {
    std::string views, teacherViews, logits, probabilities;
  };
  for (const auto &[views, teacherViews, logits, probabilities] :
       {Views{"10", "2", "30x4", "6x4"}, Views{"2", "2", "4x5", "4x5"},
        Views{"2", "1", "2x3", "1x3"}, Views{"3", "2", "3x1", "2x1"}})
    programs.push_back(
        makeProgram("cross_view_" + views + "_" + teacherViews + "_" + logits,
                    {{"l", logits}, {"p", probabilities}, {"s", ""}},
                    "(%l: !l {test.range = array<f64: -3.0, 3.0>},\n"
                    " %p: !p {test.constant,"
                    "         test.range = array<f64: 0.1, 0.9>}) -> !s {\n"
                    "  %y = bcssl.cross_view_cross_entropy %l, %p views(" +
                        views + ") teacher_views(" + teacherViews +
                        ") : !l, !p -> !s\n  return %y : !s\n}"));

  struct Labels {
    std::string name, logits, batch, smoothing;
  };
  for (const auto &[name, logits, batch, smoothing] :
       {Labels{"plain", "4x3", "4", "0.0"}, Labels{"smooth", "3x5", "3", "0.1"},
        Labels{"one_sample", "1x3", "1", "0.1"}})
    programs.push_back(
        makeProgram("cross_entropy_" + name, {{"l", logits}, {"s", ""}},
                    "(%l: !l {test.range = array<f64: -3.0, 3.0>},\n"
                    " %t: tensor<" +
                        batch +
                        "xi32> {test.range = array<f64: 0.0, 3.0>}) -> !s {\n"
                        "  %y = bcssl.cross_entropy %l, %t smoothing(" +
                        smoothing + ") : !l, tensor<" + batch +
                        "xi32> -> !s\n  return %y : !s\n}"));
  return programs;
}

// The arguments that all optimizers share.
static const std::string optimizerState =
    "(%p: !x, %g: !x, %m: !x, %v: !x {test.range = array<f64: 0.0, 1.0>},"
    " %lr: !s {test.range = array<f64: 0.1, 0.1>},"
    " %wd: !s {test.range = array<f64: 0.04, 0.04>}";

/// `count` is the number of the update, `active` 0, 1 or empty for absent.
static Program adamwProgram(const std::string &count, bool decay,
                            const std::string &active,
                            const std::string &betas = "0.9, 0.999") {
  auto constant = [](const std::string &name, const std::string &value) {
    return ", %" + name + ": !s {test.range = array<f64: " + value + ".0, " +
           value + ".0>}";
  };
  std::string text = optimizerState + constant("n", count);
  if (!active.empty())
    text += constant("a", active);
  text += std::string(") -> (!x, !x, !x) {\n"
                      "  %0:3 = bcssl.adamw %p, %g, %m, %v count %n lr %lr") +
          (decay ? " weight_decay %wd : !s" : "") +
          (active.empty() ? "" : " active %a : !s") + " betas(" + betas +
          ") epsilon(1.0e-8) : !x, !x, !x, !x, !s, !s -> !x, !x, !x\n"
          "  return %0#0, %0#1, %0#2 : !x, !x, !x\n}";
  return makeProgram("adamw_" + count + (decay ? "_decay" : "") +
                         (active.empty() ? "" : "_active_" + active),
                     {{"x", "3x2"}, {"s", ""}}, text);
}

static void addOptimizers(std::vector<Program> &programs) {
  for (std::string count : {"1", "2", "3", "4", "5", "400"})
    for (bool decay : {false, true})
      for (std::string active : {"", "0", "1"})
        programs.push_back(adamwProgram(count, decay, active));
  // A tensor that was never updated has count 0 and no bias correction.
  programs.push_back(adamwProgram("0", true, "0"));
  programs.push_back(adamwProgram("1", true, "", "0.0, 0.5"));
  programs.back().name = "adamw_beta_zero";
  for (std::string op : {"sgd", "lars"})
    for (std::string shape : {"2x3", "5", "1x1"})
      for (std::string decay : {"", " weight_decay %wd : !s"})
        programs.push_back(makeProgram(
            op + "_" + shape + (decay.empty() ? "" : "_decay"),
            {{"x", shape}, {"s", ""}},
            optimizerState + ") -> (!x, !x) {\n  %0:2 = bcssl." + op +
                " %p, %g, %m lr %lr" + decay + " momentum(0.9)" +
                (op == "lars" ? " eta(0.001)" : "") +
                " : !x, !x, !x, !s -> !x, !x\n"
                "  return %0#0, %0#1 : !x, !x\n}"));
  // A norm of 0 leaves the gradient as it is.
  for (std::string zero : {"p", "g"}) {
    std::string other = zero == "p" ? "g" : "p";
    programs.push_back(makeProgram(
        "lars_zero_" + zero, {{"x", "2x3"}, {"s", ""}},
        "(%" + zero + ": !x {test.range = array<f64: 0.0, 0.0>}, %" + other +
            ": !x, %m: !x, %lr: !s) -> (!x, !x) {\n"
            "  %0:2 = bcssl.lars %p, %g, %m lr %lr momentum(0.9) eta(0.001)"
            " : !x, !x, !x, !s -> !x, !x\n"
            "  return %0#0, %0#1 : !x, !x\n}"));
  }
}

static void addStatistics(std::vector<Program> &programs) {
  auto add = [&](const std::string &name, const std::string &x,
                 const std::string &op) {
    programs.push_back(
        makeProgram(name, {{"x", x}, {"s", ""}},
                    "(%a: !x, %b: !x, %m: !s {test.range ="
                    " array<f64: 0.99, 0.99>}) -> !x {\n  %y = " +
                        op + "\n  return %y : !x\n}"));
  };
  for (std::string shape : {"", "1", "7", "2x3x1x5"}) {
    std::string suffix = shape.empty() ? "scalar" : shape;
    add("clip_above_" + suffix, shape,
        "bcssl.clip_by_norm %a max_norm(0.01) : !x");
    add("clip_below_" + suffix, shape,
        "bcssl.clip_by_norm %a max_norm(300.0) : !x");
    add("ema_" + suffix, shape,
        "bcssl.ema %a, %b momentum %m : !x, !x, !s -> !x");
    add("gelu_grad_" + suffix, shape, "bcssl.gelu_grad %a, %b : !x");
    add("relu_grad_" + suffix, shape, "bcssl.relu_grad %a, %b : !x");
  }
  add("running_average", "5",
      "bcssl.running_average %a, %b momentum(0.1) correction(1.25)"
      " : !x, !x -> !x");
  for (std::string shape : {"4x3", "1x3", "3x1"})
    for (std::string iterations : {"1", "3"})
      add("sinkhorn_" + shape + "_" + iterations, shape,
          "bcssl.sinkhorn %a iterations(" + iterations + ") : !x -> !x");
}

std::vector<Program> updatePrograms() {
  std::vector<Program> programs;
  addOptimizers(programs);
  addStatistics(programs);
  return programs;
}

} // namespace bcssl::reference
