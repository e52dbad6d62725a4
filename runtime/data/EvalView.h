//===- EvalView.h - one fixed view of an image ------------------*- C++ -*-===//
//
// What a network sees when it is judged: no draws. Photographs by eval_knn.py
// of DINO (resize of the short side, central crop); small images whole.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_DATA_EVALVIEW_H
#define BCSSL_RUNTIME_DATA_EVALVIEW_H

#include "runtime/data/Augment.h"

namespace bcssl {

/// The defaults are DINO's for ImageNet.
struct EvalOptions {
  int channels = 3;
  int shortSide = 256; ///< resize to this, then cut the middle; 0: whole image
  int size = 224;      ///< side of the view
  int pad = 0; ///< whole image: zero pixels around it, then resize if needed
  ResizeFilter filter = ResizeFilter::Bicubic;
  std::array<float, 3> mean{0.485f, 0.456f, 0.406f};
  std::array<float, 3> deviation{0.229f, 0.224f, 0.225f};

  /// Floats of one view: size * size * channels.
  size_t elements() const {
    return static_cast<size_t>(size) * size * channels;
  }
};

/// The view that belongs to a training recipe: its global size, padding,
/// channels, mean and deviation; 256 to 224 or in that proportion for Dino.
EvalOptions evalOptionsFor(const AugmentOptions &options);

/// Errors (Usage): "eval-options".
Status checkEvalOptions(const EvalOptions &options);

/// Writes the view of `image` to `out`: float32 [size, size, channels]. `image`
/// has `options.channels` channels; `options` have been checked.
void makeEvalView(const EvalOptions &options, const Image &image,
                  AugmentScratch &scratch, std::span<float> out);

} // namespace bcssl

#endif // BCSSL_RUNTIME_DATA_EVALVIEW_H
