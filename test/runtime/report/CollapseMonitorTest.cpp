//===- CollapseMonitorTest.cpp --------------------------------------------===//

#include "runtime/report/CollapseMonitor.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace bcssl;

namespace {

constexpr double lnK = 6.931471805599453; // of 1024 outputs

int warnings(CollapseMonitor &monitor, TeacherSigns signs, int steps) {
  int count = 0;
  for (int i = 0; i < steps; ++i)
    count += monitor.update(signs).has_value();
  return count;
}

TEST(CollapseMonitorTest, HealthyTargetsAreQuiet) {
  CollapseMonitor monitor(1024, 10);
  EXPECT_EQ(warnings(monitor, {2.0, 0.05, 3.0}, 1000), 0);
  // Sharp targets that are spread evenly are what training aims at.
  EXPECT_EQ(warnings(monitor, {0.01, 0.01, 3.0}, 1000), 0);
  EXPECT_EQ(warnings(monitor, {}, 1000), 0);
}

TEST(CollapseMonitorTest, UniformTargetsWarnOnceWithAdvice) {
  CollapseMonitor monitor(1024, 10);
  TeacherSigns uniform{.entropy = lnK * 0.9999};
  EXPECT_EQ(warnings(monitor, uniform, 9), 0);
  auto warning = monitor.update(uniform);
  ASSERT_TRUE(warning.has_value());
  EXPECT_NE(warning->find("--teacher-temp"), std::string::npos);
  EXPECT_EQ(warnings(monitor, uniform, 1000), 0);
  monitor.update({.entropy = 3.0});
  EXPECT_EQ(warnings(monitor, uniform, 10), 1); // after a recovery
}

TEST(CollapseMonitorTest, OneTargetForAllWarns) {
  CollapseMonitor monitor(1024, 5);
  EXPECT_EQ(warnings(monitor, {.divergence = lnK * 0.95}, 5), 1);
  EXPECT_EQ(warnings(monitor, {.divergence = lnK * 0.5}, 50), 0);
}

// One soft target for all images: neither uniform nor a single output.
TEST(CollapseMonitorTest, SameSoftTargetForAllWarns) {
  CollapseMonitor monitor(1024, 5);
  TeacherSigns same{.entropy = 3.0, .divergence = lnK - 3.001};
  EXPECT_EQ(warnings(monitor, same, 4), 0);
  auto warning = monitor.update(same);
  ASSERT_TRUE(warning.has_value());
  EXPECT_NE(warning->find("same target"), std::string::npos);
  // Targets that differ a little are a beginning.
  EXPECT_EQ(warnings(monitor, {.entropy = 3.0, .divergence = lnK - 3.1}, 50),
            0);
}

TEST(CollapseMonitorTest, RunawayCenterWarns) {
  CollapseMonitor monitor(1024, 5);
  EXPECT_EQ(warnings(monitor, {.centerNorm = 400.0}, 5), 1);
  EXPECT_EQ(warnings(monitor, {.centerNorm = 30.0}, 50), 0);
}

TEST(CollapseMonitorTest, NotANumberCountsAsBad) {
  CollapseMonitor monitor(1024, 5);
  double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(warnings(monitor, {nan, nan, nan}, 5), 1);
}

TEST(CollapseMonitorTest, InterruptedSignsDoNotAddUp) {
  CollapseMonitor monitor(1024, 5);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(warnings(monitor, {.entropy = lnK}, 4), 0);
    EXPECT_EQ(warnings(monitor, {.entropy = 2.0}, 1), 0);
  }
}

} // namespace
