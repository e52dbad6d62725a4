//===- Normalise.h - bytes to network input ---------------------*- C++ -*-===//
//
// torchvision's ToTensor and Normalize in one table look-up per value.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_DATA_NORMALISE_H
#define BCSSL_RUNTIME_DATA_NORMALISE_H

#include "runtime/data/Image.h"

#include <array>
#include <span>

namespace bcssl {

/// out[y, x, c] = (pixel / 255 - mean[c]) / deviation[c], each operation in
/// single precision. `out` has as many values as the image.
void normalise(const ImageView &image, const std::array<float, 3> &mean,
               const std::array<float, 3> &deviation, std::span<float> out);

} // namespace bcssl

#endif // BCSSL_RUNTIME_DATA_NORMALISE_H
