//===- KernelsTest.cpp - every kernel family against float64 loops --------===//

#include "passes/target/Native.h"
#include "test/passes/numerics/Compare.h"

#include <gtest/gtest.h>

#include <cstdarg>

namespace bcssl::test {
namespace {

/// `text` with $0, $1 ... replaced.
std::string fill(std::string text, const std::vector<std::string> &parts) {
  for (size_t i = parts.size(); i-- > 0;)
    for (size_t at;
         (at = text.find("$" + std::to_string(i))) != std::string::npos;)
      text.replace(at, 1 + std::to_string(i).size(), parts[i]);
  return text;
}

std::string tensor(const std::vector<int64_t> &shape) {
  std::string text = "tensor<";
  for (int64_t size : shape)
    text += std::to_string(size) + "x";
  return text + "f32>";
}

/// Code for narrower registers than those of this machine, "" where it has
/// none.
std::string narrowerTarget() {
  return nativeLevel() == CpuLevel::X86_64_V4 ? "cpu:x86-64-v3" : "";
}

/// All results within the bounds of rounding, which are tight enough to show a
/// fault.
void expectWithinBounds(const std::vector<Compared> &results,
                        const std::string &text) {
  ASSERT_FALSE(results.empty()) << text;
  for (const Compared &result : results) {
    EXPECT_LE(result.excess(), 1) << result.name << "\n" << text;
    EXPECT_LE(result.tolerance(), 5e-3) << result.name << "\n" << text;
  }
}

/// Compares with one, two and three threads, bit for bit among each other.
void expectClose(
    const std::string &text,
    const std::map<std::string, std::pair<double, double>> &ranges = {},
    CompareOptions options = {.stage = "expanded"}) {
  std::vector<Compared> first;
  for (unsigned threads : {1u, 2u, 3u}) {
    options.threads = threads;
    std::vector<Compared> results = compareProgram(text, options, ranges);
    expectWithinBounds(results, text);
    for (size_t i = 0; i < results.size() && threads > 1; ++i)
      EXPECT_EQ(results[i].computed, first[i].computed) << results[i].name;
    if (threads == 1)
      first = results;
  }
  options.target = narrowerTarget();
  if (!options.target.empty())
    expectWithinBounds(compareProgram(text, options, ranges), text);
}

struct DepthwiseCase {
  int64_t images, height, width, channels, kernel;
};

class DepthwiseShapes : public testing::TestWithParam<DepthwiseCase> {};

/// Forward with statistics and both gradients.
std::string depthwiseProgram(const std::vector<int64_t> &map,
                             const std::vector<int64_t> &filter) {
  return fill(R"(
    func.func @f(%x: $0 {bcssl.input = "x"}, %w: $1 {bcssl.input = "w"}, %s: $2 {bcssl.input = "s"})
        -> ($0 {bcssl.output = "y"}, $2 {bcssl.output = "sum"}, $0 {bcssl.output = "dx"}, $1 {bcssl.output = "dw"}) {
      %y = bcssl.depthwise_conv2d %x, %w : $0, $1 -> $0
      %b = bcssl.broadcast %s dims [3] : $2 -> $0
      %z = arith.mulf %y, %b : $0
      %sum = bcssl.reduce sum %z dims [0, 1, 2] : $0 -> $2
      %dx = bcssl.depthwise_conv2d_input_grad %x, %w : $0, $1 -> $0
      %dw = bcssl.depthwise_conv2d_filter_grad %x, %z : $0, $0 -> $1
      return %z, %sum, %dx, %dw : $0, $2, $0, $1
    })",
              {tensor(map), tensor(filter), tensor({map.back()})});
}

TEST_P(DepthwiseShapes, ForwardWithStatisticsAndGradients) {
  auto [n, h, w, c, k] = GetParam();
  expectClose(depthwiseProgram({n, h, w, c}, {k, k, c}));
}

TEST(Depthwise, EveryKernelSize) {
  for (int64_t k = 1; k <= 61; k += 2) {
    std::string text = depthwiseProgram({2, 9, 16, 5}, {k, k, 5});
    expectWithinBounds(compareProgram(text, {.stage = "expanded"}), text);
  }
}

TEST(Depthwise, KernelsThatAreNotSquare) {
  expectClose(depthwiseProgram({2, 19, 23, 18}, {5, 31, 18}));
  expectClose(depthwiseProgram({2, 19, 23, 18}, {31, 5, 18}));
}

INSTANTIATE_TEST_SUITE_P(Sizes, DepthwiseShapes,
                         testing::Values(DepthwiseCase{2, 8, 8, 32, 7},
                                         DepthwiseCase{1, 5, 7, 1, 3},
                                         DepthwiseCase{3, 3, 3, 17, 9},
                                         DepthwiseCase{1, 7, 7, 16, 61},
                                         DepthwiseCase{2, 14, 14, 24, 31},
                                         DepthwiseCase{1, 29, 17, 5, 11},
                                         DepthwiseCase{2, 1, 1, 40, 5},
                                         DepthwiseCase{1, 33, 2, 16, 1},
                                         DepthwiseCase{1, 40, 40, 17, 31},
                                         DepthwiseCase{1, 56, 56, 16, 9}));

struct ContractCase {
  int64_t rows, depth, columns;
};

class Contract : public testing::TestWithParam<ContractCase> {};

TEST_P(Contract, AllForms) {
  auto [m, k, n] = GetParam();
  expectClose(
      fill(R"(
    func.func @f(%x: $0 {bcssl.input = "x"}, %w: $1 {bcssl.input = "w"}, %b: $2 {bcssl.input = "b"})
        -> ($3 {bcssl.output = "y"}, $2 {bcssl.output = "db"}, $0 {bcssl.output = "dx"}, $1 {bcssl.output = "dw"}) {
      %y = bcssl.contract nt %x, %w : $0, $1 -> $3
      %bb = bcssl.broadcast %b dims [1] : $2 -> $3
      %z = arith.addf %y, %bb : $3
      %e = math.erf %z : $3
      %g = arith.mulf %z, %e : $3
      %db = bcssl.reduce sum %g dims [0] : $3 -> $2
      %dx = bcssl.contract nn %g, %w : $3, $1 -> $0
      %dw = bcssl.contract tn %g, %x : $3, $0 -> $1
      return %g, %db, %dx, %dw : $3, $2, $0, $1
    })",
           {tensor({m, k}), tensor({n, k}), tensor({n}), tensor({m, n})}));
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, Contract,
    testing::Values(ContractCase{128, 64, 256}, ContractCase{1, 1, 1},
                    ContractCase{13, 5, 33}, ContractCase{57, 17, 31},
                    ContractCase{300, 48, 16}, ContractCase{70, 130, 100}));

struct RowsCase {
  int64_t rows, columns;
};

class Rows : public testing::TestWithParam<RowsCase> {};

TEST_P(Rows, NormalisationAndItsGradient) {
  // A row of one is constant: its gradient is zero but for rounding.
  int64_t r = GetParam().rows, c = std::max<int64_t>(2, GetParam().columns);
  for (bool fuse : {true, false})
    expectClose(fill(R"(
      func.func @f(%x: $0 {bcssl.input = "x"}, %g: $1 {bcssl.input = "g"}, %dy: $0 {bcssl.input = "dy"})
          -> ($0 {bcssl.output = "y"}, $0 {bcssl.output = "dx"}, $1 {bcssl.output = "dg"}, $1 {bcssl.output = "db"}) {
        %y = bcssl.layer_norm %x, %g, %g epsilon(1.0e-6) : $0, $1, $1 -> $0
        %p = arith.mulf %y, %dy : $0
        %r = bcssl.reduce sum %p dims [1] : $0 -> $2
        %l = bcssl.reduce sum %r dims [0] : $2 -> tensor<f32>
        %dx, %dg = bcssl.gradient %l wrt %x, %g : tensor<f32> wrt $0, $1 -> $0, $1
        %db = bcssl.reduce sum %dy dims [0] : $0 -> $1
        return %y, %dx, %dg, %db : $0, $0, $1, $1
      })",
                     {tensor({r, c}), tensor({c}), tensor({r})}),
                {}, {.fuse = fuse, .stage = "input"});
}

TEST_P(Rows, SoftmaxAndLoss) {
  auto [r, c] = GetParam();
  expectClose(fill(R"(
    func.func @f(%x: $0 {bcssl.input = "x"}, %q: $1 {bcssl.input = "q"})
        -> (tensor<f32> {bcssl.output = "loss"}, $0 {bcssl.output = "dx"}, $1 {bcssl.output = "p"}) {
      %p = bcssl.softmax %q : $1
      %l = bcssl.cross_view_cross_entropy %x, %p views(3) teacher_views(2) : $0, $1 -> tensor<f32>
      %dx = bcssl.gradient %l wrt %x : tensor<f32> wrt $0 -> $0
      return %l, %dx, %p : tensor<f32>, $0, $1
    })",
                   {tensor({3 * r, c}), tensor({2 * r, c})}),
              {{"x", {-5, 5}}, {"q", {-5, 5}}}, {.stage = "input"});
}

TEST_P(Rows, LabelsAndDraws) {
  auto [r, c] = GetParam();
  expectClose(fill(R"(
    func.func @f(%x: $0 {bcssl.input = "x"}, %l: tensor<$1xi32> {bcssl.input = "l"}, %s: tensor<4xi32> {bcssl.input = "s"})
        -> (tensor<f32> {bcssl.output = "loss"}, $0 {bcssl.output = "dx"}, $0 {bcssl.output = "y"}) {
      %u = bcssl.random_uniform %s stream(3) : tensor<4xi32> -> tensor<$1xf32>
      %y = bcssl.drop_path %x, %u rate(0.4) : $0, tensor<$1xf32> -> $0
      %loss = bcssl.cross_entropy %y, %l smoothing(0.1) : $0, tensor<$1xi32> -> tensor<f32>
      %dx = bcssl.gradient %loss wrt %x : tensor<f32> wrt $0 -> $0
      return %loss, %dx, %y : tensor<f32>, $0, $0
    })",
                   {tensor({r, c}), std::to_string(r)}),
              {{"l", {0, double(c)}}, {"s", {0, 1e6}}}, {.stage = "input"});
}

INSTANTIATE_TEST_SUITE_P(Shapes, Rows,
                         testing::Values(RowsCase{64, 64}, RowsCase{3, 1},
                                         RowsCase{130, 37}, RowsCase{1, 16},
                                         RowsCase{257, 100}));

TEST(Movement, PatchesJoinsAndSlices) {
  expectClose(R"(
    func.func @f(%x: tensor<2x8x12x3xf32> {bcssl.input = "x"}, %a: tensor<3x5xf32> {bcssl.input = "a"}, %b: tensor<4x5xf32> {bcssl.input = "b"})
        -> (tensor<2x2x3x48xf32> {bcssl.output = "p"}, tensor<2x8x12x3xf32> {bcssl.output = "u"},
            tensor<7x5xf32> {bcssl.output = "j"}, tensor<2x5xf32> {bcssl.output = "s"}, tensor<9x5xf32> {bcssl.output = "z"},
            tensor<2x3xf32> {bcssl.output = "m"}) {
      %p = bcssl.space_to_depth %x block(4) : tensor<2x8x12x3xf32> -> tensor<2x2x3x48xf32>
      %n = arith.negf %p : tensor<2x2x3x48xf32>
      %u = bcssl.depth_to_space %n block(4) : tensor<2x2x3x48xf32> -> tensor<2x8x12x3xf32>
      %j = bcssl.concat %a, %b : tensor<3x5xf32>, tensor<4x5xf32> -> tensor<7x5xf32>
      %s = bcssl.slice %j from 2 : tensor<7x5xf32> -> tensor<2x5xf32>
      %z = bcssl.pad %b at 3 : tensor<4x5xf32> -> tensor<9x5xf32>
      %m = bcssl.reduce sum %x dims [1, 2] : tensor<2x8x12x3xf32> -> tensor<2x3xf32>
      return %p, %u, %j, %s, %z, %m : tensor<2x2x3x48xf32>, tensor<2x8x12x3xf32>, tensor<7x5xf32>, tensor<2x5xf32>, tensor<9x5xf32>, tensor<2x3xf32>
    })");
}

// An update in place must not disturb the other readers of the old value.
TEST(State, UpdatesInPlaceAndSwaps) {
  expectClose(R"(
    bcssl.variable @a : tensor<33xf32> init "zeros"
    bcssl.variable @b : tensor<33xf32> init "zeros"
    bcssl.variable @m : tensor<5x7xf32> init "zeros"
    func.func @f(%a: tensor<33xf32> {bcssl.variable = "a"}, %b: tensor<33xf32> {bcssl.variable = "b"},
                 %m: tensor<5x7xf32> {bcssl.variable = "m"}, %x: tensor<3x7xf32> {bcssl.input = "x"})
        -> (tensor<33xf32> {bcssl.variable = "a"}, tensor<33xf32> {bcssl.variable = "b"},
            tensor<5x7xf32> {bcssl.variable = "m"}, tensor<3x5xf32> {bcssl.output = "y"}) {
      %y = bcssl.contract nt %x, %m : tensor<3x7xf32>, tensor<5x7xf32> -> tensor<3x5xf32>
      %c = arith.constant dense<0.5> : tensor<5x7xf32>
      %n = arith.mulf %m, %c : tensor<5x7xf32>
      return %b, %a, %n, %y : tensor<33xf32>, tensor<33xf32>, tensor<5x7xf32>, tensor<3x5xf32>
    })");
}

} // namespace
} // namespace bcssl::test
