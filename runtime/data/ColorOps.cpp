//===- ColorOps.cpp - tables and per-pixel arithmetic ---------------------===//

#include "runtime/data/ColorOps.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace bcssl {

using Table = std::array<uint8_t, 256>;

static void apply(const Table &table, Image &image) {
  for (uint8_t &value : image.pixels)
    value = table[value];
}

/// Image.blend for one byte: single precision, truncated. Inside 0..1 the
/// clipping never acts.
static uint8_t blend(int from, int to, float factor) {
  float value =
      static_cast<float>(from) + factor * static_cast<float>(to - from);
  return static_cast<uint8_t>(std::min(std::max(value, 0.0f), 255.0f));
}

void flipHorizontally(Image &image) {
  for (int y = 0; y < image.height; ++y) {
    uint8_t *left = image.row(y);
    uint8_t *right = left + image.stride() - image.channels;
    for (; left < right; left += image.channels, right -= image.channels)
      std::swap_ranges(left, left + image.channels, right);
  }
}

void adjustBrightness(Image &image, float factor) {
  Table table;
  for (int value = 0; value < 256; ++value)
    table[value] = blend(0, value, factor);
  apply(table, image);
}

/// The mean of the grey image, rounded as ImageEnhance.Contrast does.
static int meanLuma(const Image &image) {
  uint64_t sum = 0, count = image.pixels.size() / image.channels;
  if (image.channels == 1)
    for (uint8_t value : image.pixels)
      sum += value;
  else
    for (uint64_t i = 0; i < count; ++i)
      sum += luma(image.pixels.data() + 3 * i);
  return static_cast<int>(
      static_cast<double>(sum) / static_cast<double>(count) + 0.5);
}

void adjustContrast(Image &image, float factor) {
  int mean = meanLuma(image);
  Table table;
  for (int value = 0; value < 256; ++value)
    table[value] = blend(mean, value, factor);
  apply(table, image);
}

void adjustSaturation(Image &image, float factor) {
  if (image.channels != 3)
    return;
  uint8_t *end = image.pixels.data() + image.pixels.size();
  for (uint8_t *pixel = image.pixels.data(); pixel < end; pixel += 3) {
    int grey = luma(pixel);
    for (int c = 0; c < 3; ++c)
      pixel[c] = blend(grey, pixel[c], factor);
  }
}

namespace {
struct Hsv {
  uint8_t hue, saturation, value;
};
} // namespace

/// Pillow's RGB to HSV: colorsys in single precision, each part truncated to 8
/// bits. Literals are double where Pillow's are.
static Hsv toHsv(const uint8_t *rgb) {
  int red = rgb[0], green = rgb[1], blue = rgb[2];
  int most = std::max({red, green, blue});
  int least = std::min({red, green, blue});
  Hsv hsv{0, 0, static_cast<uint8_t>(most)};
  if (most == least)
    return hsv;
  float range = static_cast<float>(most - least);
  float saturation = range / static_cast<float>(most);
  float fromRed = static_cast<float>(most - red) / range;
  float fromGreen = static_cast<float>(most - green) / range;
  float fromBlue = static_cast<float>(most - blue) / range;
  float hue;
  if (red == most)
    hue = fromBlue - fromGreen;
  else if (green == most)
    hue = static_cast<float>(2.0 + fromRed - fromBlue);
  else
    hue = static_cast<float>(4.0 + fromGreen - fromRed);
  // In 1/6 to 11/6 here, so the remainder of a division by 1 is a subtraction.
  double turn = hue / 6.0 + 1.0;
  hue = static_cast<float>(turn >= 1.0 ? turn - 1.0 : turn);
  hsv.hue =
      static_cast<uint8_t>(std::clamp(static_cast<int>(hue * 255.0), 0, 255));
  hsv.saturation = static_cast<uint8_t>(
      std::clamp(static_cast<int>(saturation * 255.0), 0, 255));
  return hsv;
}

/// Pillow's HSV to RGB.
static void toRgb(Hsv hsv, uint8_t *rgb) {
  uint8_t v = hsv.value;
  if (hsv.saturation == 0) {
    rgb[0] = rgb[1] = rgb[2] = v;
    return;
  }
  double turn = static_cast<float>(hsv.hue) * 6.0 / 255.0;
  int sextant = static_cast<int>(turn);
  float fraction = static_cast<float>(turn - static_cast<float>(sextant));
  float saturation =
      static_cast<float>(static_cast<float>(hsv.saturation) / 255.0);
  // Not negative, so adding a half and truncating rounds as round() does.
  auto scaled = [v](double part) {
    int value = static_cast<int>(static_cast<float>(v) * part + 0.5);
    return static_cast<uint8_t>(std::clamp(value, 0, 255));
  };
  uint8_t p = scaled(1.0 - saturation);
  uint8_t q = scaled(1.0 - saturation * fraction);
  uint8_t t = scaled(1.0 - saturation * (1.0 - fraction));
  const uint8_t colors[6][3] = {{v, t, p}, {q, v, p}, {p, v, t},
                                {p, q, v}, {t, p, v}, {v, p, q}};
  std::copy_n(colors[sextant % 6], 3, rgb);
}

void adjustHue(Image &image, float shift) {
  if (image.channels != 3)
    return;
  // The shift is truncated towards zero, then wraps around in 8 bits.
  uint8_t step = static_cast<uint8_t>(static_cast<int>(shift * 255.0));
  uint8_t *end = image.pixels.data() + image.pixels.size();
  for (uint8_t *pixel = image.pixels.data(); pixel < end; pixel += 3) {
    Hsv hsv = toHsv(pixel);
    hsv.hue = static_cast<uint8_t>(hsv.hue + step);
    toRgb(hsv, pixel);
  }
}

void makeGrey(Image &image) {
  if (image.channels != 3)
    return;
  uint8_t *end = image.pixels.data() + image.pixels.size();
  for (uint8_t *pixel = image.pixels.data(); pixel < end; pixel += 3)
    std::fill_n(pixel, 3, luma(pixel));
}

void solarize(Image &image) {
  for (uint8_t &value : image.pixels)
    value = value < 128 ? value : static_cast<uint8_t>(255 - value);
}

} // namespace bcssl
