//===- TestFiles.h - files that the data tests make -------------*- C++ -*-===//

#ifndef BCSSL_TEST_RUNTIME_DATA_TESTFILES_H
#define BCSSL_TEST_RUNTIME_DATA_TESTFILES_H

#include "runtime/data/Image.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace bcssl::test {

using Bytes = std::vector<uint8_t>;

/// A test with a directory of its own.
class DirectoryTest : public testing::Test {
protected:
  void SetUp() override;
  void TearDown() override;

  std::filesystem::path directory;
};

void writeFile(const std::filesystem::path &path,
               std::span<const uint8_t> data);

/// An IDX file of unsigned bytes.
Bytes idxFile(const std::vector<uint32_t> &shape,
              std::span<const uint8_t> data);

/// One gzip member.
Bytes gzipped(std::span<const uint8_t> data);

/// Smooth colours with some noise, the same for the same seed.
Image picture(int width, int height, int channels, uint32_t seed = 1);

struct PngStyle {
  int type = -1; ///< PNG's colour type; -1: grey or RGB as the image
  int bits = 8;
  bool interlaced = false;
};

/// The image as PNG. Alpha channels, palettes and wider samples are made up
/// from the image's values.
Bytes pngFile(const Image &image, const PngStyle &style = {});

struct JpegStyle {
  int quality = 90;
  bool progressive = false;
  bool arithmetic = false;
  int restartInterval = 0;
  bool ycck = false; ///< for `inks`: YCCK instead of CMYK
};

Bytes jpegFile(const Image &image, const JpegStyle &style = {});
/// Four components per pixel, stored as they are with an Adobe marker.
Bytes jpegFileOfInks(int width, int height, std::span<const uint8_t> inks,
                     const JpegStyle &style = {});

/// Sets the checksum of every whole chunk of a PNG right.
void repairPngChecksums(Bytes &file);

} // namespace bcssl::test

#endif // BCSSL_TEST_RUNTIME_DATA_TESTFILES_H
