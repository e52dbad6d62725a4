//===- MildCrop.h - gentle crops of small images ----------------*- C++ -*-===//
//
// The crops of the quick recipe, in float: an axis-parallel crop by bilinear
// sampling (no antialiasing, as torch's grid_sample with align_corners=False
// and reflection padding), a flip, brightness, contrast, a 3x3 box blur.
// Drawing and applying are apart, so that tests can name the values.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_DATA_MILDCROP_H
#define BCSSL_RUNTIME_DATA_MILDCROP_H

#include "runtime/base/Philox.h"
#include "runtime/data/Augment.h"

namespace bcssl {

/// What one mild crop does.
struct MildDraw {
  float width = 1; ///< of the crop, in units of the padded image
  float height = 1;
  float centerX = 0; ///< of the crop, -1 (left edge) to 1 (right edge)
  float centerY = 0;
  bool flip = false;
  float brightness = 1; ///< value * brightness, clamped to 0..1
  float contrast = 1;   ///< (value - mean) * contrast + mean, clamped to 0..1
  bool blur = false;
};

MildDraw drawMild(const AugmentOptions &options, int crop, Philox &random);

/// Writes the crop of `size` by `size` pixels to `out`, as makeCrop does.
void applyMild(const AugmentOptions &options, const Image &image,
               const MildDraw &draw, int size, AugmentScratch &scratch,
               std::span<float> out);

} // namespace bcssl

#endif // BCSSL_RUNTIME_DATA_MILDCROP_H
