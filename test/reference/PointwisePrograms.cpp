//===- PointwisePrograms.cpp - programs of pointwise operations -----------===//

#include "test/reference/Programs.h"

namespace bcssl::reference {

static void addActivations(std::vector<Program> &programs) {
  for (std::string op : {"gelu", "relu", "all_reduce"})
    for (std::string shape : {"", "1", "7", "2x3x1x5"})
      programs.push_back(makeProgram(
          op + "_" + (shape.empty() ? "scalar" : shape), {{"x", shape}},
          "(%x: !x {test.range = array<f64: -3.0, 3.0>}) -> !x {\n"
          "  %y = bcssl." +
              op + " %x : !x\n  return %y : !x\n}"));
}

static void addChannelsAndSamples(std::vector<Program> &programs) {
  for (std::string shape : {"2x3x2x5", "4x5", "5"})
    programs.push_back(
        makeProgram("layer_scale_" + shape, {{"x", shape}, {"c", "5"}}, R"(
      (%x: !x, %g: !c) -> !x {
        %y = bcssl.layer_scale %x, %g : !x, !c -> !x
        return %y : !x
      })"));
  for (std::string shape : {"8x2x1x3", "8x5", "8"})
    programs.push_back(makeProgram("drop_path_" + shape, {{"x", shape}}, R"(
      (%x: !x, %state: tensor<4xi32> {test.range = array<f64: -9.0, 9.0>})
       -> !x {
        %d = bcssl.random_uniform %state stream(3)
          : tensor<4xi32> -> tensor<8xf64>
        %y = bcssl.drop_path %x, %d rate(0.4) : !x, tensor<8xf64> -> !x
        return %y : !x
      })"));
  // A draw equal to the rate keeps the sample.
  programs.push_back(makeProgram("drop_path_edge", {{"x", "1x3"}}, R"(
    (%x: !x, %d: tensor<1xf64> {test.constant,
                                test.range = array<f64: 0.25, 0.25>}) -> !x {
      %y = bcssl.drop_path %x, %d rate(0.25) : !x, tensor<1xf64> -> !x
      return %y : !x
    })"));
  struct Pool {
    std::string x, y;
  };
  for (auto [x, y] : {Pool{"2x3x5x4", "2x4"}, Pool{"1x1x1x1", "1x1"}})
    programs.push_back(makeProgram("pool_" + x, {{"x", x}, {"y", y}}, R"(
      (%x: !x) -> !y {
        %y = bcssl.global_average_pool %x : !x -> !y
        return %y : !y
      })"));
}

static void addMovement(std::vector<Program> &programs) {
  auto add = [&](const char *name, const std::string &op, const char *x,
                 const char *y) {
    programs.push_back(makeProgram(name, {{"x", x}, {"y", y}},
                                   "(%x: !x) -> !y {\n  %y = " + op +
                                       " : !x -> !y\n  return %y : !y\n}"));
  };
  add("broadcast_scalar", "bcssl.broadcast %x dims []", "", "2x3");
  add("broadcast_channels", "bcssl.broadcast %x dims [3]", "3", "2x1x2x3");
  add("broadcast_rows", "bcssl.broadcast %x dims [0, 1]", "2x3", "2x3x4");
  add("broadcast_samples", "bcssl.broadcast %x dims [0]", "2", "2x3x4");
  add("broadcast_blocks", "bcssl.broadcast %x dims [1, 2]", "3x4", "2x3x4");
  add("broadcast_sample_channels", "bcssl.broadcast %x dims [0, 3]", "2x3",
      "2x2x4x3");
  add("reduce_all", "bcssl.reduce sum %x dims [0, 1, 2]", "2x3x4", "");
  add("reduce_rows", "bcssl.reduce sum %x dims [2]", "2x3x4", "2x3");
  add("reduce_columns", "bcssl.reduce sum %x dims [0, 1]", "2x3x4", "4");
  add("reduce_middle", "bcssl.reduce sum %x dims [1]", "2x3x4", "2x4");
  add("reduce_middle_of_four", "bcssl.reduce sum %x dims [1]", "2x3x4x5",
      "2x4x5");
  add("reduce_pool", "bcssl.reduce sum %x dims [1, 2]", "2x3x4x5", "2x5");
  add("reduce_samples", "bcssl.reduce sum %x dims [1, 2, 3]", "2x3x4x5", "2");
  add("reduce_second_of_four", "bcssl.reduce sum %x dims [1]", "2x3x4x5",
      "2x4x5");
  add("reduce_first", "bcssl.reduce sum %x dims [0]", "2x3x4", "3x4");
  add("reshape", "bcssl.reshape %x", "2x3x4", "6x4");
  add("reshape_scalar", "bcssl.reshape %x", "1x1", "");
  add("slice", "bcssl.slice %x from 2", "5x3", "2x3");
  add("slice_all", "bcssl.slice %x from 0", "3", "3");
  programs.push_back(
      makeProgram("concat", {{"a", "2x3"}, {"b", "1x3"}, {"y", "5x3"}}, R"(
    (%a: !a, %b: !b) -> !y {
      %y = bcssl.concat %a, %b, %a : !a, !b, !a -> !y
      return %y : !y
    })"));
  programs.push_back(makeProgram("cast", {{"x", "2x3"}}, R"((%x: !x) -> !x {
    %0 = bcssl.cast %x : !x -> tensor<2x3xf32>
    %y = bcssl.cast %0 : tensor<2x3xf32> -> !x
    return %y : !x
  })"));
}

static void addArithmetic(std::vector<Program> &programs) {
  auto add = [&](const char *name, const char *op) {
    programs.push_back(makeProgram(
        name, {{"x", "3x5"}},
        std::string("(%a: !x, %b: !x {test.range = array<f64: 0.5, 2.0>})"
                    " -> !x {\n  %y = ") +
            op + " : !x\n  return %y : !x\n}"));
  };
  add("addf", "arith.addf %a, %b");
  add("addf_twice_the_same", "arith.addf %a, %a");
  add("subf", "arith.subf %a, %b");
  add("mulf", "arith.mulf %a, %b");
  add("mulf_square", "arith.mulf %a, %a");
  add("divf", "arith.divf %a, %b");
  add("negf", "arith.negf %a");
  add("exp", "math.exp %a");
  add("log", "math.log %b");
  add("sqrt", "math.sqrt %b");
  add("rsqrt", "math.rsqrt %b");
  add("erf", "math.erf %a");
  add("maximumf", "arith.maximumf %a, %b");
  add("minimumf", "arith.minimumf %a, %b");
  programs.push_back(makeProgram("select", {{"x", "3x5"}}, R"(
    (%a: !x, %b: !x) -> !x {
      %0 = arith.constant dense<0.0> : !x
      %1 = arith.cmpf ogt, %a, %0 : !x
      %y = arith.select %1, %a, %b : tensor<3x5xi1>, !x
      return %y : !x
    })"));
  // One value on two ways, and a scalar spread over the other's elements.
  programs.push_back(makeProgram("residual", {{"x", "2x4"}, {"s", ""}}, R"(
    (%x: !x, %s: !s) -> (!x, !x) {
      %0 = bcssl.gelu %x : !x
      %1 = bcssl.broadcast %s dims [] : !s -> !x
      %2 = arith.mulf %0, %1 : !x
      %3 = arith.addf %x, %2 : !x
      %4 = bcssl.gelu %3 : !x
      return %4, %3 : !x, !x
    })"));
}

std::vector<Program> pointwisePrograms() {
  std::vector<Program> programs;
  addActivations(programs);
  addChannelsAndSamples(programs);
  addMovement(programs);
  addArithmetic(programs);
  return programs;
}

} // namespace bcssl::reference
