//===- DinoCropTest.cpp ---------------------------------------------------===//

#include "runtime/data/DinoCrop.h"

#include "TestFiles.h"

#include "runtime/data/Blur.h"
#include "runtime/data/ColorOps.h"

#include <algorithm>
#include <cmath>
#include <map>

using namespace bcssl;
using namespace bcssl::test;

namespace {

std::vector<float> normalised(const Image &image) {
  AugmentOptions options;
  std::vector<float> out;
  for (size_t i = 0; i < image.pixels.size(); ++i) {
    size_t c = i % static_cast<size_t>(image.channels);
    out.push_back(
        (static_cast<float>(image.pixels[i]) / 255.0f - options.mean[c]) /
        options.deviation[c]);
  }
  return out;
}

std::vector<float> applied(const Image &image, const DinoDraw &draw, int size) {
  AugmentOptions options;
  options.channels = image.channels;
  AugmentScratch scratch;
  applyDino(options, image, draw, size, scratch);
  return normalised(scratch.image);
}

TEST(DinoCropTest, StepsComeInDinosOrder) {
  Image image = picture(80, 60, 3);
  DinoDraw draw{.left = 11,
                .top = 5,
                .width = 50,
                .height = 40,
                .flip = true,
                .jitter = true,
                .brightness = 1.3f,
                .contrast = 0.7f,
                .saturation = 1.15f,
                .hue = -0.08f,
                .grey = false,
                .blurRadius = 0.9f,
                .solarize = true};
  draw.order = {ColorChange::Hue, ColorChange::Contrast,
                ColorChange::Brightness, ColorChange::Saturation};
  ResizeScratch resizeScratch;
  std::vector<uint8_t> bytes;
  Image expected;
  resize(ImageView(image).crop(11, 5, 50, 40), 32, 32, ResizeFilter::Bicubic,
         resizeScratch, expected);
  flipHorizontally(expected);
  adjustHue(expected, -0.08f);
  adjustContrast(expected, 0.7f);
  adjustBrightness(expected, 1.3f);
  adjustSaturation(expected, 1.15f);
  Image grey = expected;
  gaussianBlur(expected, 0.9f, bytes);
  solarize(expected);
  EXPECT_EQ(applied(image, draw, 32), normalised(expected));

  draw.grey = true;
  makeGrey(grey);
  gaussianBlur(grey, 0.9f, bytes);
  solarize(grey);
  EXPECT_EQ(applied(image, draw, 32), normalised(grey));
}

TEST(DinoCropTest, WholeImageWithoutChangesIsNormalisedOnly) {
  for (int channels : {1, 3}) {
    Image image = picture(24, 24, channels);
    DinoDraw draw{.width = 24, .height = 24};
    EXPECT_EQ(applied(image, draw, 24), normalised(image));
  }
}

/// Shares of what many draws do.
struct Shares {
  double flip = 0, jitter = 0, grey = 0, blur = 0, solarize = 0;
};

Shares sharesOf(const AugmentOptions &options, int crop) {
  constexpr int count = 20000;
  Shares shares;
  for (int i = 0; i < count; ++i) {
    Philox random(1, 2, static_cast<uint32_t>(i), static_cast<uint32_t>(crop));
    DinoDraw draw = drawDino(options, crop, 640, 480, random);
    shares.flip += draw.flip / double{count};
    shares.jitter += draw.jitter / double{count};
    shares.grey += draw.grey / double{count};
    shares.blur += (draw.blurRadius > 0) / double{count};
    shares.solarize += draw.solarize / double{count};
  }
  return shares;
}

TEST(DinoCropTest, ProbabilitiesAreDinos) {
  // First global crop, second global crop, local crops.
  double blur[] = {1.0, 0.1, 0.5}, solarize[] = {0, 0.2, 0};
  for (int crop : {0, 1, 2, 9}) {
    Shares shares = sharesOf(AugmentOptions(), crop);
    int kind = std::min(crop, 2);
    EXPECT_NEAR(shares.flip, 0.5, 0.015);
    EXPECT_NEAR(shares.jitter, 0.8, 0.015);
    EXPECT_NEAR(shares.grey, 0.2, 0.015);
    EXPECT_NEAR(shares.blur, blur[kind], 0.015);
    EXPECT_NEAR(shares.solarize, solarize[kind], 0.015);
  }
}

TEST(DinoCropTest, ValuesAreUniformInTheirRanges) {
  constexpr int count = 20000;
  double sums[5] = {};
  std::map<std::array<ColorChange, 4>, int> orders;
  for (int i = 0; i < count; ++i) {
    Philox random(3, 2, static_cast<uint32_t>(i));
    DinoDraw draw = drawDino(AugmentOptions(), 0, 640, 480, random);
    ++orders[draw.order];
    float values[] = {draw.brightness, draw.contrast, draw.saturation, draw.hue,
                      draw.blurRadius};
    float lows[] = {0.6f, 0.6f, 0.8f, -0.1f, 0.1f};
    float highs[] = {1.4f, 1.4f, 1.2f, 0.1f, 2.0f};
    for (int v = 0; v < 5; ++v) {
      ASSERT_GE(values[v], lows[v] - 1e-6f);
      ASSERT_LE(values[v], highs[v] + 1e-6f);
      sums[v] += (values[v] - lows[v]) / (highs[v] - lows[v]) / count;
    }
  }
  for (double sum : sums)
    EXPECT_NEAR(sum, 0.5, 0.01);
  EXPECT_EQ(orders.size(), 24u);
  for (auto &[order, times] : orders)
    EXPECT_NEAR(times, count / 24.0, 5 * std::sqrt(count / 24.0));
}

TEST(DinoCropTest, BoxesHaveTheAreaAndAspectThatWereAskedFor) {
  constexpr int count = 20000;
  AugmentOptions options;
  for (int crop : {0, 2}) {
    Range scale = options.scale(crop);
    double area = 0, logAspect = 0, left = 0, top = 0;
    int accepted = 0;
    for (int i = 0; i < count; ++i) {
      Philox random(5, 2, static_cast<uint32_t>(i));
      DinoDraw draw = drawDino(options, crop, 1000, 1000, random);
      ASSERT_GE(draw.left, 0);
      ASSERT_GE(draw.top, 0);
      ASSERT_LE(draw.left + draw.width, 1000);
      ASSERT_LE(draw.top + draw.height, 1000);
      double share = draw.width * draw.height / 1e6;
      ASSERT_GE(share, scale.low - 0.002);
      ASSERT_LE(share, scale.high + 0.002);
      double aspect = draw.width / static_cast<double>(draw.height);
      ASSERT_GE(aspect, 0.75 - 0.01);
      ASSERT_LE(aspect, 1.34);
      area += share, logAspect += std::log(aspect);
      if (draw.width < 1000 && draw.height < 1000) {
        left += draw.left / (1000.0 - draw.width);
        top += draw.top / (1000.0 - draw.height);
        ++accepted;
      }
    }
    EXPECT_NEAR(logAspect / count, 0, 0.01);
    EXPECT_NEAR(left / accepted, 0.5, 0.01);
    EXPECT_NEAR(top / accepted, 0.5, 0.01);
    // Of large boxes those that stick out are drawn again, so only the local
    // ones keep the mean of the range.
    if (crop == 2) {
      EXPECT_NEAR(area / count, (scale.low + scale.high) / 2, 0.005);
    }
  }
}

// torchvision's central crop when ten tries find nothing.
TEST(DinoCropTest, LongThinImagesFallBackToTheirMiddle) {
  Philox random(1, 2);
  DinoDraw wide = drawDino(AugmentOptions(), 0, 1000, 10, random);
  EXPECT_EQ(wide.height, 10);
  EXPECT_EQ(wide.width, 13); // 10 * 4 / 3
  EXPECT_EQ(wide.left, (1000 - 13) / 2);
  EXPECT_EQ(wide.top, 0);
  DinoDraw high = drawDino(AugmentOptions(), 0, 10, 1000, random);
  EXPECT_EQ(high.width, 10);
  EXPECT_EQ(high.height, 13);
  EXPECT_EQ(high.top, (1000 - 13) / 2);
}

TEST(DinoCropTest, TinyImagesHaveABoxToo) {
  for (auto [width, height] : {std::pair{1, 1}, {1, 2}, {2, 1}, {1, 65535}})
    for (uint32_t i = 0; i < 100; ++i) {
      Philox random(1, 2, i);
      DinoDraw draw = drawDino(AugmentOptions(), 2, width, height, random);
      ASSERT_GE(draw.width, 1);
      ASSERT_GE(draw.height, 1);
      ASSERT_LE(draw.left + draw.width, width);
      ASSERT_LE(draw.top + draw.height, height);
    }
}

} // namespace
