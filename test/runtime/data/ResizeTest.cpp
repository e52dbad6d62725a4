//===- ResizeTest.cpp -----------------------------------------------------===//

#include "runtime/data/Resize.h"

#include "TestFiles.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <zlib.h>

using namespace bcssl;
using namespace bcssl::test;

namespace {

/// One axis of one pixel, after the published description: a filter of support
/// `support` times the scale, weights normalised to 1, rounded to 22 bits.
int plainSum(int inSize, int outSize, int position, ResizeFilter filter,
             const std::function<int(int)> &value) {
  double scale = static_cast<double>(inSize) / outSize;
  double stretch = std::max(scale, 1.0);
  bool cubic = filter == ResizeFilter::Bicubic;
  double radius = (cubic ? 2.0 : 1.0) * stretch;
  double center = (position + 0.5) * scale;
  int low = std::max(static_cast<int>(center - radius + 0.5), 0);
  int high = std::min(static_cast<int>(center + radius + 0.5), inSize);
  std::vector<double> taps;
  double total = 0;
  for (int x = low; x < high; ++x) {
    double d = std::abs((x - center + 0.5) * (1.0 / stretch));
    double tap = !cubic  ? std::max(1 - d, 0.0)
                 : d < 1 ? (1.5 * d - 2.5) * d * d + 1
                 : d < 2 ? (((d - 5) * d + 8) * d - 4) * -0.5
                         : 0;
    taps.push_back(tap);
    total += tap;
  }
  int64_t sum = 1 << 21;
  for (int x = low; x < high; ++x) {
    double weight = taps[x - low] / total * 4194304.0;
    sum += std::lround(weight) * value(x);
  }
  return static_cast<int>(std::clamp<int64_t>(sum >> 22, 0, 255));
}

Image plainResize(const Image &input, int width, int height,
                  ResizeFilter filter) {
  Image rows{width, input.height, input.channels},
      out{width, height, input.channels};
  rows.pixels.resize(rows.stride() * rows.height);
  out.pixels.resize(out.stride() * height);
  int channels = input.channels;
  for (int y = 0; y < input.height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < channels; ++c)
        rows.row(y)[x * channels + c] = static_cast<uint8_t>(
            plainSum(input.width, width, x, filter,
                     [&](int i) { return input.row(y)[i * channels + c]; }));
  for (int y = 0; y < height; ++y)
    for (size_t x = 0; x < out.stride(); ++x)
      out.row(y)[x] =
          static_cast<uint8_t>(plainSum(input.height, height, y, filter,
                                        [&](int i) { return rows.row(i)[x]; }));
  return out;
}

Image resized(const ImageView &input, int width, int height,
              ResizeFilter filter) {
  ResizeScratch scratch;
  Image out;
  resize(input, width, height, filter, scratch, out);
  return out;
}

constexpr ResizeFilter filters[] = {ResizeFilter::Bilinear,
                                    ResizeFilter::Bicubic};

TEST(ResizeTest, EqualsThePlainModelBitForBit) {
  for (int channels : {1, 3})
    for (auto [width, height, toWidth, toHeight] : {std::array{31, 17, 8, 9},
                                                    {17, 31, 40, 35},
                                                    {100, 3, 11, 13},
                                                    {1, 1, 4, 4},
                                                    {64, 64, 32, 32},
                                                    {63, 65, 64, 64},
                                                    {90, 70, 7, 96}}) {
      Image image = picture(width, height, channels);
      for (ResizeFilter filter : filters)
        EXPECT_EQ(resized(image, toWidth, toHeight, filter).pixels,
                  plainResize(image, toWidth, toHeight, filter).pixels)
            << width << " " << height << " " << toWidth << " " << toHeight;
    }
}

/// Width, height, channels, new width, new height, CRC-32 of the bilinear and
/// of the bicubic result, from resize_golden.py.
struct Golden {
  int width, height, channels, toWidth, toHeight;
  uint32_t bilinear, bicubic;
};
constexpr Golden golden[] = {
    {32, 32, 3, 7, 5, 0xeb51f99e, 0x4751471c},
    {50, 37, 3, 224, 224, 0x217c432f, 0x3d172948},
    {300, 200, 3, 96, 96, 0x3dfc4587, 0x5a199421},
    {640, 481, 3, 224, 224, 0x8793e92c, 0x50d16f13},
    {28, 28, 1, 32, 32, 0x4a137ab1, 0xf81a46d8},
    {1, 1, 3, 5, 4, 0x5e799d1c, 0x5e799d1c},
    {3, 200, 1, 96, 96, 0xb19b39a2, 0x003476f5},
    {500, 2, 3, 10, 30, 0x07695478, 0xc9648f31},
};

TEST(ResizeTest, EqualsTheNumpyModelBitForBit) {
  for (const Golden &g : golden) {
    Image image{g.width, g.height, g.channels};
    image.pixels.resize(image.stride() * image.height);
    for (size_t i = 0; i < image.pixels.size(); ++i)
      image.pixels[i] =
          static_cast<uint8_t>(static_cast<uint32_t>(i * 2654435761u) >> 13);
    for (ResizeFilter filter : filters) {
      Image out = resized(image, g.toWidth, g.toHeight, filter);
      uint32_t sum = static_cast<uint32_t>(
          crc32(0, out.pixels.data(), static_cast<uInt>(out.pixels.size())));
      EXPECT_EQ(sum, filter == ResizeFilter::Bicubic ? g.bicubic : g.bilinear)
          << g.width << " x " << g.height;
    }
  }
}

TEST(ResizeTest, SameSizeIsACopy) {
  Image image = picture(20, 30, 3);
  for (ResizeFilter filter : filters)
    EXPECT_EQ(resized(image, 20, 30, filter).pixels, image.pixels);
}

TEST(ResizeTest, FlatStaysFlatAndOvershootIsClipped) {
  Image flat{37, 41, 3, Bytes(37 * 41 * 3, 255)};
  for (uint8_t value : resized(flat, 96, 20, ResizeFilter::Bicubic).pixels)
    ASSERT_EQ(value, 255);
  Image step{8, 1, 1, {0, 0, 0, 0, 255, 255, 255, 255}};
  Image out = resized(step, 32, 1, ResizeFilter::Bicubic);
  EXPECT_EQ(*std::min_element(out.pixels.begin(), out.pixels.end()), 0);
  EXPECT_EQ(*std::max_element(out.pixels.begin(), out.pixels.end()), 255);
  EXPECT_TRUE(std::is_sorted(out.pixels.begin(), out.pixels.end()));
}

TEST(ResizeTest, ViewIsResizedAsItsCopyWouldBe) {
  Image image = picture(60, 50, 3);
  ImageView view = ImageView(image).crop(7, 9, 33, 21);
  Image copy{33, 21, 3};
  for (int y = 0; y < 21; ++y)
    copy.pixels.insert(copy.pixels.end(), view.row(y),
                       view.row(y) + copy.stride());
  EXPECT_EQ(resized(view, 24, 24, ResizeFilter::Bicubic).pixels,
            resized(copy, 24, 24, ResizeFilter::Bicubic).pixels);
}

TEST(ResizeTest, WindowIsPartOfTheWhole) {
  Image image = picture(45, 70, 3);
  ResizeScratch scratch;
  for (auto [width, height] :
       {std::pair{20, 31}, {45, 31}, {20, 70}, {45, 70}, {90, 100}}) {
    Image whole = resized(image, width, height, ResizeFilter::Bicubic), part;
    ResizeWindow window{5, 11, 13, 17};
    resize(image, width, height, ResizeFilter::Bicubic, window, scratch, part);
    ASSERT_EQ(part.pixels.size(), 13u * 17 * 3);
    for (int y = 0; y < 17; ++y)
      EXPECT_TRUE(std::equal(part.row(y), part.row(y) + part.stride(),
                             whole.row(y + 11) + 5 * 3))
          << width << " " << height << " " << y;
  }
}

} // namespace
