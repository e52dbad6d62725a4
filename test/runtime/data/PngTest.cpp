//===- PngTest.cpp --------------------------------------------------------===//

#include "runtime/data/Decode.h"

#include "TestFiles.h"

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

} // namespace
