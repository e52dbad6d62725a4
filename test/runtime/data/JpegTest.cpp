//===- JpegTest.cpp -------------------------------------------------------===//

#include "runtime/data/Decode.h"

#include "TestFiles.h"

#include <cstdlib>

using namespace bcssl;
using namespace bcssl::test;

namespace {

std::string idOf(const Result<Image> &result) {
  return result.ok() ? "ok" : result.error().id;
}

Image decoded(const Bytes &file) {
  auto image = decodeImage(file, "test image");
  EXPECT_TRUE(image.ok()) << image.error().text();
  return image.ok() ? std::move(*image) : Image();
}

/// Mean absolute difference.
double distance(const Image &a, const Image &b) {
  EXPECT_EQ(a.pixels.size(), b.pixels.size());
  double sum = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i)
    sum += std::abs(a.pixels[i] - b.pixels[i]);
  return sum / static_cast<double>(a.pixels.size());
}

TEST(JpegTest, EveryKindComesClose) {
  Image one = picture(45, 33, 1), three = picture(45, 33, 3);
  for (JpegStyle style : {JpegStyle{.quality = 97},
                          {.quality = 97, .progressive = true},
                          {.quality = 97, .arithmetic = true},
                          {.quality = 97, .restartInterval = 2}}) {
    Image image = decoded(jpegFile(one, style));
    EXPECT_EQ(image.channels, 1);
    EXPECT_LT(distance(image, one), 3);
    image = decoded(jpegFile(three, style));
    EXPECT_EQ(image.channels, 3);
    // Chroma is stored at half the resolution, and the picture has noise.
    EXPECT_LT(distance(image, three), 20);
  }
}

TEST(JpegTest, ProgressiveAndBaselineGiveTheSamePixels) {
  Image image = picture(64, 48, 3);
  EXPECT_EQ(decoded(jpegFile(image)).pixels,
            decoded(jpegFile(image, {.progressive = true})).pixels);
}

// Flat colours survive the compression, so Pillow's formula can be checked.
TEST(JpegTest, FourInksAreAdobesInvertedOnes) {
  for (bool ycck : {false, true})
    for (std::array<uint8_t, 4> inks :
         {std::array<uint8_t, 4>{255, 255, 255, 255},
          {0, 0, 0, 0},
          {200, 100, 50, 255},
          {200, 100, 50, 128},
          {255, 0, 0, 255}}) {
      Bytes pixels;
      for (int i = 0; i < 16 * 16; ++i)
        pixels.insert(pixels.end(), inks.begin(), inks.end());
      Image image = decoded(
          jpegFileOfInks(16, 16, pixels, {.quality = 100, .ycck = ycck}));
      ASSERT_EQ(image.channels, 3);
      // Stored inverted: ink 255 is none, so each colour is ink times black.
      for (int c = 0; c < 3; ++c)
        EXPECT_NEAR(image.pixels[c], inks[c] * inks[3] / 255.0, ycck ? 3 : 2);
    }
}

TEST(JpegTest, EveryTruncationIsFound) {
  Image image = picture(64, 64, 3);
  for (JpegStyle style : {JpegStyle{},
                          {.progressive = true},
                          {.arithmetic = true},
                          {.restartInterval = 3}}) {
    Bytes file = jpegFile(image, style);
    for (size_t length = 3; length < file.size(); ++length) {
      auto result = decodeImage(std::span(file).first(length), "cut.jpg");
      ASSERT_FALSE(result.ok()) << length << " of " << file.size();
      EXPECT_EQ(result.error().file, "cut.jpg");
      EXPECT_LE(*result.error().offset, length);
    }
  }
}

/// The position of the frame header's height.
size_t frameHeight(const Bytes &file) {
  size_t at = 2;
  while (file[at + 1] < 0xc0 || file[at + 1] > 0xc2)
    at += 2 + file[at + 2] * 256 + file[at + 3];
  return at + 5;
}

TEST(JpegTest, BombsAreRefusedBeforeAllocation) {
  for (bool progressive : {false, true}) {
    Bytes file = jpegFile(picture(16, 16, 3), {.progressive = progressive});
    size_t at = frameHeight(file);
    for (int i = 0; i < 4; ++i)
      file[at + i] = i % 2 ? 0xdc : 0xff; // 65500 x 65500
    EXPECT_EQ(idOf(decodeImage(file, "a.jpg")), "image-pixels");
  }
}

TEST(JpegTest, MemoryAndScansAreLimited) {
  Bytes file = jpegFile(picture(512, 512, 3), {.progressive = true});
  DecodeLimits limits;
  EXPECT_EQ(idOf(decodeImage(file, "a.jpg", limits)), "ok");
  limits.memory = 100000; // the coefficients alone need 768 KiB
  EXPECT_EQ(idOf(decodeImage(file, "a.jpg", limits)), "jpeg-memory");
  limits = {};
  limits.scans = 3;
  EXPECT_EQ(idOf(decodeImage(file, "a.jpg", limits)), "jpeg-scans");
}

TEST(JpegTest, RepeatedScansEndAtTheLimit) {
  // The last scan over and over: each one costs a pass over all coefficients.
  Bytes file = jpegFile(picture(64, 64, 1), {.progressive = true});
  size_t scan = file.size() - 2;
  while (file[scan] != 0xff || file[scan + 1] != 0xda)
    --scan;
  Bytes last(file.begin() + scan, file.end() - 2);
  file.resize(file.size() - 2);
  for (int i = 0; i < 1000; ++i)
    file.insert(file.end(), last.begin(), last.end());
  file.push_back(0xff), file.push_back(0xd9);
  auto image = decodeImage(file, "a.jpg");
  ASSERT_FALSE(image.ok());
}

} // namespace
