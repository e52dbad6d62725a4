//===- ViewTest.cpp -------------------------------------------------------===//

#include "runtime/eval/View.h"
#include "MemoryDataset.h"
#include "runtime/base/AtomicFile.h"

#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>

using namespace bcssl;

TEST(View, FollowsTheRunOrTheChannels) {
  std::string folder = testing::TempDir() + "bcssl-view";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  auto presetWith = [&](int channels, const char *fit) {
    return recipeFor(32, channels, fit, folder + "/program.bcx").preset;
  };
  EXPECT_EQ(presetWith(1, "auto"), AugmentPreset::Mild);
  EXPECT_EQ(presetWith(3, "auto"), AugmentPreset::Dino);
  EXPECT_EQ(presetWith(3, "pad"), AugmentPreset::Mild);

  auto config = [&](const char *text) {
    ASSERT_TRUE(writeFileAtomically(folder + "/config.json", text).ok());
  };
  config(R"({"augment": {"kind": "mild"}})");
  EXPECT_EQ(presetWith(3, "auto"), AugmentPreset::Mild);
  EXPECT_EQ(presetWith(3, "crop"), AugmentPreset::Dino);
  config(R"({"augment": {"kind": "dino"}})");
  EXPECT_EQ(presetWith(1, "auto"), AugmentPreset::Dino);
  for (const char *text : {"", "[1]", "{\"augment\": 3}", "{\"aug"}) {
    config(text);
    EXPECT_EQ(presetWith(3, "auto"), AugmentPreset::Dino) << text;
  }
}

TEST(View, PadsAndNormalises) {
  MemoryDataset data({0, 1, 2}, /*side=*/28);
  std::vector<float> out(32 * 32);
  fixedView(recipeFor(32, 1, "pad", ""))(*data.image(2), 2, out);
  EXPECT_FLOAT_EQ(out[0], -0.2860f / 0.3530f);
  EXPECT_FLOAT_EQ(out[32 * 16 + 16], (2 / 255.0f - 0.2860f) / 0.3530f);
}

TEST(View, ProbeCropsDependOnEpochAndImageOnly) {
  Image image{28, 28, 1};
  for (int i = 0; i < 28 * 28; ++i)
    image.pixels.push_back(static_cast<uint8_t>(i * 7));
  AugmentOptions recipe = recipeFor(32, 1, "pad", "");
  auto crop = [&](int64_t epoch, int64_t index) {
    std::vector<float> out(32 * 32);
    probeView(recipe, /*seed=*/1, epoch)(image, index, out);
    return out;
  };
  EXPECT_EQ(crop(0, 0), crop(0, 0));
  EXPECT_NE(crop(0, 0), crop(1, 0));
  EXPECT_NE(crop(0, 0), crop(0, 1));
}
