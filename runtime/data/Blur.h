//===- Blur.h - Pillow's Gaussian blur --------------------------*- C++ -*-===//
//
// ImageFilter.GaussianBlur: three box blurs of a fractional radius along each
// axis ("extended box blur", Gwosdek et al., SSVM 2011), each rounded to 8
// bits, with 24-bit fixed-point weights. Bit for bit.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_DATA_BLUR_H
#define BCSSL_RUNTIME_DATA_BLUR_H

#include "runtime/data/Image.h"

#include <vector>

namespace bcssl {

/// Blurs in place with standard deviation `radius` >= 0 (in pixels). `scratch`
/// is a buffer that may be reused.
void gaussianBlur(Image &image, float radius, std::vector<uint8_t> &scratch);

} // namespace bcssl

#endif // BCSSL_RUNTIME_DATA_BLUR_H
