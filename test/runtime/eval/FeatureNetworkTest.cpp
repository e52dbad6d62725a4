//===- FeatureNetworkTest.cpp ---------------------------------------------===//

#include "runtime/eval/FeatureNetwork.h"
#include "MemoryDataset.h"
#include "runtime/base/AtomicFile.h"
#include "runtime/base/ReadFile.h"
#include "runtime/eval/NetworkState.h"
#include "runtime/train/Safetensors.h"
#include "test/runtime/executable/TestFile.h"

#include <filesystem>
#include <gtest/gtest.h>

using namespace bcssl;
using artifact::Space;

namespace {

/// Artifacts on the kernels of test/runtime/device/images/kernels.c, with
/// images [2, 4, 4, 1] and features [2, 16].
class FeatureNetworkTest : public testing::Test {
protected:
  void SetUp() override {
    folder = testing::TempDir() + "bcssl-network";
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    auto bytes = readFile(BCSSL_TEST_IMAGES "/kernels.so", 1 << 20);
    ASSERT_TRUE(bytes.ok()) << bytes.error().text();
    image = std::move(*bytes);
  }

  static artifact::Program program(const char *name,
                                   artifact::Instruction instruction) {
    artifact::Program made;
    made.name = name;
    made.inputs = {{"images", DataType::F32, {2, 4, 4, 1}, 0}};
    made.inputBytes = 128;
    made.arenaBytes = 64;
    made.instructions = {std::move(instruction)};
    return made;
  }

  /// The network's one weight w[32] starts at 0.5. Features are twice the
  /// pixels, or with `showWeight` the weight; recalibrate subtracts momentum *
  /// the first pixel from the weight.
  void write(bool showWeight) {
    artifact::Contents contents = goodContents(image);
    artifact::Slot images{Space::Input, 0, 128},
        features{Space::Output, 0, 128}, weight{Space::State, 0, 128},
        momentum{Space::Input, 128, 4}, pixel{Space::Input, 0, 4};
    contents.variables = {contents.variables[0]};
    contents.variables[0].name = "teacher.backbone.w";
    contents.variables[0].shape = {32};
    contents.stateBytes = 128;
    auto show = program("features", artifact::Move{{weight, features}});
    if (!showWeight)
      show = program("features",
                     artifact::Launch{0, {images, features}, 2, 0, "scale"});
    show.outputs = {{"features", DataType::F32, {2, 16}, 0}};
    show.outputBytes = 128;
    auto move =
        program("recalibrate",
                artifact::Launch{3, {weight, momentum, pixel}, 2, 0, "update"});
    move.inputs.push_back({"momentum", DataType::F32, {}, 128});
    move.inputBytes = 192;
    contents.programs = {show, move};
    ASSERT_TRUE(
        writeFileAtomically(folder + "/program.bcx", encode(contents)).ok());
  }

  FeatureNetwork open(NetworkOptions options) {
    if (options.program.empty())
      options.program = folder + "/program.bcx";
    options.threads = 2;
    auto network = FeatureNetwork::open(options);
    EXPECT_TRUE(network.ok()) << network.error().text();
    return std::move(*network);
  }

  static void copyPixels(const Image &image, int64_t, std::span<float> out) {
    std::copy(image.pixels.begin(), image.pixels.end(), out.begin());
  }

  std::string folder;
  std::vector<std::byte> image;
};

} // namespace

TEST_F(FeatureNetworkTest, ComputesFeaturesAndFillsTheLastBatch) {
  write(/*showWeight=*/false);
  FeatureNetwork network = open({});
  EXPECT_EQ(network.side(), 4);
  EXPECT_EQ(network.channels(), 1);
  MemoryDataset data({4, 0, 1, 0, 3});
  auto set = network.features(*chooseSample(data, 0), copyPixels);
  ASSERT_TRUE(set.ok()) << set.error().text();
  EXPECT_EQ(set->features.rows, 5);
  EXPECT_EQ(set->features.columns, 16);
  for (int64_t row = 0; row < 5; ++row)
    EXPECT_EQ(set->features.row(row)[15], 2.0f * row);
  EXPECT_EQ(set->labels, (std::vector<int32_t>{4, 0, 1, 0, 3}));
}

TEST_F(FeatureNetworkTest, RecalibratesOverWholeBatches) {
  write(/*showWeight=*/true);
  FeatureNetwork network = open({});
  // Batches (1, 2) and (3, 4); image 5 makes no batch of its own.
  MemoryDataset data({0, 1, 0, 1, 0, 1});
  Sample sample{.data = &data, .indices = {1, 2, 3, 4, 5}};
  ASSERT_TRUE(network.recalibrate(sample, copyPixels).ok());
  auto set = network.features(sample, copyPixels);
  EXPECT_EQ(set->features.row(0)[0], 0.5f - 1.0f * 1 - 0.5f * 3);
}

TEST_F(FeatureNetworkTest, LoadsTeacherOrStudent) {
  write(/*showWeight=*/true);
  std::vector<TensorSource> tensors;
  for (const char *key : {"teacher", "student"})
    tensors.push_back(
        {.name = std::string(key) + ".backbone.w",
         .shape = {32},
         .fill = [key](std::span<std::byte> out) -> Status {
           std::vector<float> values(32, key[0] == 't' ? 3.0f : 7.0f);
           std::ranges::copy(std::as_bytes(std::span(values)), out.begin());
           return {};
         }});
  std::string file = folder + "/weights.safetensors";
  ASSERT_TRUE(writeSafetensors(file, tensors).ok());

  MemoryDataset data({0, 1});
  auto weightWith = [&](const char *key) {
    FeatureNetwork network = open({.checkpoint = file, .key = key});
    return network.features(*chooseSample(data, 0), copyPixels)
        ->features.row(0)[0];
  };
  EXPECT_EQ(weightWith("teacher"), 3);
  EXPECT_EQ(weightWith("student"), 7);
}

TEST_F(FeatureNetworkTest, FindsTheProgramBesideTheCheckpoint) {
  write(/*showWeight=*/true);
  std::filesystem::create_directories(folder + "/inner");
  auto failure = [&] {
    // The program is found, and the checkpoint is then missed.
    return FeatureNetwork::open({.checkpoint = folder + "/inner"}).error().id;
  };
  EXPECT_EQ(failure(), "checkpoint-none");
  std::filesystem::copy(folder + "/program.bcx", folder + "/second.bcx");
  EXPECT_EQ(failure(), "program-ambiguous");
  std::filesystem::remove(folder + "/second.bcx");
  std::filesystem::remove(folder + "/program.bcx");
  EXPECT_EQ(failure(), "program-missing");
}

TEST_F(FeatureNetworkTest, RefusesAnArtifactWithoutFeatures) {
  artifact::Contents contents = goodContents(image);
  std::string file = folder + "/step.bcx";
  ASSERT_TRUE(writeFileAtomically(file, encode(contents)).ok());
  EXPECT_EQ(FeatureNetwork::open({.program = file}).error().id,
            "program-features");
}
