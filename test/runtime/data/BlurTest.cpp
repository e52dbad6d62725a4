//===- BlurTest.cpp -------------------------------------------------------===//

#include "runtime/data/Blur.h"

#include "TestFiles.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace bcssl;
using namespace bcssl::test;

namespace {

/// One extended box blur of a line, by its definition: 2r + 1 values of weight
/// `inner`, one more on each side of weight `outer`, the edge repeated.
Bytes plainBox(const Bytes &line, int whole, uint32_t inner, uint32_t outer) {
  int n = static_cast<int>(line.size());
  auto at = [&](int i) -> uint32_t { return line[std::clamp(i, 0, n - 1)]; };
  Bytes out;
  for (int i = 0; i < n; ++i) {
    uint32_t sum = 0;
    for (int k = -whole; k <= whole; ++k)
      sum += at(i + k);
    uint32_t value =
        sum * inner + (at(i - whole - 1) + at(i + whole + 1)) * outer;
    out.push_back(static_cast<uint8_t>((value + 0x800000) >> 24));
  }
  return out;
}

/// GaussianBlur with three passes per axis, horizontal first.
Image plainBlur(Image image, float radius) {
  float sigma2 = radius * radius / 3;
  float L = static_cast<float>(std::sqrt(12.0 * sigma2 + 1.0));
  float l = static_cast<float>(std::floor((L - 1.0) / 2.0));
  float a = (2 * l + 1) * (l * (l + 1) - 3 * sigma2);
  a /= 6 * (sigma2 - (l + 1) * (l + 1));
  float box = l + a;
  int whole = static_cast<int>(box);
  uint32_t inner = static_cast<uint32_t>(16777216.0f / (box * 2 + 1));
  uint32_t outer = (16777216u - (2 * whole + 1) * inner) / 2;
  auto pass = [&](int lines, int length, size_t step, size_t lineStep) {
    for (int k = 0; k < lines; ++k)
      for (int c = 0; c < image.channels; ++c) {
        uint8_t *first = image.pixels.data() + k * lineStep + c;
        Bytes line;
        for (int i = 0; i < length; ++i)
          line.push_back(first[i * step]);
        for (int n = 0; n < 3; ++n)
          line = plainBox(line, whole, inner, outer);
        for (int i = 0; i < length; ++i)
          first[i * step] = line[i];
      }
  };
  pass(image.height, image.width, image.channels, image.stride());
  pass(image.width, image.height, image.stride(), image.channels);
  return image;
}

TEST(BlurTest, EqualsThePlainModelBitForBit) {
  std::vector<uint8_t> scratch;
  for (int channels : {1, 3})
    for (auto [width, height] :
         {std::pair{40, 30}, {1, 1}, {2, 3}, {5, 200}, {130, 7}})
      for (float radius : {0.1f, 0.5f, 1.0f, 1.37f, 2.0f, 6.5f}) {
        Image image = picture(width, height, channels);
        Image expected = plainBlur(image, radius);
        gaussianBlur(image, radius, scratch);
        EXPECT_EQ(image.pixels, expected.pixels)
            << width << " x " << height << " radius " << radius;
      }
}

TEST(BlurTest, RadiusZeroChangesNothing) {
  std::vector<uint8_t> scratch;
  Image image = picture(10, 10, 3), before = image;
  gaussianBlur(image, 0, scratch);
  EXPECT_EQ(image.pixels, before.pixels);
}

TEST(BlurTest, ComesCloseToAGaussian) {
  std::vector<uint8_t> scratch;
  for (float radius : {1.0f, 2.0f, 4.0f}) {
    // An edge becomes the Gaussian's distribution function.
    Image image{64, 1, 1, Bytes(64, 0)};
    std::fill(image.pixels.begin() + 32, image.pixels.end(), uint8_t{255});
    gaussianBlur(image, radius, scratch);
    for (int x = 0; x < 64; ++x) {
      double expected =
          255 * 0.5 * (1 + std::erf((x - 31.5) / (radius * std::sqrt(2.0))));
      EXPECT_NEAR(image.pixels[x], expected, 255 * 0.02) << radius << " " << x;
    }
  }
}

} // namespace
