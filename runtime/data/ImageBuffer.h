//===- ImageBuffer.h - room for decoded pixels ------------------*- C++ -*-===//
//
// What the decoders share: the check that comes before any allocation.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_DATA_IMAGEBUFFER_H
#define BCSSL_RUNTIME_DATA_IMAGEBUFFER_H

#include "runtime/data/Decode.h"

namespace bcssl {

/// No image is wider or higher: JPEG's own limit, kept for PNG.
inline constexpr int mostImageSide = 65535;

/// Allocates the pixels of an image whose sides and channels are set.
/// Throws std::bad_alloc, which decodeImage catches. Error: "image-pixels".
Status allocatePixels(Image &image, const DecodeLimits &limits,
                      const std::string &name);

/// The "out-of-memory" error of image `name`.
Error outOfImageMemory(const std::string &name);

} // namespace bcssl

#endif // BCSSL_RUNTIME_DATA_IMAGEBUFFER_H
