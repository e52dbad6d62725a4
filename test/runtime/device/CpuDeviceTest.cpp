//===- CpuDeviceTest.cpp --------------------------------------------------===//

#include "runtime/device/cpu/CpuDevice.h"
#include "runtime/device/cpu/CpuLevel.h"
#include "test/runtime/device/TestImages.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace bcssl;

namespace {

std::unique_ptr<CpuDevice> device(unsigned threads) {
  auto created = CpuDevice::create(threads, "");
  EXPECT_TRUE(created.ok());
  return std::move(*created);
}

TEST(CpuDeviceTest, TargetsAreBestFirst) {
  auto targets = cpuTargets();
  if (targets.empty())
    GTEST_SKIP() << "the CPU has no AVX2";
  EXPECT_EQ(targets.back(), "cpu:x86-64-v3");
  EXPECT_EQ(device(1)->targets(), targets);
  auto narrow = CpuDevice::create(1, "cpu:x86-64-v3");
  ASSERT_TRUE(narrow.ok());
  EXPECT_EQ((*narrow)->targets(), std::vector<std::string>{"cpu:x86-64-v3"});
}

TEST(CpuDeviceTest, UnknownTargetIsAnError) {
  auto created = CpuDevice::create(1, "cpu:z80");
  ASSERT_FALSE(created.ok());
  EXPECT_EQ(created.error().id, "no-device");
  EXPECT_EQ(created.error().code, ExitCode::NoDevice);
}

TEST(CpuDeviceTest, BlocksAreZeroAlignedAndLazy) {
  auto cpu = device(1);
  constexpr uint64_t size = uint64_t{3} << 20;
  for (uint64_t bytes : {size, 40 * size}) {
    auto block = cpu->allocate(bytes, "the test");
    ASSERT_TRUE(block.ok());
    std::byte *start = (*block)->address();
    EXPECT_EQ(reinterpret_cast<uintptr_t>(start) % 64, 0u);
    EXPECT_EQ((*block)->residentBytes(), 0u);
    EXPECT_EQ(start[bytes - 1], std::byte{0});
    std::fill(start, start + bytes / 2, std::byte{1});
    EXPECT_GE((*block)->residentBytes(), bytes / 2);
    EXPECT_LE((*block)->residentBytes(), bytes / 2 + (uint64_t{4} << 20));
  }
  auto empty = cpu->allocate(0, "nothing");
  ASSERT_TRUE(empty.ok());
  EXPECT_EQ((*empty)->size(), 0u);
}

TEST(CpuDeviceTest, TooLargeBlockNamesItsUse) {
  for (uint64_t bytes : {uint64_t{1} << 62, ~uint64_t{0}}) {
    auto block = device(1)->allocate(bytes, "the arena");
    ASSERT_FALSE(block.ok());
    EXPECT_EQ(block.error().id, "out-of-memory");
    EXPECT_NE(block.error().message.find("the arena"), std::string::npos);
  }
}

class CommandTest : public testing::TestWithParam<unsigned> {};

TEST_P(CommandTest, LaunchCopyAndZeroRunInOrder) {
  auto cpu = device(GetParam());
  auto module = cpu->load(testImage("kernels"));
  ASSERT_TRUE(module.ok()) << module.error().text();
  auto scale = (*module)->find("scale");
  ASSERT_TRUE(scale.ok());

  // Several pieces, the last one not whole.
  constexpr size_t count = 16 * 20'001;
  std::vector<float> x(count), y(count), z(count), w(count, 7);
  for (size_t i = 0; i < count; ++i)
    x[i] = static_cast<float>(i);
  auto bytes = [](std::vector<float> &values) {
    return reinterpret_cast<std::byte *>(values.data());
  };
  std::vector<Command> commands;
  commands.push_back(
      LaunchCommand{*scale, {x.data(), y.data()}, count / 16, 0});
  commands.push_back(CopyCommand{bytes(z), bytes(y), count * 4});
  commands.push_back(LaunchCommand{*scale, {z.data(), y.data()}, 1, 16});
  commands.push_back(ZeroCommand{bytes(w), count * 4 - 4});
  auto list = cpu->prepare(std::move(commands));
  ASSERT_TRUE(list.ok());
  CommandTime times[4] = {};
  for (auto timed : {std::span<CommandTime>(), std::span<CommandTime>(times)}) {
    std::ranges::fill(y, 0);
    ASSERT_TRUE((*list)->run(timed).ok());
    for (size_t i = 0; i < count; ++i) {
      ASSERT_EQ(z[i], 2 * x[i]);
      ASSERT_EQ(y[i], i < 16 ? 4 * x[i] : 2 * x[i]);
      ASSERT_EQ(w[i], i + 1 < count ? 0 : 7);
    }
  }
  for (int i = 0; i < 4; ++i) {
    EXPECT_GE(times[i].end, times[i].begin);
    EXPECT_GE(times[i].begin, i ? times[i - 1].end : 1);
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, CommandTest, testing::Values(1, 2, 3));

} // namespace
