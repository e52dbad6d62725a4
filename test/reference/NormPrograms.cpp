//===- NormPrograms.cpp - programs of normalisations ----------------------===//

#include "test/reference/Programs.h"

namespace bcssl::reference {

std::vector<Program> normPrograms() {
  std::vector<Program> programs;
  auto add = [&](const std::string &name, const char *x, const char *c,
                 const std::string &function) {
    programs.push_back(
        makeProgram(name, {{"x", x}, {"c", c}, {"s", ""}}, function));
  };

  struct Shapes {
    const char *suffix, *rows, *channels;
  };
  for (auto [suffix, rows, channels] :
       {Shapes{"rank_4", "2x3x2x5", "5"}, Shapes{"rank_2", "4x3", "3"},
        Shapes{"one_channel", "3x2x1x1", "1"}}) {
    auto name = [&](const char *op) { return std::string(op) + "_" + suffix; };
    add(name("channel_statistics"), rows, channels, R"(
      (%x: !x, %shift: !c {test.constant}) -> (!s, !c, !c) {
        %n, %s, %q = bcssl.channel_statistics %x, %shift
          : !x, !c -> !s, !c, !c
        return %n, %s, %q : !s, !c, !c
      })");
    add(name("batch_norm"), rows, channels, R"(
      (%x: !x, %m: !c, %v: !c {test.range = array<f64: 0.5, 2.0>}, %g: !c,
       %b: !c) -> !x {
        %y = bcssl.batch_norm %x, %m, %v, %g, %b epsilon(1.0e-5)
          : !x, !c, !c, !c, !c -> !x
        return %y : !x
      })");
    // Training: the statistics depend on the input, and the unit is where the
    // three parts of the input's gradient meet.
    add(name("batch_norm_training"), rows, channels, R"(
      (%x: !x, %shift: !c {test.constant}, %g: !c, %b: !c) -> (!x, !c, !c) {
        %n, %s, %q = bcssl.channel_statistics %x, %shift
          : !x, !c -> !s, !c, !c
        %s1 = bcssl.all_reduce %s : !c
        %q1 = bcssl.all_reduce %q : !c
        %m, %v = bcssl.batch_moments %n, %s1, %q1, %shift
          : !s, !c, !c, !c -> !c, !c
        %y = bcssl.batch_norm %x, %m, %v, %g, %b epsilon(1.0e-2)
          : !x, !c, !c, !c, !c -> !x
        return %y, %m, %v : !x, !c, !c
      })");
    add(name("layer_norm"), rows, channels, R"(
      (%x: !x, %g: !c, %b: !c) -> !x {
        %y = bcssl.layer_norm %x, %g, %b epsilon(1.0e-2)
          : !x, !c, !c -> !x
        return %y : !x
      })");
    add(name("l2_normalize"), rows, channels, R"((%x: !x) -> !x {
      %y = bcssl.l2_normalize %x epsilon(1.0e-12) : !x -> !x
      return %y : !x
    })");
  }
  add("batch_moments", "1", "5", R"(
    (%n: !s {test.constant, test.range = array<f64: 7.0, 7.0>}, %s: !c,
     %q: !c {test.range = array<f64: 8.0, 9.0>}, %shift: !c {test.constant})
     -> (!c, !c) {
      %m, %v = bcssl.batch_moments %n, %s, %q, %shift
        : !s, !c, !c, !c -> !c, !c
      return %m, %v : !c, !c
    })");
  add("layer_norm_rank_1", "6", "6", R"((%x: !x, %g: !c, %b: !c) -> !x {
    %y = bcssl.layer_norm %x, %g, %b epsilon(1.0e-6) : !x, !c, !c -> !x
    return %y : !x
  })");
  // Below epsilon the row is divided by a constant.
  add("l2_normalize_below_epsilon", "3x4", "4", R"((%x: !x) -> !x {
    %y = bcssl.l2_normalize %x epsilon(10.0) : !x -> !x
    return %y : !x
  })");
  for (auto [suffix, rows, gains] :
       {Shapes{"wide", "3x5", "3x1"}, Shapes{"one_column", "4x1", "4x1"},
        Shapes{"one_row", "1x6", "1x1"}})
    add(std::string("weight_norm_") + suffix, rows, gains, R"(
      (%d: !x, %g: !c) -> !x {
        %y = bcssl.weight_norm %d, %g : !x, !c -> !x
        return %y : !x
      })");
  return programs;
}

} // namespace bcssl::reference
