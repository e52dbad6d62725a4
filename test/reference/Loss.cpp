//===- Loss.cpp - plain loops of softmax, targets and losses --------------===//

#include "test/reference/Loops.h"

#include <algorithm>
#include <cmath>

namespace bcssl::reference {

Tensor softmax(const Tensor &input) {
  return map(logSoftmax(input), [](double x) { return std::exp(x); });
}

Tensor logSoftmax(const Tensor &input) {
  Tensor output(input.shape);
  for (int64_t r = 0; r < input.rows(); ++r) {
    // The maximum keeps exp in range; it cancels.
    double maximum = input.row(r, 0), sum = 0;
    for (int64_t c = 0; c < input.columns(); ++c)
      maximum = std::max(maximum, input.row(r, c));
    for (int64_t c = 0; c < input.columns(); ++c)
      sum += std::exp(input.row(r, c) - maximum);
    for (int64_t c = 0; c < input.columns(); ++c)
      output.row(r, c) = input.row(r, c) - maximum - std::log(sum);
  }
  return output;
}

Tensor sinkhorn(const Tensor &input, int64_t iterations) {
  double maximum = *std::max_element(input.values.begin(), input.values.end());
  Tensor q = map(input, [&](double x) { return std::exp(x - maximum); });
  for (int64_t iteration = 0; iteration < iterations; ++iteration) {
    for (int64_t k = 0; k < q.shape[1]; ++k) {
      double sum = 0;
      for (int64_t r = 0; r < q.shape[0]; ++r)
        sum += q(r, k);
      for (int64_t r = 0; r < q.shape[0]; ++r)
        q(r, k) /= sum;
    }
    for (int64_t r = 0; r < q.shape[0]; ++r) {
      double sum = 0;
      for (int64_t k = 0; k < q.shape[1]; ++k)
        sum += q(r, k);
      for (int64_t k = 0; k < q.shape[1]; ++k)
        q(r, k) /= sum;
    }
  }
  return q;
}

Tensor crossViewTargets(const Tensor &probabilities, int64_t views,
                        int64_t teacherViews) {
  int64_t batch = probabilities.shape[0] / teacherViews;
  Tensor output({views * batch, probabilities.shape[1]});
  for (int64_t v = 0; v < views; ++v)
    for (int64_t t = 0; t < teacherViews; ++t)
      if (t != v)
        for (int64_t b = 0; b < batch; ++b)
          for (int64_t k = 0; k < probabilities.shape[1]; ++k)
            output(v * batch + b, k) += probabilities(t * batch + b, k);
  return output;
}

Tensor crossViewCrossEntropy(const Tensor &logits, const Tensor &probabilities,
                             int64_t views, int64_t teacherViews) {
  int64_t batch = probabilities.shape[0] / teacherViews;
  Tensor logProbabilities = logSoftmax(logits);
  double total = 0;
  int64_t pairs = 0;
  for (int64_t t = 0; t < teacherViews; ++t)
    for (int64_t v = 0; v < views; ++v) {
      if (t == v)
        continue;
      ++pairs;
      for (int64_t b = 0; b < batch; ++b)
        for (int64_t k = 0; k < logits.shape[1]; ++k)
          total -= probabilities(t * batch + b, k) *
                   logProbabilities(v * batch + b, k) / double(batch);
    }
  return Tensor(Shape{}, total / double(pairs));
}

Tensor oneHot(const Tensor &labels, int64_t classes) {
  Tensor output({labels.size(), classes});
  for (int64_t b = 0; b < labels.size(); ++b)
    for (int64_t k = 0; k < classes; ++k)
      output(b, k) = labels[b] == double(k) ? 1 : 0;
  return output;
}

Tensor crossEntropy(const Tensor &logits, const Tensor &labels,
                    double smoothing) {
  int64_t batch = logits.shape[0], classes = logits.shape[1];
  Tensor logProbabilities = logSoftmax(logits);
  double total = 0;
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t k = 0; k < classes; ++k) {
      double target = (1 - smoothing) * (labels[b] == double(k) ? 1 : 0) +
                      smoothing / double(classes);
      total -= target * logProbabilities(b, k);
    }
  return Tensor(Shape{}, total / double(batch));
}

} // namespace bcssl::reference
