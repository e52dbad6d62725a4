//===- LbfgsTest.cpp ------------------------------------------------------===//

#include "runtime/eval/Lbfgs.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace bcssl;

TEST(Lbfgs, MinimizesRosenbrocksFunction) {
  auto rosenbrock = [](std::span<const double> p, std::span<double> g) {
    double a = 1 - p[0], b = p[1] - p[0] * p[0];
    g[0] = -2 * a - 400 * p[0] * b;
    g[1] = 200 * b;
    return a * a + 100 * b * b;
  };
  std::vector<double> point{-1.2, 1};
  LbfgsResult result = minimize(rosenbrock, point, {.changeTolerance = 1e-15});
  EXPECT_NEAR(point[0], 1, 1e-6);
  EXPECT_NEAR(point[1], 1, 1e-6);
  // The steepest descent needs thousands.
  EXPECT_LT(result.evaluations, 80);
}

TEST(Lbfgs, SolvesAnIllConditionedQuadratic) {
  constexpr int size = 50;
  auto quadratic = [](std::span<const double> p, std::span<double> g) {
    double value = 0;
    for (int i = 0; i < size; ++i) {
      double weight = std::pow(10, 4.0 * i / (size - 1));
      g[i] = weight * (p[i] - i);
      value += 0.5 * weight * (p[i] - i) * (p[i] - i);
    }
    return value;
  };
  std::vector<double> point(size, 0.0);
  LbfgsResult result =
      minimize(quadratic, point, {.iterations = 400, .evaluations = 500});
  // The value at the start is above 1e6.
  EXPECT_LT(result.value, 1e-3);
}

TEST(Lbfgs, KeepsItsLimits) {
  int calls = 0;
  auto slope = [&](std::span<const double> p, std::span<double> g) {
    ++calls;
    g[0] = -std::exp(-p[0]);
    return std::exp(-p[0]);
  };
  std::vector<double> point{0};
  LbfgsResult result =
      minimize(slope, point, {.iterations = 3, .evaluations = 7});
  EXPECT_LE(result.iterations, 3);
  EXPECT_LE(calls, 7);
  EXPECT_EQ(calls, result.evaluations);
  EXPECT_LT(result.value, 0.2);
}

TEST(Lbfgs, StaysWhereTheGradientIsZero) {
  auto flat = [](std::span<const double>, std::span<double> g) {
    g[0] = 0;
    return 5.0;
  };
  std::vector<double> point{3};
  EXPECT_EQ(minimize(flat, point, {}).evaluations, 1);
  EXPECT_EQ(point[0], 3);
}
