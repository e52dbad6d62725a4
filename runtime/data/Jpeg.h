//===- Jpeg.h - JPEG under limits -------------------------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_DATA_JPEG_H
#define BCSSL_RUNTIME_DATA_JPEG_H

#include "runtime/data/Decode.h"

namespace bcssl {

/// True if `file` starts with JPEG's start marker and another marker.
bool isJpeg(std::span<const uint8_t> file);

/// Decodes a JPEG to 8-bit grey or RGB with libjpeg's accurate transform and
/// smooth upsampling, as Pillow does; four components are taken as Adobe's
/// inverted CMYK or YCCK. Warnings are fatal: libjpeg only warns about a
/// truncated file and paints the rest grey. Errors as decodeImage.
Result<Image> decodeJpeg(std::span<const uint8_t> file, const std::string &name,
                         const DecodeLimits &limits);

} // namespace bcssl

#endif // BCSSL_RUNTIME_DATA_JPEG_H
