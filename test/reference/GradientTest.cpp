//===- GradientTest.cpp - gradient rules against differences --------------===//
//
// Each differentiable program's loss is run in float64 at nearby points and
// compared with the backward graph that `bcssl-differentiate` builds, run by
// the same interpreter, before and after `bcssl-expand`.
//
//===----------------------------------------------------------------------===//

#include "test/reference/Harness.h"
#include "test/reference/Programs.h"

#include "runtime/base/Philox.h"

#include <gtest/gtest.h>

using namespace bcssl::reference;
using bcssl::Philox;

namespace {

// The five-point rule has an error of step^4, about 1e-12, and the loss is
// rounded to about 1e-16 / step: both stay far below the tolerance.
constexpr double step = 1e-3;
constexpr double tolerance = 1e-9;

// Tensors up to this size are checked in every coordinate.
constexpr int64_t smallSize = 200;

/// The derivative of @loss at `point` along `direction`; both hold one tensor
/// per argument.
double differenceQuotient(Harness &harness, const std::vector<Tensor> &point,
                          const std::vector<Tensor> &direction) {
  auto lossAt = [&](double distance) {
    std::vector<Tensor> moved = point;
    for (size_t a = 0; a < moved.size(); ++a)
      for (int64_t i = 0; i < moved[a].size(); ++i)
        moved[a][i] += distance * direction[a][i];
    return harness.run("loss", moved).at(0)[0];
  };
  return (8 * (lossAt(step) - lossAt(-step)) -
          (lossAt(2 * step) - lossAt(-2 * step))) /
         (12 * step);
}

void expectGradientMatches(Harness &harness, const std::vector<Tensor> &point,
                           const std::vector<Tensor> &gradients) {
  std::vector<unsigned> arguments = differentiableArguments(harness.function());
  ASSERT_EQ(gradients.size(), arguments.size());
  std::vector<Tensor> direction;
  for (const Tensor &tensor : point)
    direction.emplace_back(tensor.shape);

  double scale = 1;
  for (auto [gradient, index] : llvm::zip(gradients, arguments)) {
    ASSERT_EQ(gradient.shape, point[index].shape);
    scale = std::max(scale, magnitude(gradient));
    for (int64_t i = 0; gradient.size() <= smallSize && i < gradient.size();
         ++i) {
      direction[index][i] = 1;
      EXPECT_NEAR(gradient[i], differenceQuotient(harness, point, direction),
                  tolerance * scale)
          << "argument " << index << ", element " << i;
      direction[index][i] = 0;
    }
  }
  for (uint32_t trial = 0; trial < 3; ++trial) {
    double expected = 0;
    for (auto [gradient, index] : llvm::zip(gradients, arguments)) {
      Philox draws(trial, index);
      for (int64_t i = 0; i < gradient.size(); ++i) {
        direction[index][i] = draws.uniform(-1, 1);
        expected += gradient[i] * direction[index][i];
      }
    }
    EXPECT_NEAR(expected, differenceQuotient(harness, point, direction),
                tolerance * std::max(scale, std::abs(expected)))
        << "direction " << trial;
  }
}

/// @f's gradient after `bcssl-differentiate`, one tensor per differentiable
/// argument.
std::vector<Tensor> gradientOf(Harness &harness,
                               const std::vector<Tensor> &point) {
  addLossAndGradient(harness.function());
  if (!harness.runPasses("bcssl-differentiate"))
    return {};
  std::vector<Tensor> results = harness.run("gradient", point);
  if (!results.empty())
    results.erase(results.begin());
  return results;
}

class Gradient : public testing::TestWithParam<Program> {};

} // namespace

TEST_P(Gradient, MatchesDifferences) {
  Harness harness(GetParam().text);
  ASSERT_TRUE(harness.parsed());
  std::vector<Tensor> point = lossArguments(harness.function(), /*seed=*/1);
  std::vector<Tensor> gradients = gradientOf(harness, point);
  ASSERT_NO_FATAL_FAILURE(expectGradientMatches(harness, point, gradients));

  ASSERT_TRUE(harness.runPasses("bcssl-expand"));
  std::vector<Tensor> expanded = harness.run("gradient", point);
  ASSERT_EQ(expanded.size(), gradients.size() + 1);
  for (size_t i = 0; i < gradients.size(); ++i)
    expectClose(expanded[i + 1], gradients[i], 1e-12,
                "expanded gradient " + std::to_string(i), /*floor=*/1);
}

INSTANTIATE_TEST_SUITE_P(, Gradient,
                         testing::ValuesIn(differentiablePrograms()),
                         [](const auto &info) { return info.param.name; });

TEST(GradientOfPrograms, StopGradientBlocksOneWay) {
  Harness harness(R"(!x = tensor<3xf64>
    func.func @f(%x: !x) -> !x {
      %0 = bcssl.stop_gradient %x : !x
      %y = arith.mulf %x, %0 : !x
      return %y : !x
    })");
  std::vector<Tensor> gradients =
      gradientOf(harness, {Tensor({3}, 3), Tensor({3}, {1, 2, 4})});
  ASSERT_EQ(gradients.size(), 1u);
  // With y = x * stop(x) the gradient is weight * x, not twice that.
  EXPECT_EQ(gradients[0].values, (std::vector<double>{3, 6, 12}));
}

TEST(GradientOfPrograms, StopGradientHidesWhatHasNoDerivative) {
  Harness harness(R"(!x = tensor<2x3xf64>
    func.func @f(%x: !x) -> !x {
      %0 = bcssl.stop_gradient %x : !x
      %1 = bcssl.sinkhorn %0 iterations(2) : !x -> !x
      %y = arith.mulf %x, %1 : !x
      return %y : !x
    })");
  std::vector<Tensor> point = lossArguments(harness.function(), /*seed=*/5);
  std::vector<Tensor> gradients = gradientOf(harness, point);
  ASSERT_EQ(gradients.size(), 1u);
  EXPECT_GT(magnitude(gradients[0]), 0);
}

TEST(GradientOfPrograms, UnusedValueHasZeroGradient) {
  Harness harness(R"(!x = tensor<2xf64>
    func.func @f(%x: !x, %unused: tensor<3xf64>) -> !x {
      return %x : !x
    })");
  std::vector<Tensor> gradients =
      gradientOf(harness, {Tensor({2}, 1), Tensor({3}, 1), Tensor({2}, 1)});
  ASSERT_EQ(gradients.size(), 2u);
  EXPECT_GT(magnitude(gradients[0]), 0);
  EXPECT_EQ(gradients[1].shape, Shape{3});
  EXPECT_EQ(magnitude(gradients[1]), 0);
}
