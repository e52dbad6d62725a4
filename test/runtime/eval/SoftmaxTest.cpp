//===- SoftmaxTest.cpp ----------------------------------------------------===//

#include "runtime/eval/Softmax.h"
#include "Draws.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace bcssl;

namespace {

LinearLayer drawLayer(int64_t classes, int64_t columns) {
  LinearLayer layer(classes, columns);
  Philox random(7, 2);
  for (double &value : layer.values)
    value = random.uniform(-1, 1);
  return layer;
}

/// The same loss as plain loops in double precision.
double plainLoss(const LinearLayer &layer, const LabelledFeatures &rows) {
  double loss = 0;
  for (int64_t row = 0; row < rows.features.rows; ++row) {
    std::vector<double> logits;
    for (int64_t label = 0; label < layer.classes; ++label) {
      double sum = layer.values[layer.classes * layer.columns + label];
      for (int64_t column = 0; column < layer.columns; ++column)
        sum += layer.values[label * layer.columns + column] *
               rows.features.row(row)[column];
      logits.push_back(sum);
    }
    double total = 0;
    for (double logit : logits)
      total += std::exp(logit);
    loss += std::log(total) - logits[rows.labels[row]];
  }
  return loss / rows.features.rows;
}

} // namespace

TEST(Softmax, LossAndGradientMatchPlainLoops) {
  LabelledFeatures rows = drawClusters(1100, 9, 5, 1, 1);
  LinearLayer layer = drawLayer(5, 9);
  std::vector<double> gradient(layer.values.size());
  EXPECT_NEAR(crossEntropy(layer, rows, 2, gradient), plainLoss(layer, rows),
              1e-6);
  for (size_t i = 0; i < layer.values.size(); ++i) {
    LinearLayer above = layer, below = layer;
    above.values[i] += 1e-5;
    below.values[i] -= 1e-5;
    double slope = (plainLoss(above, rows) - plainLoss(below, rows)) / 2e-5;
    EXPECT_NEAR(gradient[i], slope, 1e-6) << "value " << i;
  }
}

TEST(Softmax, DoesNotDependOnThreads) {
  // More chunks than one round holds.
  LabelledFeatures rows = drawClusters(9000, 6, 4, 1, 2);
  LinearLayer layer = drawLayer(4, 6);
  std::vector<double> one(layer.values.size()), three(layer.values.size());
  EXPECT_EQ(crossEntropy(layer, rows, 1, one),
            crossEntropy(layer, rows, 3, three));
  EXPECT_EQ(one, three);
}

TEST(Softmax, LargeLogitsStayFinite) {
  LabelledFeatures rows = drawClusters(10, 2, 2, 1, 3);
  LinearLayer layer(2, 2);
  layer.values = {1e4, 0, 0, 1e4, 0, 0};
  std::vector<double> gradient(layer.values.size());
  EXPECT_TRUE(std::isfinite(crossEntropy(layer, rows, 1, gradient)));
  for (double value : gradient)
    EXPECT_TRUE(std::isfinite(value));
}

TEST(Softmax, CountsTheLowerClassFirstAmongEqualLogits) {
  LabelledFeatures rows;
  rows.features = Features(3, 1);
  rows.labels = {0, 4, 5};
  Accuracy accuracy = accuracyOf(LinearLayer(7, 1), rows, 1);
  EXPECT_DOUBLE_EQ(accuracy.top1, 100.0 / 3);
  EXPECT_DOUBLE_EQ(accuracy.top5, 200.0 / 3);
}
