//===- TimedRunsTest.cpp --------------------------------------------------===//

#include "runtime/executable/TimedRuns.h"
#include "test/runtime/device/TestImages.h"
#include "test/runtime/executable/TestFile.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstring>
#include <set>

using namespace bcssl;

namespace {

std::unique_ptr<Session> openSession(DataType type = DataType::F32) {
  std::vector<std::byte> image = testImage("kernels"); // contents point into it
  artifact::Contents contents = goodContents(image);
  artifact::Port &x = contents.programs[0].inputs[0];
  x.shape = {static_cast<int64_t>(x.bytes() / sizeOf(type))};
  x.type = type;
  auto executable = Executable::parse(encode(contents), "test");
  EXPECT_TRUE(executable.ok());
  auto session = Session::open(*executable, {.threads = 1});
  EXPECT_TRUE(session.ok());
  return std::move(*session);
}

} // namespace

TEST(TimedRuns, RunsOnceMoreThanAskedFor) {
  std::unique_ptr<Session> session = openSession();
  const auto &contents = session->executable().contents();
  // Each step takes rate * (sum of x) off the weight.
  std::vector<float> x(1024, 1.0f);
  float rate = 0.5f;
  auto weight = [&] {
    return *reinterpret_cast<float *>(session->readVariable("w")->data());
  };
  float before = weight();
  auto times = timeRuns(*session, contents.programs[0],
                        {{"x", std::span<const float>(x)},
                         {"rate", std::span<const float>(&rate, 1)}},
                        3);
  ASSERT_TRUE(times.ok()) << times.error().text();
  EXPECT_EQ(times->size(), 3u);
  EXPECT_EQ(weight(), before - 4 * 512);
  for (const RunTime &time : *times)
    EXPECT_GT(time.wall, 0);
}

TEST(TimedRuns, MakesUpMissingInputs) {
  std::unique_ptr<Session> session = openSession();
  const auto &contents = session->executable().contents();
  ASSERT_TRUE(timeRuns(*session, contents.programs[0], {}, 1).ok());
  auto input = [&](const char *port) {
    return reinterpret_cast<const float *>(
        session->inputBytes("step", port).data());
  };
  EXPECT_EQ(input("rate")[0], 0.02f);
  EXPECT_NE(input("x")[0], input("x")[1]);
}

TEST(TimedRuns, MakesUpBriefFloats) {
  std::unique_ptr<Session> session = openSession(DataType::BF16);
  const auto &contents = session->executable().contents();
  ASSERT_TRUE(timeRuns(*session, contents.programs[0], {}, 1).ok());
  std::set<uint16_t> values;
  for (size_t i = 0; i < 100; ++i) {
    uint16_t value;
    std::memcpy(&value, session->inputBytes("step", "x").data() + 2 * i, 2);
    EXPECT_LE(value & 0x7fff, 0x3f80) << "expects a magnitude of at most 1";
    values.insert(value);
  }
  EXPECT_GT(values.size(), 50u);
}

TEST(TimedRuns, SummarizesByTheMedian) {
  std::unique_ptr<Session> session = openSession();
  auto json = nlohmann::json::parse(
      timesAsJson(*session, "step", {{3, 30}, {1, 10}, {2, 20}}));
  EXPECT_EQ(json["function"], "step");
  EXPECT_EQ(json["repeat"], 3);
  EXPECT_EQ(json["seconds"], 2);
  EXPECT_NEAR(json["p10"], 1.2, 1e-12);
  EXPECT_NEAR(json["p90"], 2.8, 1e-12);
  EXPECT_EQ(json["fastest"], 1);
  EXPECT_EQ(json["slowest"], 3);
  EXPECT_EQ(json["cpu_seconds"], 20);
  json = nlohmann::json::parse(timesAsJson(*session, "step", {{1, 1}, {4, 2}}));
  EXPECT_EQ(json["seconds"], 2.5);
}
