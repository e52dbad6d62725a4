//===- Features.h - feature vectors with labels -----------------*- C++ -*-===//
//
// What the judges of a network read: one row of floats per image and, for a
// judge that counts right answers, one class per row.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_EVAL_FEATURES_H
#define BCSSL_RUNTIME_EVAL_FEATURES_H

#include "runtime/base/Status.h"

#include <cstdint>
#include <span>
#include <vector>

namespace bcssl {

/// A row-major matrix [rows, columns].
struct Features {
  int64_t rows = 0;
  int64_t columns = 0;
  std::vector<float> values; ///< rows * columns

  Features() = default;
  Features(int64_t rows, int64_t columns)
      : rows(rows), columns(columns), values(rows * columns) {}

  std::span<float> row(int64_t index) {
    return {values.data() + index * columns, static_cast<size_t>(columns)};
  }
  std::span<const float> row(int64_t index) const {
    return {values.data() + index * columns, static_cast<size_t>(columns)};
  }
};

/// Feature rows and the class of each, in [0, classes).
struct LabelledFeatures {
  Features features;
  std::vector<int32_t> labels;
};

/// Accuracies in per cent.
struct Accuracy {
  double top1 = 0;
  double top5 = 0;
};

/// Divides each row by its Euclidean norm, or by 1e-12 where that is larger
/// (torch.nn.functional.normalize).
void normalizeRows(Features &features, int threads);

/// Mean and scale per column of a set of rows.
struct Standardization {
  std::vector<float> mean;    ///< [columns]
  std::vector<float> inverse; ///< 1 / (standard deviation + 1e-6), unbiased

  static Standardization of(const Features &features);

  /// (x - mean) * inverse, in place.
  void apply(Features &features, int threads) const;
};

/// One past the largest label of both sets.
int64_t countClasses(const LabelledFeatures &a, const LabelledFeatures &b);

/// More classes than any data set has; a judge holds a row for each.
inline constexpr int32_t mostClasses = 100'000;

/// Checks that two sets can be compared: at least one row each, equal columns,
/// a label below mostClasses for each row, none negative, no infinity, no NaN.
/// Errors: "features-empty", "features-width", "features-labels",
/// "features-not-finite" (BadData).
Status checkComparable(const LabelledFeatures &bank,
                       const LabelledFeatures &queries);

} // namespace bcssl

#endif // BCSSL_RUNTIME_EVAL_FEATURES_H
