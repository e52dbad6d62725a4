//===- Softmax.h - multinomial logistic regression --------------*- C++ -*-===//
//
// The loss that both linear probes minimize, and its gradient, for rows of
// frozen features. Sums have a fixed order, whatever the number of threads.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_EVAL_SOFTMAX_H
#define BCSSL_RUNTIME_EVAL_SOFTMAX_H

#include "runtime/eval/Features.h"

namespace bcssl {

/// A linear layer: logits = weight x + bias.
struct LinearLayer {
  int64_t classes = 0;
  int64_t columns = 0;
  /// weight [classes, columns], then bias [classes]: one vector, as an
  /// optimizer wants it.
  std::vector<double> values;

  LinearLayer(int64_t classes, int64_t columns)
      : classes(classes), columns(columns),
        values(classes * columns + classes) {}

  std::span<double> weight() {
    return std::span(values).first(classes * columns);
  }
  std::span<const double> weight() const {
    return std::span(values).first(classes * columns);
  }
};

/// The mean over rows of -log softmax(logits)[label]. Writes the derivative by
/// every value of `layer` to `gradient`.
double crossEntropy(const LinearLayer &layer, const LabelledFeatures &rows,
                    int threads, std::span<double> gradient);

/// Shares of rows whose label has the largest logit, or one of the five
/// largest; equal logits go to the lower class.
Accuracy accuracyOf(const LinearLayer &layer, const LabelledFeatures &rows,
                    int threads);

} // namespace bcssl

#endif // BCSSL_RUNTIME_EVAL_SOFTMAX_H
