//===- Png.h - PNG under limits ---------------------------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_DATA_PNG_H
#define BCSSL_RUNTIME_DATA_PNG_H

#include "runtime/data/Decode.h"

namespace bcssl {

/// True if `file` starts with PNG's eight magic bytes.
bool isPng(std::span<const uint8_t> file);

/// Decodes a PNG of any kind to 8-bit grey or RGB: palettes are expanded, the
/// upper byte of 16-bit samples is kept, alpha is dropped, gamma and profiles
/// are ignored. Checksums and all irregularities are fatal. Errors as
/// decodeImage.
Result<Image> decodePng(std::span<const uint8_t> file, const std::string &name,
                        const DecodeLimits &limits);

} // namespace bcssl

#endif // BCSSL_RUNTIME_DATA_PNG_H
