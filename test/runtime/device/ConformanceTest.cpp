//===- ConformanceTest.cpp - what every device keeps ----------------------===//

#include "test/runtime/device/TestDevices.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

using namespace bcssl;

namespace {

constexpr uint32_t tile = 16; ///< elements of a tile of the test kernels

class ConformanceTest : public testing::TestWithParam<const char *> {
protected:
  void SetUp() override {
    if (std::string why = reasonToSkip(GetParam()); !why.empty())
      GTEST_SKIP() << why;
    device = open();
    ASSERT_NE(device, nullptr);
    image = testImageFor(*device);
    if (image.bytes.empty())
      GTEST_SKIP() << "the build has no test kernels for " << GetParam();
    auto loaded = device->load(image.bytes);
    ASSERT_TRUE(loaded.ok()) << loaded.error().text();
    module = std::move(*loaded);
  }

  std::unique_ptr<Device> open(bool graph = true) {
    auto opened =
        openDevice({.name = GetParam(), .threads = 2, .graph = graph});
    EXPECT_TRUE(opened.ok()) << opened.error().text();
    return opened ? std::move(*opened) : nullptr;
  }

  bool isGpu() const { return image.format != "elf"; }

  std::unique_ptr<DeviceMemory> memory(uint64_t bytes) {
    auto made = device->allocate(bytes, "the test");
    EXPECT_TRUE(made.ok()) << made.error().text();
    return std::move(*made);
  }
  template <typename T>
  std::unique_ptr<DeviceMemory> memoryOf(const std::vector<T> &values) {
    auto made = memory(values.size() * sizeof(T));
    EXPECT_TRUE(made->write(0, std::as_bytes(std::span(values))).ok());
    return made;
  }
  template <typename T> std::vector<T> read(DeviceMemory &from) {
    std::vector<T> values(from.size() / sizeof(T));
    EXPECT_TRUE(from.read(0, std::as_writable_bytes(std::span(values))).ok());
    return values;
  }

  LaunchCommand launch(const std::string &symbol, std::vector<void *> arguments,
                       uint64_t tiles) {
    auto kernel = module->find(symbol);
    EXPECT_TRUE(kernel.ok()) << kernel.error().text();
    return {.kernel = *kernel,
            .arguments = std::move(arguments),
            .tiles = tiles,
            .threads = tile,
            .name = symbol};
  }
  Status run(Device &on, std::vector<Command> commands,
             std::span<CommandTime> times = {}) {
    auto list = on.prepare(std::move(commands));
    return list ? (*list)->run(times) : Status(list.error());
  }

  std::unique_ptr<Device> device;
  TestImage image;
  std::unique_ptr<DeviceModule> module;
};

TEST_P(ConformanceTest, RunsWhatItSaysItRuns) {
  EXPECT_TRUE(device->rank(image.target, image.format));
  EXPECT_FALSE(device->rank(image.target, "coff"));
  EXPECT_FALSE(device->rank("cpu:z80", image.format));
  EXPECT_FALSE(device->targets().empty());
  EXPECT_FALSE(device->description().empty());
}

TEST_P(ConformanceTest, BlocksAreZeroAndAligned) {
  for (uint64_t bytes : {1, 4, 64, 1000, 3 << 20}) {
    auto block = memory(bytes);
    EXPECT_EQ(block->size(), bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block->address()) % 64, 0u);
    EXPECT_EQ(read<std::byte>(*block), std::vector<std::byte>(bytes));
  }
  EXPECT_EQ(memory(0)->size(), 0u);
}

TEST_P(ConformanceTest, PartsOfABlockAreReadAndWritten) {
  auto block = memoryOf<int32_t>({0, 1, 2, 3, 4, 5, 6, 7});
  std::vector<int32_t> two(2, 9);
  ASSERT_TRUE(block->write(12, std::as_bytes(std::span(two))).ok());
  EXPECT_EQ(read<int32_t>(*block),
            (std::vector<int32_t>{0, 1, 2, 9, 9, 5, 6, 7}));
  ASSERT_TRUE(block->read(20, std::as_writable_bytes(std::span(two))).ok());
  EXPECT_EQ(two, (std::vector<int32_t>{5, 6}));
}

TEST_P(ConformanceTest, PortsAreSeenFromBothSides) {
  constexpr uint64_t count = 64 * tile;
  auto in = device->allocatePorts(count * 4, "the input");
  auto out = device->allocatePorts(count * 4, "the output");
  ASSERT_TRUE(in.ok() && out.ok());
  ASSERT_NE((*in)->host(), nullptr);
  auto *x = reinterpret_cast<float *>((*in)->host());
  auto *y = reinterpret_cast<float *>((*out)->host());
  EXPECT_EQ(*std::max_element(x, x + count), 0);
  for (uint64_t i = 0; i < count; ++i)
    x[i] = static_cast<float>(i);
  ASSERT_TRUE((*in)->startWrite(0, {(*in)->host(), (*in)->size()}).ok());
  std::vector<Command> commands;
  commands.push_back(
      launch("scale", {(*in)->address(), (*out)->address()}, 64));
  if ((*out)->host() != (*out)->address())
    commands.push_back(
        DownloadCommand{(*out)->host(), (*out)->address(), (*out)->size()});
  ASSERT_TRUE(run(*device, std::move(commands)).ok());
  for (uint64_t i = 0; i < count; ++i)
    ASSERT_EQ(y[i], 2 * static_cast<float>(i));
}

TEST_P(ConformanceTest, PinnedMemoryIsReadByTheNextRun) {
  constexpr uint64_t count = 64 * tile;
  std::vector<float> values(count);
  auto pinned = device->pin(std::as_bytes(std::span(values)));
  auto x = memory(count * 4), y = memory(count * 4);
  auto list =
      device->prepare({launch("scale", {x->address(), y->address()}, 64)});
  ASSERT_TRUE(list.ok());
  for (float first : {1.0f, 7.0f}) {
    for (uint64_t i = 0; i < count; ++i)
      values[i] = first + static_cast<float>(i);
    ASSERT_TRUE(x->startWrite(0, std::as_bytes(std::span(values))).ok());
    ASSERT_TRUE((*list)->run().ok());
    auto scaled = read<float>(*y);
    for (uint64_t i = 0; i < count; ++i)
      ASSERT_EQ(scaled[i], 2 * values[i]);
  }
}

TEST_P(ConformanceTest, StagedBytesWaitForTheirTurn) {
  constexpr uint64_t count = 64 * tile, half = count / 2;
  std::vector<float> values(count);
  auto pinned = device->pin(std::as_bytes(std::span(values)));
  for (bool graph : {true, false}) {
    auto on = open(graph);
    auto x = memory(count * 4), y = memory(count * 4);
    auto list =
        on->prepare({launch("scale", {x->address(), y->address()}, 64)});
    auto staging = on->stage(*x, "the next input");
    ASSERT_TRUE(list.ok() && staging.ok());
    // In two parts, and not at the start of the block.
    auto write = [&](float first) {
      for (uint64_t i = 0; i < count; ++i)
        values[i] = first + static_cast<float>(i);
      auto bytes = std::as_bytes(std::span(values));
      EXPECT_TRUE((*staging)->write(half * 4, bytes.subspan(half * 4)).ok());
      EXPECT_TRUE((*staging)->write(0, bytes.first(half * 4)).ok());
    };
    write(-1); // never wanted: what is written later takes its place
    ASSERT_TRUE((*staging)->release().ok());
    write(0);
    for (int round = 0; round < 3; ++round) {
      ASSERT_TRUE((*staging)->deliver().ok());
      ASSERT_TRUE((*list)->start().ok());
      ASSERT_TRUE((*staging)->release().ok());
      // The next ones have arrived before the list that runs is waited for.
      write(static_cast<float>(round + 1));
      ASSERT_TRUE((*staging)->release().ok());
      ASSERT_TRUE((*list)->finish().ok());
      auto scaled = read<float>(*y);
      for (uint64_t i = 0; i < count; ++i)
        ASSERT_EQ(scaled[i], 2 * static_cast<float>(round + i));
    }
  }
}

TEST_P(ConformanceTest, StagingMayGoWhileItIsFilled) {
  std::vector<float> values(1 << 20, 1);
  auto x = memory(values.size() * 4);
  auto pinned = device->pin(std::as_bytes(std::span(values)));
  auto staging = device->stage(*x, "the next input");
  ASSERT_TRUE(staging.ok());
  ASSERT_TRUE((*staging)->write(0, std::as_bytes(std::span(values))).ok());
  pinned.reset();
  values = {};
  staging->reset();
  EXPECT_EQ(read<float>(*x).size(), size_t{1} << 20);
}

TEST_P(ConformanceTest, TooLargeBlocksNameTheirUse) {
  for (uint64_t bytes : {uint64_t{1} << 62, ~uint64_t{0}}) {
    auto block = device->allocate(bytes, "the arena");
    ASSERT_FALSE(block.ok());
    EXPECT_EQ(block.error().id, "out-of-memory");
    EXPECT_EQ(block.error().code, ExitCode::NoResource);
    EXPECT_NE(block.error().message.find("the arena"), std::string::npos);
  }
  auto free = device->freeBytes();
  ASSERT_TRUE(free.ok());
  if (!*free)
    return;
  auto block = device->allocate(**free + (uint64_t{1} << 30), "the arena");
  ASSERT_FALSE(block.ok());
  EXPECT_EQ(block.error().id, "out-of-memory");
  // The device still works.
  EXPECT_EQ(memory(64)->size(), 64u);
}

TEST_P(ConformanceTest, OtherBytesAreNoImage) {
  auto loaded = device->load(std::vector<std::byte>(64, std::byte{'x'}));
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().id, "image-invalid") << loaded.error().text();
  EXPECT_EQ(loaded.error().code, ExitCode::BadData);
}

TEST_P(ConformanceTest, MissingKernelIsAnError) {
  auto kernel = module->find("not_there");
  ASSERT_FALSE(kernel.ok());
  EXPECT_EQ(kernel.error().id, "image-symbol");
  EXPECT_NE(kernel.error().message.find("not_there"), std::string::npos);
}

TEST_P(ConformanceTest, LaunchesVisitEveryTileOnce) {
  constexpr uint64_t tiles = 70'001;
  auto visits = memory(tiles * 4);
  ASSERT_TRUE(run(*device, {launch("visit", {visits->address()}, tiles)}).ok());
  EXPECT_EQ(read<int32_t>(*visits), std::vector<int32_t>(tiles, 1));
}

TEST_P(ConformanceTest, CommandsRunInOrderAgainAndAgain) {
  // Several pieces, the last one not whole.
  constexpr size_t count = tile * 20'001;
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i)
    values[i] = static_cast<float>(i);
  auto x = memoryOf(values), y = memory(count * 4), z = memory(count * 4);
  auto w = memoryOf(std::vector<float>(count, 7));
  std::vector<Command> commands;
  commands.push_back(
      launch("scale", {x->address(), y->address()}, count / tile));
  commands.push_back(CopyCommand{z->address(), y->address(), count * 4});
  commands.push_back(launch("scale", {z->address(), y->address()}, 1));
  commands.push_back(ZeroCommand{w->address(), count * 4 - 4});
  commands.push_back(CopyCommand{});
  auto list = device->prepare(std::move(commands));
  ASSERT_TRUE(list.ok()) << list.error().text();
  CommandTime times[5] = {};
  for (auto timed : {std::span<CommandTime>(), std::span<CommandTime>(times),
                     std::span<CommandTime>()}) {
    std::vector<float> zeros(count);
    ASSERT_TRUE(y->write(0, std::as_bytes(std::span(zeros))).ok());
    Status status = (*list)->run(timed);
    ASSERT_TRUE(status.ok()) << status.error().text();
    auto inY = read<float>(*y), inZ = read<float>(*z), inW = read<float>(*w);
    for (size_t i = 0; i < count; ++i) {
      ASSERT_EQ(inZ[i], 2 * values[i]);
      ASSERT_EQ(inY[i], i < tile ? 4 * values[i] : 2 * values[i]);
      ASSERT_EQ(inW[i], i + 1 < count ? 0 : 7);
    }
  }
  for (int i = 0; i < 5; ++i) {
    EXPECT_GE(times[i].end, times[i].begin);
    EXPECT_GE(times[i].begin, i ? times[i - 1].end : 1);
  }
}

TEST_P(ConformanceTest, GraphsGiveTheBitsOfSingleCommands) {
  std::vector<float> values(64 * tile);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = 1 / static_cast<float>(i + 1);
  auto x = memoryOf(values), sums = memory(64 * 4), all = memory(4);
  std::vector<float> weights(tile, 0.7f);
  auto w = memoryOf(weights);
  auto commands = [&]() -> std::vector<Command> {
    return {
        launch("partial_sums", {x->address(), sums->address()}, 64),
        launch("total", {sums->address(), all->address()}, 1),
        launch("update", {w->address(), all->address(), all->address()}, 1)};
  };
  std::vector<std::vector<float>> results;
  std::unique_ptr<Device> plain = open(/*graph=*/false);
  for (Device *on : {device.get(), plain.get()}) {
    ASSERT_TRUE(w->write(0, std::as_bytes(std::span(weights))).ok());
    Status status = run(*on, commands());
    ASSERT_TRUE(status.ok()) << status.error().text();
    results.push_back(read<float>(*w));
  }
  EXPECT_EQ(results[0], results[1]);
  EXPECT_NEAR(results[0][3], 0.7f - 7.5091757f * 7.5091757f, 1e-3);
}

TEST_P(ConformanceTest, NoCommandsAreAList) {
  EXPECT_TRUE(run(*device, {}).ok());
}

TEST_P(ConformanceTest, BlocksUseLargeSharedMemory) {
  if (!isGpu())
    GTEST_SKIP() << "CPUs have no shared memory";
  constexpr uint32_t bytes = 160 << 10;
  auto first = memoryOf<int32_t>({bytes / 4 - 64});
  auto y = memory(64 * 4);
  LaunchCommand command =
      launch("reverse", {first->address(), y->address()}, 1);
  command.threads = 64;
  command.sharedBytes = bytes;
  Status status = run(*device, {command});
  ASSERT_TRUE(status.ok()) << status.error().text();
  auto numbers = read<int32_t>(*y);
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(numbers[i], 63 - i);
}

TEST_P(ConformanceTest, RefusedLaunchesNameTheKernel) {
  if (!isGpu())
    GTEST_SKIP() << "CPUs start every tile";
  auto y = memory(64);
  LaunchCommand wide = launch("visit", {y->address()}, 1), large = wide;
  wide.threads = 4096;
  large.sharedBytes = 1 << 20;
  for (const LaunchCommand &command : {wide, large}) {
    Status status = run(*device, {command});
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().id, "device-failed");
    for (const char *part : {"visit", "cuda:0", "CUDA_ERROR_INVALID_VALUE"})
      EXPECT_NE(status.error().message.find(part), std::string::npos)
          << status.error().text();
  }
  // Sizes of arguments, the first of many, are told where they are known.
  wide.argumentBytes = {64};
  EXPECT_NE(
      run(*device, {wide})
          .error()
          .message.find(
              "visit, 1 blocks of 4096 threads, 0 bytes of shared memory, "
              "arguments of 64 bytes"),
      std::string::npos);
  wide.argumentBytes.assign(40, 8);
  EXPECT_NE(
      run(*device, {wide}).error().message.find("8, 8, ... bytes, 40 in all"),
      std::string::npos);
  // An error while capturing leaves the device as it was.
  EXPECT_TRUE(run(*device, {launch("visit", {y->address()}, 1)}).ok());
}

TEST_P(ConformanceTest, StrayKernelsLoseTheDevice) {
  if (!isGpu())
    GTEST_SKIP() << "a CPU would lose the process";
  auto y = memory(64);
  auto stray = [&] {
    Status status = run(*device, {launch("stray", {y->address()}, 1)});
    std::fprintf(stderr, "%s\n", status ? "" : status.error().text().c_str());
    std::_Exit(status || status.error().id != "device-lost" ? 1 : 3);
  };
  // In a process of its own, which opens the device itself.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(stray(), testing::ExitedWithCode(3), "device-lost");
}

INSTANTIATE_TEST_SUITE_P(Devices, ConformanceTest,
                         testing::Values("cpu", "cuda"),
                         [](const auto &test) { return test.param; });

} // namespace
