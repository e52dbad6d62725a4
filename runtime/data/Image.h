//===- Image.h - an 8-bit picture in memory ---------------------*- C++ -*-===//
//
// What decoders and data sets hand out: rows from the top, pixels from the
// left, channels interleaved, no padding between rows.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_DATA_IMAGE_H
#define BCSSL_RUNTIME_DATA_IMAGE_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bcssl {

/// An image with 1 (grey) or 3 (RGB) channels of 8 bits.
struct Image {
  int width = 0;
  int height = 0;
  int channels = 0;
  std::vector<uint8_t> pixels = {}; ///< height * width * channels

  /// Bytes of one row.
  size_t stride() const {
    return static_cast<size_t>(width) * static_cast<size_t>(channels);
  }
  uint8_t *row(int y) { return pixels.data() + stride() * y; }
  const uint8_t *row(int y) const { return pixels.data() + stride() * y; }
};

/// A rectangle of an image that somebody else owns.
struct ImageView {
  int width = 0;
  int height = 0;
  int channels = 0;
  size_t stride = 0; ///< bytes from one row to the next
  const uint8_t *pixels = nullptr;

  ImageView() = default;
  ImageView(const Image &image)
      : width(image.width), height(image.height), channels(image.channels),
        stride(image.stride()), pixels(image.pixels.data()) {}

  const uint8_t *row(int y) const { return pixels + stride * y; }

  /// The part of `width` by `height` pixels whose first pixel is (left, top);
  /// it must lie inside.
  ImageView crop(int left, int top, int cropWidth, int cropHeight) const {
    ImageView part = *this;
    part.width = cropWidth;
    part.height = cropHeight;
    part.pixels = row(top) + static_cast<size_t>(left) * channels;
    return part;
  }
};

} // namespace bcssl

#endif // BCSSL_RUNTIME_DATA_IMAGE_H
