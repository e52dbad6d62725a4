//===- ScheduleTest.cpp ---------------------------------------------------===//
//
// Expected values are closed forms, or printed by numpy from the published
// scheduler.
//
//===----------------------------------------------------------------------===//

#include "runtime/train/Schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

using namespace bcssl;

namespace {

Schedules make(ScheduleOptions options, int64_t batch, int64_t perEpoch,
               int64_t steps) {
  auto schedules = Schedules::create(options, batch, perEpoch, steps);
  EXPECT_TRUE(schedules.ok());
  return *schedules;
}

// cosine_scheduler(0.0005, 1e-6, 2, 10, warmup_epochs=1)
TEST(CosineScheduleTest, EqualsThePublishedScheduler) {
  CosineSchedule schedule{5e-4, 1e-6, 20, 10};
  for (int64_t i = 0; i < 10; ++i)
    EXPECT_DOUBLE_EQ(schedule.at(i), 5e-4 / 9 * static_cast<double>(i));
  EXPECT_EQ(schedule.at(9), 5e-4);
  EXPECT_EQ(schedule.at(10), 5e-4); // the peak comes twice
  EXPECT_DOUBLE_EQ(schedule.at(15), 1e-6 + 0.5 * (5e-4 - 1e-6));
  EXPECT_DOUBLE_EQ(schedule.at(19),
                   1e-6 + 0.5 * (5e-4 - 1e-6) *
                              (1 + std::cos(std::numbers::pi * 0.9)));
  EXPECT_EQ(schedule.at(20), 1e-6);
  EXPECT_EQ(schedule.at(1000), 1e-6);
}

// To the last bits that two cosines may differ in: numpy's output for
// cosine_scheduler(0.0005 * 64 / 256, 1e-6, epochs=4, niter_per_ep=7,
// warmup_epochs=1).
TEST(CosineScheduleTest, EqualsNumpy) {
  CosineSchedule schedule{0.0005 * 64 / 256, 1e-6, 28, 7};
  const std::pair<int64_t, double> samples[] = {
      {1, 0x1.5d867c3ece2a5p-16},  {3, 0x1.0624dd2f1a9fcp-14},
      {6, 0x1.0624dd2f1a9fcp-13},  {7, 0x1.0624dd2f1a9fcp-13},
      {8, 0x1.04b116406927fp-13},  {13, 0x1.aa60b195c8cc6p-14},
      {20, 0x1.527882704fb3ep-15}, {27, 0x1.c652f1641abebp-20}};
  for (auto [step, value] : samples)
    EXPECT_NEAR(schedule.at(step), value, 1e-19) << step;
}

TEST(CosineScheduleTest, WithoutWarmup) {
  CosineSchedule schedule{0.04, 0.4, 100};
  EXPECT_DOUBLE_EQ(schedule.at(0), 0.04);
  EXPECT_DOUBLE_EQ(schedule.at(50), 0.22);
  EXPECT_DOUBLE_EQ(schedule.at(25), 0.4 - 0.36 * (2 + std::sqrt(2)) / 4);
}

// numpy: linspace(0, 1, 1) is [0].
TEST(CosineScheduleTest, WarmupOfOneStepStartsAtTheStart) {
  CosineSchedule schedule{1.0, 0.0, 5, 1, 0.25};
  EXPECT_EQ(schedule.at(0), 0.25);
  EXPECT_EQ(schedule.at(1), 1.0);
}

TEST(CosineScheduleTest, WarmupMayFillTheRun) {
  CosineSchedule schedule{1.0, 0.5, 3, 3};
  EXPECT_EQ(schedule.at(2), 1.0);
  EXPECT_EQ(schedule.at(3), 0.5);
}

TEST(TemperatureScheduleTest, RisesByEpoch) {
  TemperatureSchedule schedule{0.04, 0.07, 30};
  EXPECT_EQ(schedule.at(0), 0.04);
  EXPECT_DOUBLE_EQ(schedule.at(10), 0.04 + 0.03 * 10 / 29);
  EXPECT_EQ(schedule.at(29), 0.07);
  EXPECT_EQ(schedule.at(30), 0.07);
  EXPECT_EQ((TemperatureSchedule{0.04, 0.07, 0}.at(0)), 0.07);
}

TEST(SchedulesTest, PublishedDefaults) {
  Schedules schedules = make({}, 512, 100, 10000);
  EXPECT_DOUBLE_EQ(schedules.peakLearningRate(), 1e-3);
  StepScalars first = schedules.at(0);
  EXPECT_EQ(first.learningRate, 0);
  EXPECT_DOUBLE_EQ(first.weightDecay, 0.04);
  EXPECT_DOUBLE_EQ(first.teacherMomentum, 0.996);
  EXPECT_EQ(first.teacherTemperature, 0.04);
  EXPECT_FALSE(first.lastLayerActive);
  EXPECT_FALSE(schedules.at(99).lastLayerActive);
  EXPECT_TRUE(schedules.at(100).lastLayerActive);
  EXPECT_DOUBLE_EQ(schedules.at(999).learningRate, 1e-3);
  EXPECT_DOUBLE_EQ(schedules.at(5000).teacherMomentum, 0.998);
  EXPECT_DOUBLE_EQ(schedules.at(5500).learningRate, 1e-6 + 0.5 * (1e-3 - 1e-6));
}

TEST(SchedulesTest, TemperatureChangesAtEpochBorders) {
  ScheduleOptions options;
  options.teacherTemperature = 0.07;
  options.warmupTeacherTemperatureEpochs = 3;
  Schedules schedules = make(options, 64, 10, 100);
  EXPECT_EQ(schedules.at(9).teacherTemperature, 0.04);
  EXPECT_DOUBLE_EQ(schedules.at(10).teacherTemperature, 0.055);
  EXPECT_EQ(schedules.at(20).teacherTemperature, 0.07);
}

TEST(SchedulesTest, RunShorterThanItsWarmupOnlyRises) {
  Schedules schedules = make({}, 256, 10, 50);
  for (int64_t step = 1; step < 50; ++step)
    EXPECT_GT(schedules.at(step).learningRate,
              schedules.at(step - 1).learningRate);
}

TEST(SchedulesTest, QuickForm) {
  ScheduleOptions options{.form = ScheduleForm::Quick,
                          .learningRate = 5e-4,
                          .weightDecay = 0.04,
                          .weightDecayEnd = 0.4,
                          .teacherMomentum = 0.99,
                          .freezeLastLayer = 0};
  Schedules schedules = make(options, 64, 937, 1000);
  // Not scaled by the batch.
  EXPECT_EQ(schedules.peakLearningRate(), 5e-4);
  EXPECT_DOUBLE_EQ(schedules.at(0).learningRate, 5e-4 * 0.02);
  EXPECT_DOUBLE_EQ(
      schedules.at(50).learningRate,
      5e-4 * 0.52 * (0.495 * (1 + std::cos(std::numbers::pi * 0.05)) + 0.01));
  EXPECT_DOUBLE_EQ(schedules.at(500).learningRate, 5e-4 * 0.505);
  EXPECT_DOUBLE_EQ(schedules.at(1000).learningRate, 5e-4 * 0.01);
  EXPECT_DOUBLE_EQ(schedules.at(5000).learningRate, 5e-4 * 0.01);
  EXPECT_DOUBLE_EQ(schedules.at(500).weightDecay, 0.22);
  EXPECT_DOUBLE_EQ(schedules.at(0).teacherMomentum, 0.99);
  EXPECT_DOUBLE_EQ(schedules.at(500).teacherMomentum, 0.995);
  EXPECT_TRUE(schedules.at(0).lastLayerActive);
}

TEST(SchedulesTest, NonsenseIsRefused) {
  auto refused = [](ScheduleOptions options, int64_t steps = 10) {
    auto schedules = Schedules::create(options, 1, 1, steps);
    return !schedules.ok() && schedules.error().code == ExitCode::Usage;
  };
  double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(refused({}));
  EXPECT_TRUE(refused({}, 0));
  EXPECT_TRUE(refused({.learningRate = nan}));
  EXPECT_TRUE(refused({.learningRate = -1}));
  EXPECT_TRUE(refused({.warmupEpochs = -1}));
  EXPECT_TRUE(refused({.weightDecay = nan}));
  EXPECT_TRUE(refused({.teacherMomentum = 1.5}));
  EXPECT_TRUE(refused({.teacherTemperature = 0}));
  EXPECT_TRUE(refused({.warmupTeacherTemperatureEpochs = -1}));
}

} // namespace
