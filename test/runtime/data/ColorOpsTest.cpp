//===- ColorOpsTest.cpp ---------------------------------------------------===//

#include "runtime/data/ColorOps.h"

#include "TestFiles.h"

#include <algorithm>
#include <cmath>

using namespace bcssl;
using namespace bcssl::test;

namespace {

/// Image.blend as its C source has it, float and double as there.
uint8_t plainBlend(uint8_t from, uint8_t to, float alpha) {
  float value = static_cast<float>(static_cast<int>(from) +
                                   alpha * (static_cast<int>(to) - from));
  if (value <= 0.0)
    return 0;
  if (value >= 255.0)
    return 255;
  return static_cast<uint8_t>(value);
}

/// colorsys.rgb_to_hsv in the arithmetic of Pillow's Convert.c.
std::array<uint8_t, 3> plainHsv(uint8_t r, uint8_t g, uint8_t b) {
  uint8_t most = std::max({r, g, b}), least = std::min({r, g, b});
  if (most == least)
    return {0, 0, most};
  float h, cr = static_cast<float>(most - least);
  float s = cr / static_cast<float>(most);
  float rc = static_cast<float>(most - r) / cr;
  float gc = static_cast<float>(most - g) / cr;
  float bc = static_cast<float>(most - b) / cr;
  if (r == most)
    h = bc - gc;
  else if (g == most)
    h = static_cast<float>(2.0 + rc - bc);
  else
    h = static_cast<float>(4.0 + gc - rc);
  h = static_cast<float>(std::fmod((h / 6.0 + 1.0), 1.0));
  auto byte = [](double v) {
    return static_cast<uint8_t>(std::clamp(static_cast<int>(v), 0, 255));
  };
  return {byte(h * 255.0), byte(s * 255.0), most};
}

/// colorsys.hsv_to_rgb in the arithmetic of Pillow's Convert.c.
std::array<uint8_t, 3> plainRgb(uint8_t h, uint8_t s, uint8_t v) {
  if (s == 0)
    return {v, v, v};
  int i = static_cast<int>(std::floor(static_cast<float>(h) * 6.0 / 255.0));
  float f = static_cast<float>(static_cast<float>(h) * 6.0 / 255.0 -
                               static_cast<float>(i));
  float fs = static_cast<float>(static_cast<float>(s) / 255.0);
  auto byte = [](double x) {
    return static_cast<uint8_t>(
        std::clamp(static_cast<int>(std::round(x)), 0, 255));
  };
  uint8_t p = byte(static_cast<float>(v) * (1.0 - fs));
  uint8_t q = byte(static_cast<float>(v) * (1.0 - fs * f));
  uint8_t t = byte(static_cast<float>(v) * (1.0 - fs * (1.0 - f)));
  switch (i % 6) {
  case 0:
    return {v, t, p};
  case 1:
    return {q, v, p};
  case 2:
    return {p, v, t};
  case 3:
    return {p, q, v};
  case 4:
    return {t, p, v};
  default:
    return {v, p, q};
  }
}

/// All pairs of colours on a grid that holds 0, 1, 254 and 255.
Image colorCube() {
  std::vector<int> levels = {0, 1, 2, 127, 128, 254, 255};
  for (int level = 5; level < 255; level += 9)
    levels.push_back(level);
  int n = static_cast<int>(levels.size());
  Image image{n * n, n, 3};
  for (int r : levels)
    for (int g : levels)
      for (int b : levels)
        for (int value : {r, g, b})
          image.pixels.push_back(static_cast<uint8_t>(value));
  return image;
}

TEST(ColorOpsTest, BrightnessIsABlendWithBlack) {
  for (float factor : {0.0f, 0.6f, 0.999f, 1.0f, 1.0001f, 1.4f, 3.0f}) {
    Image image = colorCube(), before = image;
    adjustBrightness(image, factor);
    for (size_t i = 0; i < image.pixels.size(); ++i)
      ASSERT_EQ(image.pixels[i], plainBlend(0, before.pixels[i], factor));
  }
}

TEST(ColorOpsTest, ContrastIsABlendWithTheRoundedMeanOfTheLuma) {
  for (int channels : {1, 3})
    for (float factor : {0.0f, 0.6f, 1.0f, 1.4f}) {
      Image image = picture(31, 20, channels), before = image;
      double sum = 0;
      for (int i = 0; i < 31 * 20; ++i) {
        const uint8_t *p = before.pixels.data() + i * channels;
        sum +=
            channels == 1
                ? p[0]
                : (p[0] * 19595 + p[1] * 38470 + p[2] * 7471 + 32768) / 65536;
      }
      uint8_t mean = static_cast<uint8_t>(sum / (31 * 20) + 0.5);
      adjustContrast(image, factor);
      for (size_t i = 0; i < image.pixels.size(); ++i)
        ASSERT_EQ(image.pixels[i], plainBlend(mean, before.pixels[i], factor));
    }
}

TEST(ColorOpsTest, SaturationIsABlendWithTheLuma) {
  for (float factor : {0.0f, 0.8f, 1.0f, 1.2f}) {
    Image image = colorCube(), before = image;
    adjustSaturation(image, factor);
    for (size_t i = 0; i < image.pixels.size(); i += 3) {
      const uint8_t *p = before.pixels.data() + i;
      uint8_t grey = static_cast<uint8_t>(
          (p[0] * 19595 + p[1] * 38470 + p[2] * 7471 + 32768) / 65536);
      for (int c = 0; c < 3; ++c)
        ASSERT_EQ(image.pixels[i + c], plainBlend(grey, p[c], factor));
    }
  }
}

TEST(ColorOpsTest, HueTurnsInPillowsHsv) {
  for (float shift : {0.0f, 0.1f, -0.1f, 0.037f, -0.5f, 0.5f}) {
    Image image = colorCube(), before = image;
    adjustHue(image, shift);
    int step = static_cast<int>(shift * 255.0);
    for (size_t i = 0; i < image.pixels.size(); i += 3) {
      const uint8_t *p = before.pixels.data() + i;
      auto [h, s, v] = plainHsv(p[0], p[1], p[2]);
      auto rgb = plainRgb(static_cast<uint8_t>(h + step), s, v);
      for (int c = 0; c < 3; ++c)
        ASSERT_EQ(image.pixels[i + c], rgb[c])
            << int(p[0]) << " " << int(p[1]) << " " << int(p[2]);
    }
  }
}

TEST(ColorOpsTest, HueOfPureColoursByHand) {
  // A third of the circle is 85 of 255 steps: red to green to blue.
  Image image{3, 1, 3, {255, 0, 0, 0, 255, 0, 10, 10, 10}};
  adjustHue(image, 85.5f / 255);
  EXPECT_EQ(image.pixels, (Bytes{0, 255, 0, 0, 0, 255, 10, 10, 10}));
}

TEST(ColorOpsTest, GreyImagesKeepTheirPixels) {
  Image image = picture(9, 9, 1), before = image;
  adjustSaturation(image, 0.3f);
  adjustHue(image, 0.3f);
  makeGrey(image);
  EXPECT_EQ(image.pixels, before.pixels);
}

TEST(ColorOpsTest, GreySolarizeAndFlip) {
  Image image{2, 1, 3, {255, 0, 0, 10, 200, 90}};
  Image flipped = image, solar = image;
  makeGrey(image);
  EXPECT_EQ(image.pixels, (Bytes{76, 76, 76, 131, 131, 131}));
  flipHorizontally(flipped);
  EXPECT_EQ(flipped.pixels, (Bytes{10, 200, 90, 255, 0, 0}));
  solarize(solar);
  EXPECT_EQ(solar.pixels, (Bytes{0, 0, 0, 10, 55, 90}));
  Image edge{3, 1, 1, {127, 128, 129}};
  solarize(edge);
  EXPECT_EQ(edge.pixels, (Bytes{127, 127, 126}));
  flipHorizontally(edge);
  EXPECT_EQ(edge.pixels, (Bytes{126, 127, 127}));
}

} // namespace
