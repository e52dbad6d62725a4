//===- View.h - what a network is shown of an image -------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_EVAL_VIEW_H
#define BCSSL_RUNTIME_EVAL_VIEW_H

#include "runtime/data/EvalView.h"

#include <functional>

namespace bcssl {

/// Writes the view of image number `index` of a data set to `out`, float32
/// [side, side, channels]. May be called by several threads at once.
using View = std::function<void(const Image &image, int64_t index,
                                std::span<float> out)>;

/// How the images of a network of that input are treated: as DINO's ("crop") or
/// as the quick recipe's ("pad"). "auto" is what the run was trained with, by
/// the config.json beside `program`; without one, grey images are padded.
AugmentOptions recipeFor(int side, int channels, const std::string &fit,
                         const std::string &program);

/// The same view of an image every time: the middle of it, or all of it padded.
View fixedView(const AugmentOptions &recipe);

/// A random resized crop and flip of one epoch, on which DINO trains its linear
/// probe (eval_linear.py: scale 0.08 to 1, aspect 3/4 to 4/3).
View probeView(const AugmentOptions &recipe, uint64_t seed, int64_t epoch);

} // namespace bcssl

#endif // BCSSL_RUNTIME_EVAL_VIEW_H
