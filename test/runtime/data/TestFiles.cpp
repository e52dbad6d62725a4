//===- TestFiles.cpp ------------------------------------------------------===//

#include "TestFiles.h"

#include "runtime/base/Philox.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <jpeglib.h>
#include <png.h>
#include <zlib.h>

namespace bcssl::test {

void DirectoryTest::SetUp() {
  char name[] = "/tmp/bcssl-data-XXXXXX";
  ASSERT_NE(mkdtemp(name), nullptr);
  directory = name;
}

void DirectoryTest::TearDown() { std::filesystem::remove_all(directory); }

void writeFile(const std::filesystem::path &path,
               std::span<const uint8_t> data) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char *>(data.data()),
             static_cast<std::streamsize>(data.size()));
}

static void put32(Bytes &out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<uint8_t>(value >> shift));
}

Bytes idxFile(const std::vector<uint32_t> &shape,
              std::span<const uint8_t> data) {
  Bytes file = {0, 0, 8, static_cast<uint8_t>(shape.size())};
  for (uint32_t extent : shape)
    put32(file, extent);
  file.insert(file.end(), data.begin(), data.end());
  return file;
}

Bytes gzipped(std::span<const uint8_t> data) {
  z_stream stream = {};
  EXPECT_EQ(
      deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY),
      Z_OK);
  Bytes out(deflateBound(&stream, data.size()) + 64);
  stream.next_in = const_cast<uint8_t *>(data.data());
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

Image picture(int width, int height, int channels, uint32_t seed) {
  Image image{width, height, channels};
  image.pixels.resize(image.stride() * height);
  Philox random(seed, 7);
  float phase = random.uniform(0, 6);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < channels; ++c) {
        float wave = std::sin(0.11f * x * (c + 1) + 0.07f * y + phase + c);
        float value = 128 + 100 * wave + random.uniform(-40, 40);
        image.row(y)[x * channels + c] =
            static_cast<uint8_t>(std::min(std::max(value, 0.0f), 255.0f));
      }
  return image;
}

static void appendPng(png_structp png, png_bytep data, size_t length) {
  auto *out = static_cast<Bytes *>(png_get_io_ptr(png));
  out->insert(out->end(), data, data + length);
}

Bytes pngFile(const Image &image, const PngStyle &style) {
  int type = style.type >= 0       ? style.type
             : image.channels == 3 ? PNG_COLOR_TYPE_RGB
                                   : PNG_COLOR_TYPE_GRAY;
  Bytes file;
  png_structp png =
      png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(png, &file, appendPng, nullptr);
  png_set_IHDR(png, info, image.width, image.height, style.bits, type,
               style.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (type == PNG_COLOR_TYPE_PALETTE) {
    png_color palette[256];
    for (int i = 0; i < 256; ++i)
      palette[i] = {static_cast<png_byte>(i), static_cast<png_byte>(255 - i),
                    static_cast<png_byte>(i * 7)};
    png_set_PLTE(png, info, palette, 1 << style.bits);
  }
  png_write_info(png, info);
  // One sample of the image a byte; libpng packs, the rest is made up.
  if (style.bits < 8)
    png_set_packing(png);
  bool alpha = type & PNG_COLOR_MASK_ALPHA;
  std::vector<Bytes> rows(static_cast<size_t>(image.height));
  std::vector<png_bytep> pointers;
  for (int y = 0; y < image.height; ++y) {
    Bytes &row = rows[static_cast<size_t>(y)];
    for (int x = 0; x < image.width; ++x) {
      for (int c = 0; c < image.channels; ++c) {
        uint8_t value = image.row(y)[x * image.channels + c];
        row.push_back(style.bits < 8 ? value >> (8 - style.bits) : value);
        if (style.bits == 16)
          row.push_back(static_cast<uint8_t>(x * 37));
      }
      for (int i = 0; alpha && i < style.bits / 8; ++i)
        row.push_back(static_cast<uint8_t>(x + y));
    }
    pointers.push_back(row.data());
  }
  png_write_image(png, pointers.data());
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return file;
}

static Bytes encodeJpeg(int width, int height, int components,
                        J_COLOR_SPACE input, J_COLOR_SPACE stored,
                        const uint8_t *pixels, const JpegStyle &style) {
  jpeg_compress_struct info;
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char *memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &memory, &size);
  info.image_width = static_cast<JDIMENSION>(width);
  info.image_height = static_cast<JDIMENSION>(height);
  info.input_components = components;
  info.in_color_space = input;
  jpeg_set_defaults(&info);
  jpeg_set_colorspace(&info, stored);
  jpeg_set_quality(&info, style.quality, TRUE);
  info.arith_code = style.arithmetic;
  info.restart_interval = static_cast<unsigned>(style.restartInterval);
  if (style.progressive)
    jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    auto *row = const_cast<JSAMPROW>(pixels + size_t{info.next_scanline} *
                                                  width * components);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  Bytes file(memory, memory + size);
  jpeg_destroy_compress(&info);
  std::free(memory);
  return file;
}

Bytes jpegFile(const Image &image, const JpegStyle &style) {
  bool grey = image.channels == 1;
  return encodeJpeg(
      image.width, image.height, image.channels, grey ? JCS_GRAYSCALE : JCS_RGB,
      grey ? JCS_GRAYSCALE : JCS_YCbCr, image.pixels.data(), style);
}

Bytes jpegFileOfInks(int width, int height, std::span<const uint8_t> inks,
                     const JpegStyle &style) {
  return encodeJpeg(width, height, 4, JCS_CMYK,
                    style.ycck ? JCS_YCCK : JCS_CMYK, inks.data(), style);
}

void repairPngChecksums(Bytes &file) {
  size_t at = 8;
  while (at + 12 <= file.size()) {
    size_t length = size_t{file[at]} << 24 | size_t{file[at + 1]} << 16 |
                    size_t{file[at + 2]} << 8 | file[at + 3];
    if (length > file.size() - at - 12)
      return;
    uint32_t sum = static_cast<uint32_t>(
        crc32(0, file.data() + at + 4, static_cast<uInt>(length + 4)));
    for (int i = 0; i < 4; ++i)
      file[at + 8 + length + i] = static_cast<uint8_t>(sum >> (24 - 8 * i));
    at += length + 12;
  }
}

} // namespace bcssl::test
