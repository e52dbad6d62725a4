//===- DinoCrop.h - DINO's multi-crop in 8 bits -----------------*- C++ -*-===//
//
// DataAugmentationDINO (facebookresearch/dino, main_dino.py) as torchvision
// and Pillow compute it: random resized crop, flip, colour jitter in random
// order, greyscale, Gaussian blur, solarize, normalise. Drawing and applying
// are apart, so that tests can name the values.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_DATA_DINOCROP_H
#define BCSSL_RUNTIME_DATA_DINOCROP_H

#include "runtime/base/Philox.h"
#include "runtime/data/Augment.h"

#include <array>

namespace bcssl {

/// One of the four changes of ColorJitter.
enum class ColorChange { Brightness, Contrast, Saturation, Hue };

/// What one crop does.
struct DinoDraw {
  int left = 0;
  int top = 0;
  int width = 0;
  int height = 0;
  bool flip = false;
  bool jitter = false;
  std::array<ColorChange, 4> order{ColorChange::Brightness,
                                   ColorChange::Contrast,
                                   ColorChange::Saturation, ColorChange::Hue};
  float brightness = 1;
  float contrast = 1;
  float saturation = 1;
  float hue = 0; ///< -0.5 to 0.5 of the circle
  bool grey = false;
  float blurRadius = 0; ///< 0: none
  bool solarize = false;
};

/// Draws for an image of `width` by `height` pixels.
DinoDraw drawDino(const AugmentOptions &options, int crop, int width,
                  int height, Philox &random);

/// Makes the crop of `size` by `size` pixels, in `scratch.image`.
void applyDino(const AugmentOptions &options, const Image &image,
               const DinoDraw &draw, int size, AugmentScratch &scratch);

} // namespace bcssl

#endif // BCSSL_RUNTIME_DATA_DINOCROP_H
