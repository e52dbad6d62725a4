//===- Sample.h - which images of a set are judged --------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_EVAL_SAMPLE_H
#define BCSSL_RUNTIME_EVAL_SAMPLE_H

#include "runtime/data/Dataset.h"
#include "runtime/eval/Features.h"

#include <functional>

namespace bcssl {

/// A choice of images from a data set.
struct Sample {
  const Dataset *data = nullptr;
  std::vector<int64_t> indices = {};
  /// Class by label; empty: the labels themselves.
  std::vector<int32_t> classes = {};

  int64_t size() const { return static_cast<int64_t>(indices.size()); }
  int32_t label(int64_t position) const;
  std::vector<int32_t> labels() const;
};

/// The class in `bank` of each label of `queries`, by name; empty where both
/// have the same names or one has none. Errors: "data-classes" (BadData) for a
/// name that the bank lacks.
Result<std::vector<int32_t>> matchClasses(const Dataset &bank,
                                          const Dataset &queries);

/// `count` images, all of them for 0 or where there are fewer. From a set that
/// is sorted by class they are spread evenly over all of it, from any other
/// they are the first ones.
/// Errors: "data-labels" (BadData) where an image has no class.
Result<Sample> chooseSample(const Dataset &data, int64_t count);

/// Calls `use(position, image)` for every position in [first, last) of the
/// sample on several threads; stops with the error of the lowest position that
/// has one.
Status forEachImage(
    const Sample &sample, int64_t first, int64_t last, int threads,
    const std::function<Status(int64_t position, const Image &image)> &use);

/// The pixels themselves as features, value / 255. All images must have the
/// size of the first one. Errors: "image-size" (BadData), those of
/// Dataset::image.
Result<LabelledFeatures> pixelFeatures(const Sample &sample, int threads);

} // namespace bcssl

#endif // BCSSL_RUNTIME_EVAL_SAMPLE_H
