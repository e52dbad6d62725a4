//===- Decode.h - an image file as pixels -----------------------*- C++ -*-===//
//
// PNG and JPEG under hard limits. The first bytes decide the format, never the
// name (ImageNet has a PNG called .JPEG). Pixels are those that Pillow gives
// after convert("RGB"), except that grey images keep their single channel.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_DATA_DECODE_H
#define BCSSL_RUNTIME_DATA_DECODE_H

#include "runtime/base/Status.h"
#include "runtime/data/Image.h"

#include <cstdint>
#include <span>
#include <string>

namespace bcssl {

/// What one image may cost.
struct DecodeLimits {
  uint64_t pixels = uint64_t{64} << 20;     ///< width * height
  uint64_t fileBytes = uint64_t{256} << 20; ///< the encoded file
  uint64_t memory = uint64_t{512} << 20;    ///< inside the decoder
  int scans = 100;                          ///< passes of a progressive JPEG
};

/// Decodes the content of a file called `name`.
/// Errors (BadData unless said): "image-format", "image-pixels",
/// "png-corrupt", "png-truncated", "jpeg-corrupt", "jpeg-truncated",
/// "jpeg-scans", "jpeg-memory", "out-of-memory" (NoResource).
Result<Image> decodeImage(std::span<const uint8_t> file,
                          const std::string &name,
                          const DecodeLimits &limits = {});

/// Reads and decodes a file. Errors: those of readFile and decodeImage.
Result<Image> readImage(const std::string &path,
                        const DecodeLimits &limits = {});

/// `image` with 1 or 3 channels: grey is repeated, RGB becomes Pillow's "L"
/// (ITU-R 601 luma in 16-bit fixed point).
Image withChannels(Image image, int channels);

} // namespace bcssl

#endif // BCSSL_RUNTIME_DATA_DECODE_H
