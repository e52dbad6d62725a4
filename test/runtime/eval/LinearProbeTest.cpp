//===- LinearProbeTest.cpp ------------------------------------------------===//

#include "runtime/eval/LinearProbe.h"
#include "Draws.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace bcssl;

TEST(LinearProbe, LogisticRegressionSeparatesClusters) {
  LabelledFeatures bank = drawClusters(2000, 8, 6, 4, 1);
  LabelledFeatures queries = drawClusters(500, 8, 6, 4, 2);
  Result<Accuracy> accuracy = scoreLogisticRegression(bank, queries, {});
  ASSERT_TRUE(accuracy.ok());
  EXPECT_GE(accuracy->top1, 99);
  // Wrong labels must be seen.
  for (int32_t &label : queries.labels)
    label = (label + 1) % 6;
  EXPECT_LE(scoreLogisticRegression(bank, queries, {})->top1, 1);
}

TEST(LinearProbe, SgdSeparatesClusters) {
  LabelledFeatures bank = drawClusters(2000, 8, 6, 4, 3);
  LabelledFeatures queries = drawClusters(500, 8, 6, 4, 4);
  SgdProbeOptions options{.epochs = 30, .batch = 128, .learningRate = 0.1};
  SgdProbe probe(6, 8, options);
  double first = probe.trainEpoch(0, bank), last = first;
  for (int epoch = 1; epoch < options.epochs; ++epoch)
    last = probe.trainEpoch(epoch, bank);
  EXPECT_LT(last, 0.5 * first);
  EXPECT_GE(probe.evaluate(queries).top1, 99);
}

TEST(LinearProbe, KeepsTheBestEpoch) {
  LinearScore score;
  double accuracies[] = {50, 70, 70, 60};
  for (int epoch = 0; epoch < 4; ++epoch)
    score.add(epoch, {.top1 = accuracies[epoch]});
  EXPECT_EQ(score.best.top1, 70);
  EXPECT_EQ(score.bestEpoch, 1);
  EXPECT_EQ(score.last.top1, 60);
}

TEST(LinearProbe, SgdTakesDinosStep) {
  // One row and one batch: the update can be written down.
  LabelledFeatures row;
  row.features = Features(1, 2);
  row.features.values = {1, -2};
  row.labels = {0};
  SgdProbeOptions options{.epochs = 2, .batch = 512, .learningRate = 0.1};
  SgdProbe probe(2, 2, options);
  std::vector<double> velocity(6, 0.0), gradient(6);
  for (int epoch : {0, 1}) {
    std::vector<double> expected = probe.layer().values;
    crossEntropy(probe.layer(), row, 1, gradient);
    double rate = 0.1 * 512 / 256 * (epoch == 0 ? 1.0 : 0.5);
    for (size_t i = 0; i < expected.size(); ++i) {
      velocity[i] = 0.9 * velocity[i] + gradient[i];
      expected[i] -= rate * velocity[i];
    }
    probe.trainEpoch(epoch, row);
    for (size_t i = 0; i < expected.size(); ++i)
      EXPECT_NEAR(probe.layer().values[i], expected[i], 1e-12);
  }
}

TEST(LinearProbe, StartsFromSmallNormalWeights) {
  SgdProbe probe(100, 100, {});
  double squares = 0;
  for (double weight : probe.layer().weight())
    squares += weight * weight;
  EXPECT_NEAR(std::sqrt(squares / 1e4), 0.01, 5e-4);
  EXPECT_EQ(probe.layer().values.back(), 0);
}

TEST(LinearProbe, DoesNotDependOnThreads) {
  LabelledFeatures bank = drawClusters(3000, 8, 6, 0.8f, 5);
  SgdProbe one(6, 8, {.threads = 1}), three(6, 8, {.threads = 3});
  one.trainEpoch(0, bank);
  three.trainEpoch(0, bank);
  EXPECT_EQ(one.layer().values, three.layer().values);
  EXPECT_EQ(scoreLogisticRegression(bank, bank, {.threads = 1})->top1,
            scoreLogisticRegression(bank, bank, {.threads = 3})->top1);
}

TEST(LinearProbe, RefusesWrongOptions) {
  LabelledFeatures set = drawClusters(4, 2, 2, 1, 1);
  EXPECT_TRUE(checkProbe({}).ok());
  for (const SgdProbeOptions &options :
       {SgdProbeOptions{.epochs = 0}, SgdProbeOptions{.batch = 0},
        SgdProbeOptions{.learningRate = NAN}})
    EXPECT_EQ(checkProbe(options).error().id, "linear-options");
  EXPECT_EQ(scoreLogisticRegression(set, set, {.solver = {.iterations = 0}})
                .error()
                .id,
            "linear-options");
}
