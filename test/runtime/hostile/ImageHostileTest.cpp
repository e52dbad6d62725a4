//===- ImageHostileTest.cpp - damaged PNG and JPEG files ------------------===//

#include "Mutator.h"

#include "runtime/data/Decode.h"

#include <algorithm>
#include <cstring>
#include <zlib.h>

using namespace bcssl;
using namespace bcssl::test;

namespace {

/// Small enough that a mutant with other sides stays cheap.
DecodeLimits tightLimits() {
  DecodeLimits limits;
  limits.pixels = 1 << 20;
  limits.memory = 16 << 20;
  return limits;
}

/// Decodes; the result is a whole image or an error that names the file.
bool decodeMutant(const Bytes &file) {
  auto image = decodeImage(file, "mutant", tightLimits());
  if (image.ok()) {
    EXPECT_GE(image->width, 1);
    EXPECT_GE(image->height, 1);
    EXPECT_TRUE(image->channels == 1 || image->channels == 3);
    EXPECT_EQ(image->pixels.size(), image->stride() * image->height);
    EXPECT_LE(image->pixels.size(), 3u << 20);
    return true;
  }
  const Error &error = image.error();
  EXPECT_EQ(error.code, ExitCode::BadData) << error.text();
  EXPECT_EQ(error.file, "mutant");
  EXPECT_FALSE(error.id.empty());
  EXPECT_FALSE(error.message.empty());
  EXPECT_LE(error.offset.value_or(0), file.size()) << error.text();
  return false;
}

std::vector<Bytes> pngSeeds() {
  Image one = picture(23, 17, 1), three = picture(23, 17, 3);
  std::vector<Bytes> seeds;
  for (bool interlaced : {false, true}) {
    for (int bits : {1, 2, 4, 8, 16})
      seeds.push_back(pngFile(one, {0, bits, interlaced}));
    for (int bits : {1, 2, 4, 8})
      seeds.push_back(pngFile(one, {3, bits, interlaced}));
    for (int bits : {8, 16}) {
      seeds.push_back(pngFile(three, {2, bits, interlaced}));
      seeds.push_back(pngFile(one, {4, bits, interlaced}));
      seeds.push_back(pngFile(three, {6, bits, interlaced}));
    }
  }
  return seeds;
}

std::vector<Bytes> jpegSeeds() {
  Image one = picture(40, 25, 1), three = picture(40, 25, 3);
  Bytes inks(40 * 25 * 4, 99);
  std::vector<Bytes> seeds;
  for (JpegStyle style : {JpegStyle{},
                          {.progressive = true},
                          {.arithmetic = true},
                          {.progressive = true, .arithmetic = true},
                          {.restartInterval = 2}}) {
    seeds.push_back(jpegFile(one, style));
    seeds.push_back(jpegFile(three, style));
    seeds.push_back(jpegFileOfInks(40, 25, inks, style));
    style.ycck = true;
    seeds.push_back(jpegFileOfInks(40, 25, inks, style));
  }
  return seeds;
}

/// The peak of memory may grow by what the limits allow and some slack for the
/// test itself.
class ImageHostileTest : public testing::Test {
protected:
  void TearDown() override { EXPECT_LT(memory.growth(), uint64_t{64} << 20); }

  MemoryWatch memory;
};

TEST_F(ImageHostileTest, PngMutants) {
  std::vector<Bytes> seeds = pngSeeds();
  int sound = 0;
  for (int number = 0; number < mutantCount(); ++number) {
    Mutator mutator(static_cast<uint32_t>(number));
    Bytes file = mutator.mutate(seeds[number % seeds.size()]);
    sound += decodeMutant(file);
    // Past the checksums, into the parser and the decompressor.
    repairPngChecksums(file);
    sound += decodeMutant(file);
  }
  EXPECT_GT(sound, 0);
  EXPECT_LT(sound, mutantCount());
}

TEST_F(ImageHostileTest, PngMutantsOfTheUnpackedData) {
  Image image = picture(23, 17, 3);
  Bytes file = pngFile(image);
  // One data chunk: its content is replaced by other compressed bytes.
  size_t at = 8;
  while (std::memcmp(&file[at + 4], "IDAT", 4) != 0)
    at += 12 + (size_t{file[at + 2]} << 8 | file[at + 3]);
  Bytes rows((23 * 3 + 1) * 17, 0);
  int sound = 0;
  for (int number = 0; number < mutantCount(); ++number) {
    Mutator mutator(static_cast<uint32_t>(number));
    Bytes raw = mutator.mutate(rows);
    Bytes packed(compressBound(raw.size()));
    uLongf size = packed.size();
    ASSERT_EQ(compress(packed.data(), &size, raw.data(), raw.size()), Z_OK);
    Bytes hostile(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(at));
    for (int shift = 24; shift >= 0; shift -= 8)
      hostile.push_back(static_cast<uint8_t>(size >> shift));
    hostile.insert(hostile.end(), {'I', 'D', 'A', 'T'});
    hostile.insert(hostile.end(), packed.begin(),
                   packed.begin() + static_cast<std::ptrdiff_t>(size));
    hostile.insert(hostile.end(),
                   {0, 0, 0, 0, 0, 0, 0, 0, 'I', 'E', 'N', 'D', 0, 0, 0, 0});
    repairPngChecksums(hostile);
    sound += decodeMutant(hostile);
  }
  EXPECT_GT(sound, 0);
}

TEST_F(ImageHostileTest, JpegMutants) {
  std::vector<Bytes> seeds = jpegSeeds();
  int sound = 0;
  for (int number = 0; number < mutantCount(); ++number) {
    Mutator mutator(static_cast<uint32_t>(number));
    sound += decodeMutant(mutator.mutate(seeds[number % seeds.size()]));
  }
  EXPECT_GT(sound, 0);
  // Quantisation tables and some bits of the data have no wrong values.
  EXPECT_LT(sound, mutantCount() / 2);
}

TEST_F(ImageHostileTest, JpegMutantsOfTheFrameHeader) {
  std::vector<Bytes> seeds = jpegSeeds();
  int sound = 0;
  for (int number = 0; number < mutantCount(); ++number) {
    Mutator mutator(static_cast<uint32_t>(number));
    Bytes file = seeds[number % seeds.size()];
    size_t at = 2;
    while (file[at + 1] < 0xc0 || file[at + 1] > 0xcf || file[at + 1] == 0xc4 ||
           file[at + 1] == 0xcc)
      at += 2 + (size_t{file[at + 2]} << 8 | file[at + 3]);
    size_t length = size_t{file[at + 2]} << 8 | file[at + 3];
    mutator.putExtreme(file, at + mutator.below(length + 2));
    sound += decodeMutant(file);
  }
  EXPECT_GT(sound, 0);
}

/// A chunk with a right checksum.
Bytes chunk(const char *type, const Bytes &content) {
  Bytes result;
  for (int shift = 24; shift >= 0; shift -= 8)
    result.push_back(static_cast<uint8_t>(content.size() >> shift));
  result.insert(result.end(), type, type + 4);
  result.insert(result.end(), content.begin(), content.end());
  result.insert(result.end(), 4, 0);
  return result;
}

/// The file with `extra` behind its header.
Bytes withChunk(Bytes file, const Bytes &extra) {
  file.insert(file.begin() + 33, extra.begin(), extra.end());
  repairPngChecksums(file);
  return file;
}

TEST_F(ImageHostileTest, CompressedTextsAndProfilesAreNotUnpacked) {
  Bytes zeros(size_t{100} << 20);
  Bytes packed(compressBound(zeros.size()));
  uLongf size = packed.size();
  ASSERT_EQ(compress2(packed.data(), &size, zeros.data(), zeros.size(), 9),
            Z_OK);
  packed.resize(size);
  zeros = Bytes();
  memory = MemoryWatch();
  Bytes content = {'n', 'a', 'm', 'e', 0, 0};
  content.insert(content.end(), packed.begin(), packed.end());
  for (const char *type : {"zTXt", "iCCP", "iTXt", "abCd"})
    EXPECT_TRUE(decodeMutant(
        withChunk(pngFile(picture(8, 8, 3)), chunk(type, content))))
        << type;
}

TEST_F(ImageHostileTest, UnknownCriticalChunkIsRefused) {
  EXPECT_FALSE(decodeMutant(
      withChunk(pngFile(picture(8, 8, 3)), chunk("ABCD", Bytes(9)))));
}

TEST_F(ImageHostileTest, FilesThatAreOnlyMagic) {
  for (Bytes file : {Bytes{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'},
                     Bytes{0xff, 0xd8, 0xff}, Bytes{0xff, 0xd8, 0xff, 0xd9},
                     Bytes{0xff, 0xd8, 0xff, 0xda, 0, 2, 0xff, 0xd9}})
    EXPECT_FALSE(decodeMutant(file));
}

} // namespace
