//===- MildCropTest.cpp ---------------------------------------------------===//

#include "runtime/data/MildCrop.h"

#include "TestFiles.h"

#include <algorithm>
#include <cmath>

using namespace bcssl;
using namespace bcssl::test;

namespace {

/// The same crop written plainly in double: grid_sample's unnormalised
/// coordinates with reflection, four neighbours each.
std::vector<double> plainCrop(const AugmentOptions &options, const Image &image,
                              const MildDraw &draw, int size) {
  int pad = options.pad, channels = image.channels;
  int width = image.width + 2 * pad, height = image.height + 2 * pad;
  auto pixel = [&](int x, int y, int c) -> double {
    x -= pad, y -= pad;
    if (x < 0 || y < 0 || x >= image.width || y >= image.height)
      return 0;
    return image.row(y)[x * channels + c] / 255.0;
  };
  auto reflect = [](double at, int extent) {
    at = std::abs(at + 0.5);
    double flips = std::floor(at / extent), rest = at - flips * extent;
    at = (std::fmod(flips, 2) == 0 ? rest : extent - rest) - 0.5;
    return std::clamp(at, 0.0, extent - 1.0);
  };
  std::vector<double> out;
  double sign = draw.flip ? -1 : 1;
  for (int y = 0; y < size; ++y)
    for (int x = 0; x < size; ++x) {
      double gx = draw.width * sign * ((2 * x + 1.0) / size - 1) + draw.centerX;
      double gy = draw.height * ((2 * y + 1.0) / size - 1) + draw.centerY;
      double px = reflect(((gx + 1) * width - 1) / 2, width);
      double py = reflect(((gy + 1) * height - 1) / 2, height);
      int x0 = static_cast<int>(px), y0 = static_cast<int>(py);
      int x1 = std::min(x0 + 1, width - 1), y1 = std::min(y0 + 1, height - 1);
      double fx = px - x0, fy = py - y0;
      for (int c = 0; c < channels; ++c)
        out.push_back(
            (1 - fy) * ((1 - fx) * pixel(x0, y0, c) + fx * pixel(x1, y0, c)) +
            fy * ((1 - fx) * pixel(x0, y1, c) + fx * pixel(x1, y1, c)));
    }
  double mean = 0;
  for (double &value : out) {
    value = std::clamp(value * draw.brightness, 0.0, 1.0);
    mean += value / static_cast<double>(out.size());
  }
  for (double &value : out)
    value = std::clamp((value - mean) * draw.contrast + mean, 0.0, 1.0);
  if (draw.blur) {
    std::vector<double> sharp = out;
    auto mirror = [&](int i) { return i < 0 ? 1 : i >= size ? size - 2 : i; };
    for (int y = 0; y < size; ++y)
      for (int x = 0; x < size; ++x)
        for (int c = 0; c < channels; ++c) {
          double sum = 0;
          for (int dy = -1; dy <= 1; ++dy)
            for (int dx = -1; dx <= 1; ++dx)
              sum += sharp[(mirror(y + dy) * size + mirror(x + dx)) * channels +
                           c];
          out[(y * size + x) * channels + c] = sum / 9;
        }
  }
  for (size_t i = 0; i < out.size(); ++i)
    out[i] =
        (out[i] - options.mean[i % channels]) / options.deviation[i % channels];
  return out;
}

void expectPlain(const AugmentOptions &options, const Image &image,
                 const MildDraw &draw, int size) {
  AugmentScratch scratch;
  std::vector<float> out(static_cast<size_t>(size) * size * image.channels);
  applyMild(options, image, draw, size, scratch, out);
  std::vector<double> expected = plainCrop(options, image, draw, size);
  for (size_t i = 0; i < out.size(); ++i)
    ASSERT_NEAR(out[i], expected[i], 2e-5) << i;
}

TEST(MildCropTest, WholeImageIsThePaddedImage) {
  AugmentOptions options = mildAugmentOptions();
  options.mean = {0, 0, 0};
  options.deviation = {1, 1, 1};
  Image image = picture(28, 28, 1);
  AugmentScratch scratch;
  std::vector<float> out(32 * 32);
  applyMild(options, image, {}, 32, scratch, out);
  for (int y = 0; y < 32; ++y)
    for (int x = 0; x < 32; ++x) {
      bool inside = x >= 2 && x < 30 && y >= 2 && y < 30;
      float expected = inside ? image.row(y - 2)[x - 2] / 255.0f : 0;
      ASSERT_NEAR(out[y * 32 + x], expected, 1e-6) << y << " " << x;
    }
}

TEST(MildCropTest, EachChangeAgreesWithThePlainModel) {
  AugmentOptions options = mildAugmentOptions();
  Image image = picture(28, 28, 1);
  MildDraw crop{
      .width = 0.7f, .height = 0.83f, .centerX = 0.21f, .centerY = -0.1f};
  MildDraw edge{
      .width = 0.5f, .height = 0.5f, .centerX = -0.5f, .centerY = 0.5f};
  for (MildDraw draw : {MildDraw{}, crop, edge})
    for (int size : {16, 32, 45}) {
      expectPlain(options, image, draw, size);
      draw.flip = true;
      expectPlain(options, image, draw, size);
      draw.brightness = 1.37f;
      expectPlain(options, image, draw, size);
      draw.contrast = 0.63f;
      expectPlain(options, image, draw, size);
      draw.blur = true;
      expectPlain(options, image, draw, size);
    }
}

TEST(MildCropTest, ColourAndOddSizes) {
  AugmentOptions options = mildAugmentOptions();
  options.channels = 3;
  options.pad = 1;
  for (auto [width, height] : {std::pair{31, 17}, {1, 1}, {2, 40}}) {
    Image image = picture(width, height, 3);
    expectPlain(options, image,
                {.width = 0.6f,
                 .height = 0.4f,
                 .centerX = -0.3f,
                 .centerY = 0.55f,
                 .flip = true,
                 .brightness = 0.8f,
                 .contrast = 1.3f,
                 .blur = true},
                13);
  }
}

TEST(MildCropTest, DrawsHaveTheRecipesDistribution) {
  AugmentOptions options = mildAugmentOptions();
  constexpr int count = 20000;
  double flips = 0, jitters = 0, area = 0, logRatio = 0, left = 0;
  double blurs[3] = {};
  for (int i = 0; i < count; ++i) {
    Philox random(11, 1, static_cast<uint32_t>(i));
    MildDraw draw = drawMild(options, 2, random);
    flips += draw.flip;
    jitters += draw.brightness != 1 || draw.contrast != 1;
    area += draw.width * draw.height;
    logRatio += std::log(draw.width / draw.height);
    left += draw.centerX;
    EXPECT_LE(std::abs(draw.centerX) + draw.width, 1 + 1e-6);
    EXPECT_LE(std::abs(draw.centerY) + draw.height, 1 + 1e-6);
    EXPECT_GE(draw.brightness, 0.6f);
    EXPECT_LE(draw.brightness, 1.4f);
    EXPECT_GE(draw.contrast, 0.6f);
    EXPECT_LE(draw.contrast, 1.4f);
    for (int crop = 0; crop < 3; ++crop) {
      Philox other(11, 2, static_cast<uint32_t>(i));
      blurs[crop] += drawMild(options, crop, other).blur;
    }
  }
  EXPECT_NEAR(flips / count, 0.5, 0.02);
  EXPECT_NEAR(jitters / count, 0.8, 0.02);
  EXPECT_NEAR(area / count, 0.45, 0.005);
  EXPECT_NEAR(logRatio / count, 0, 0.01);
  EXPECT_NEAR(left / count, 0, 0.01);
  EXPECT_NEAR(blurs[0] / count, 0.5, 0.02);
  EXPECT_NEAR(blurs[1] / count, 0.1, 0.02);
  EXPECT_NEAR(blurs[2] / count, 0.5, 0.02);
}

} // namespace
