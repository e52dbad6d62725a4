//===- AugmentTest.cpp ----------------------------------------------------===//

#include "runtime/data/Augment.h"

#include "TestFiles.h"

#include "runtime/data/Normalise.h"

#include <cmath>
#include <functional>
#include <zlib.h>

using namespace bcssl;
using namespace bcssl::test;

namespace {

std::vector<float> crop(const AugmentOptions &options, const Image &image,
                        const CropKey &key) {
  AugmentScratch scratch;
  std::vector<float> out(options.cropElements(key.crop));
  makeCrop(options, image, key, scratch, out);
  return out;
}

TEST(AugmentTest, EveryPartOfTheKeyCounts) {
  Image colour = picture(64, 48, 3), grey = picture(28, 28, 1);
  for (const AugmentOptions &options :
       {AugmentOptions(), mildAugmentOptions()}) {
    const Image &image = options.channels == 3 ? colour : grey;
    CropKey key{.seed = 5, .epoch = 2, .index = 9, .crop = 0};
    std::vector<float> base = crop(options, image, key);
    EXPECT_EQ(crop(options, image, key), base);
    for (auto change : std::vector<std::function<void(CropKey &)>>{
             [](CropKey &k) { k.seed = 6; },
             [](CropKey &k) { k.seed += uint64_t{1} << 32; },
             [](CropKey &k) { k.epoch = 3; }, [](CropKey &k) { k.index = 10; },
             [](CropKey &k) { k.crop = 1; }}) {
      CropKey other = key;
      change(other);
      EXPECT_NE(crop(options, image, other), base);
    }
  }
}

TEST(AugmentTest, WhatABufferHeldBeforeDoesNotMatter) {
  AugmentOptions options;
  AugmentScratch used;
  std::vector<float> out(options.cropElements(0));
  for (int i = 0; i < 30; ++i) {
    Image image = picture(20 + 7 * i, 90 - 2 * i, 3, static_cast<uint32_t>(i));
    CropKey key{.index = i, .crop = i % options.crops()};
    std::span<float> view =
        std::span(out).first(options.cropElements(key.crop));
    makeCrop(options, image, key, used, view);
    EXPECT_EQ(std::vector<float>(view.begin(), view.end()),
              crop(options, image, key));
  }
}

// The bits of a run must not change from version to version unnoticed.
TEST(AugmentTest, BitsOfDinosCropsAreTheRecordedOnes) {
  AugmentOptions options;
  options.globalSize = 32;
  options.localSize = 16;
  Image image{50, 40, 3};
  for (uint32_t i = 0; i < 50 * 40 * 3; ++i)
    image.pixels.push_back(static_cast<uint8_t>((i * 2654435761u) >> 13));
  uint32_t sum = 0;
  for (int number = 0; number < options.crops(); ++number) {
    std::vector<float> out =
        crop(options, image, {.seed = 1, .index = 3, .crop = number});
    sum = static_cast<uint32_t>(
        crc32(sum, reinterpret_cast<const Bytef *>(out.data()),
              static_cast<uInt>(out.size() * sizeof(float))));
  }
  EXPECT_EQ(sum, 0x9c31f035u);
}

TEST(AugmentTest, CropsWithoutChangesOnlyCutAndFlip) {
  AugmentOptions options;
  options.jitter = options.grey = options.solarize = 0;
  options.blur = {0, 0, 0};
  // A flat image stays as it is.
  Image image{30, 40, 3, Bytes(30 * 40 * 3, 200)};
  for (int64_t index = 0; index < 20; ++index) {
    std::vector<float> out = crop(options, image, {.index = index, .crop = 1});
    for (size_t i = 0; i < out.size(); ++i)
      ASSERT_EQ(out[i], (200 / 255.0f - options.mean[i % 3]) /
                            options.deviation[i % 3]);
  }
}

TEST(AugmentTest, NormaliseIsToTensorThenNormalize) {
  Image image = picture(16, 16, 3);
  std::array<float, 3> mean{0.485f, 0.456f, 0.406f};
  std::array<float, 3> deviation{0.229f, 0.224f, 0.225f};
  std::vector<float> out(image.pixels.size());
  normalise(image, mean, deviation, out);
  for (size_t i = 0; i < out.size(); ++i)
    ASSERT_EQ(out[i],
              (static_cast<float>(image.pixels[i]) / 255.0f - mean[i % 3]) /
                  deviation[i % 3]);
}

TEST(AugmentTest, OptionsAreChecked) {
  EXPECT_TRUE(checkAugmentOptions(AugmentOptions()).ok());
  EXPECT_TRUE(checkAugmentOptions(mildAugmentOptions()).ok());
  float nan = std::nanf("");
  for (auto change : std::vector<std::function<void(AugmentOptions &)>>{
           [](auto &o) { o.channels = 2; }, [](auto &o) { o.globalCrops = 0; },
           [](auto &o) { o.localCrops = -1; },
           [](auto &o) { o.localCrops = 255; },
           [](auto &o) { o.globalSize = 1; },
           [](auto &o) { o.localSize = 100000; },
           [](auto &o) { o.globalScale = {0, 1}; },
           [](auto &o) { o.localScale = {0.5f, 0.4f}; },
           [=](auto &o) { o.localScale = {nan, 0.4f}; },
           [](auto &o) { o.globalScale = {0.5f, 1.1f}; },
           [](auto &o) { o.aspect = 0.5f; }, [=](auto &o) { o.aspect = nan; },
           [](auto &o) { o.pad = -1; }, [](auto &o) { o.flip = 1.5f; },
           [=](auto &o) { o.blur[1] = nan; }, [](auto &o) { o.brightness = 2; },
           [](auto &o) { o.hue = 0.6f; },
           [](auto &o) { o.blurRadius = {2, 1}; },
           [](auto &o) { o.deviation[2] = 0; }}) {
    AugmentOptions options;
    change(options);
    Status status = checkAugmentOptions(options);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().id, "augment-options");
    EXPECT_EQ(status.error().code, ExitCode::Usage);
  }
}

} // namespace
