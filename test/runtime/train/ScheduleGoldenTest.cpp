//===- ScheduleGoldenTest.cpp - DINO's schedules --------------------------===//
//
// test/golden/schedules.json: the published functions at both ends and around
// each border.
//
//===----------------------------------------------------------------------===//

#include "runtime/train/Schedule.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <set>

using namespace bcssl;
using nlohmann::json;

namespace {

json readSchedules() {
  std::ifstream file(BCSSL_GOLDEN_FOLDER "/schedules.json");
  return json::parse(file);
}

/// A cosine's last bits, near its end multiplied by base / last.
void expectEqual(double actual, double golden, const json &entry, int64_t at) {
  EXPECT_NEAR(actual, golden, 1e-12 * golden) << entry["name"] << " at " << at;
}

void checkCosine(const json &entry) {
  int64_t perEpoch = entry["steps_per_epoch"];
  CosineSchedule schedule{.base = entry["base"],
                          .last = entry["final"],
                          .steps = entry["epochs"].get<int64_t>() * perEpoch,
                          .warmup =
                              entry["warmup_epochs"].get<int64_t>() * perEpoch};
  ASSERT_EQ(entry["steps"].size(), entry["values"].size());
  for (size_t i = 0; i < entry["steps"].size(); ++i)
    expectEqual(schedule.at(entry["steps"][i]), entry["values"][i], entry,
                entry["steps"][i]);
}

void checkTemperature(const json &entry) {
  TemperatureSchedule schedule{.first = entry["base"],
                               .last = entry["final"],
                               .warmupEpochs = entry["warmup_epochs"]};
  ASSERT_EQ(entry["at_epochs"].size(), entry["values"].size());
  for (size_t i = 0; i < entry["at_epochs"].size(); ++i)
    expectEqual(schedule.at(entry["at_epochs"][i]), entry["values"][i], entry,
                entry["at_epochs"][i]);
}

TEST(ScheduleGoldenTest, EqualThePublishedFunctions) {
  std::set<std::string> names;
  for (const json &entry : readSchedules()) {
    names.insert(entry["name"].get<std::string>());
    if (entry["name"] == "teacher_temp")
      checkTemperature(entry);
    else
      checkCosine(entry);
  }
  EXPECT_EQ(names,
            (std::set<std::string>{"learning_rate", "short", "teacher_momentum",
                                   "teacher_temp", "weight_decay"}));
}

// The same through the options of a run: batch 512, 100 epochs.
TEST(ScheduleGoldenTest, ThePublishedRunFollowsThem) {
  constexpr int64_t kBatch = 512, kPerEpoch = 2502, kSteps = 100 * kPerEpoch;
  auto schedules = Schedules::create({}, kBatch, kPerEpoch, kSteps);
  ASSERT_TRUE(schedules.ok());
  int compared = 0;
  for (const json &entry : readSchedules()) {
    double StepScalars::*value =
        entry["name"] == "learning_rate"      ? &StepScalars::learningRate
        : entry["name"] == "weight_decay"     ? &StepScalars::weightDecay
        : entry["name"] == "teacher_momentum" ? &StepScalars::teacherMomentum
                                              : nullptr;
    if (!value)
      continue;
    for (size_t i = 0; i < entry["steps"].size(); ++i, ++compared)
      expectEqual(schedules->at(entry["steps"][i]).*value, entry["values"][i],
                  entry, entry["steps"][i]);
  }
  EXPECT_GT(compared, 20);
}

} // namespace
