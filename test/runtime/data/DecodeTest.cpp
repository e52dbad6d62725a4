//===- DecodeTest.cpp -----------------------------------------------------===//

#include "runtime/data/Decode.h"

#include "TestFiles.h"

#include "runtime/data/ColorOps.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

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

constexpr int grey = 0, rgb = 2, palette = 3, greyAlpha = 4, rgbAlpha = 6;

TEST(PngTest, EveryKindBecomesEightBits) {
  for (bool interlaced : {false, true}) {
    Image one = picture(37, 21, 1), three = picture(37, 21, 3);
    for (int bits : {8, 16})
      for (int type : {grey, greyAlpha})
        EXPECT_EQ(decoded(pngFile(one, {type, bits, interlaced})).pixels,
                  one.pixels)
            << bits << " " << type;
    for (int bits : {8, 16})
      for (int type : {rgb, rgbAlpha})
        EXPECT_EQ(decoded(pngFile(three, {type, bits, interlaced})).pixels,
                  three.pixels)
            << bits << " " << type;
    for (int bits : {1, 2, 4}) {
      Image image = decoded(pngFile(one, {grey, bits, interlaced}));
      ASSERT_EQ(image.channels, 1);
      for (size_t i = 0; i < one.pixels.size(); ++i)
        ASSERT_EQ(image.pixels[i],
                  (one.pixels[i] >> (8 - bits)) * 255 / ((1 << bits) - 1));
    }
    for (int bits : {1, 2, 4, 8}) {
      Image image = decoded(pngFile(one, {palette, bits, interlaced}));
      ASSERT_EQ(image.channels, 3);
      for (size_t i = 0; i < one.pixels.size(); ++i) {
        int index = one.pixels[i] >> (8 - bits);
        ASSERT_EQ(image.pixels[3 * i], index);
        ASSERT_EQ(image.pixels[3 * i + 1], 255 - index);
        ASSERT_EQ(image.pixels[3 * i + 2], (index * 7) & 255);
      }
    }
  }
}

TEST(PngTest, EveryTruncationIsFound) {
  for (bool interlaced : {false, true}) {
    Bytes file = pngFile(picture(20, 20, 3), {-1, 8, interlaced});
    for (size_t length = 8; length < file.size(); ++length) {
      auto image = decodeImage(std::span(file).first(length), "cut.png");
      ASSERT_EQ(idOf(image), "png-truncated") << length;
      EXPECT_EQ(image.error().file, "cut.png");
      EXPECT_EQ(image.error().offset, length);
    }
  }
}

TEST(PngTest, EveryFlippedBitIsFoundByAChecksum) {
  Bytes file = pngFile(picture(9, 9, 1));
  for (size_t at = 8; at < file.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      Bytes damaged = file;
      damaged[at] ^= static_cast<uint8_t>(1 << bit);
      ASSERT_FALSE(decodeImage(damaged, "a.png").ok()) << at;
    }
}

/// Sets both sides in the header, with a right checksum.
Bytes withSides(Bytes file, uint32_t width, uint32_t height) {
  for (int i = 0; i < 4; ++i) {
    file[16 + i] = static_cast<uint8_t>(width >> (24 - 8 * i));
    file[20 + i] = static_cast<uint8_t>(height >> (24 - 8 * i));
  }
  repairPngChecksums(file);
  return file;
}

TEST(PngTest, BombsAreRefusedBeforeAllocation) {
  Bytes file = pngFile(picture(16, 16, 1), {grey, 1});
  EXPECT_EQ(idOf(decodeImage(withSides(file, 30000, 30000), "a")),
            "image-pixels");
  EXPECT_EQ(idOf(decodeImage(withSides(file, 70000, 1), "a")), "png-corrupt");
  EXPECT_EQ(idOf(decodeImage(withSides(file, 0x7fffffff, 0x7fffffff), "a")),
            "png-corrupt");
  EXPECT_EQ(idOf(decodeImage(withSides(file, 0, 5), "a")), "png-corrupt");
  DecodeLimits limits;
  limits.pixels = 255;
  EXPECT_EQ(idOf(decodeImage(file, "a", limits)), "image-pixels");
  limits.pixels = 256;
  EXPECT_EQ(idOf(decodeImage(file, "a", limits)), "ok");
}

// As libpng and Pillow have it, and never memory behind the palette.
TEST(PngTest, PaletteIndexOutOfRangeIsBlack) {
  Image image{4, 4, 1, Bytes(16, 0)};
  image.pixels[5] = 0xf0; // index 15
  Bytes file = pngFile(image, {palette, 4});
  // Shorten the palette from 16 to 8 colours.
  size_t at = 8;
  while (std::memcmp(&file[at + 4], "PLTE", 4) != 0)
    at += 12 + file[at + 3];
  ASSERT_EQ(file[at + 3], 48);
  file[at + 3] = 24;
  file.erase(file.begin() + at + 8 + 24, file.begin() + at + 8 + 48);
  repairPngChecksums(file);
  Image out = decoded(file);
  for (size_t i = 0; i < 48; ++i)
    EXPECT_EQ(out.pixels[i], i % 3 == 1 && i / 3 != 5 ? 255 : 0) << i;
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

TEST(DecodeTest, MagicBytesDecide) {
  EXPECT_EQ(idOf(decodeImage({}, "a.png")), "image-format");
  EXPECT_EQ(idOf(decodeImage(Bytes{'G', 'I', 'F', '8'}, "a.png")),
            "image-format");
  EXPECT_EQ(idOf(decodeImage(jpegFile(picture(8, 8, 3)), "a.png")), "ok");
  EXPECT_EQ(idOf(decodeImage(pngFile(picture(8, 8, 3)), "a.JPEG")), "ok");
}

TEST(DecodeTest, BytesAfterTheEndAreIgnored) {
  for (Bytes file : {jpegFile(picture(8, 8, 3)), pngFile(picture(8, 8, 3))}) {
    file.insert(file.end(), 100, 'x');
    EXPECT_EQ(idOf(decodeImage(file, "a")), "ok");
  }
}

TEST(DecodeTest, ChannelsAreConverted) {
  Image one = picture(5, 4, 1), three = picture(5, 4, 3);
  Image grey = withChannels(three, 1), colour = withChannels(one, 3);
  for (size_t i = 0; i < one.pixels.size(); ++i) {
    EXPECT_EQ(grey.pixels[i], luma(&three.pixels[3 * i]));
    for (int c = 0; c < 3; ++c)
      EXPECT_EQ(colour.pixels[3 * i + c], one.pixels[i]);
  }
  EXPECT_EQ(withChannels(one, 1).pixels, one.pixels);
}

using DecodeFileTest = DirectoryTest;

TEST_F(DecodeFileTest, LargeFilesAreRefused) {
  Bytes file = pngFile(picture(8, 8, 3));
  writeFile(directory / "a.png", file);
  DecodeLimits limits;
  limits.fileBytes = file.size();
  EXPECT_EQ(idOf(readImage(directory / "a.png", limits)), "ok");
  limits.fileBytes = file.size() - 1;
  EXPECT_EQ(idOf(readImage(directory / "a.png", limits)), "file-too-large");
}

} // namespace
