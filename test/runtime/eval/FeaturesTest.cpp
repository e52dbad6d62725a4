//===- FeaturesTest.cpp ---------------------------------------------------===//

#include "runtime/eval/Features.h"
#include "Draws.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace bcssl;

TEST(Features, NormalizesRowsAndLeavesZeroRows) {
  Features features(2, 2);
  features.values = {3, -4, 0, 0};
  normalizeRows(features, 1);
  EXPECT_EQ(features.values, (std::vector<float>{0.6f, -0.8f, 0, 0}));
}

TEST(Features, StandardizesColumns) {
  LabelledFeatures set = drawClusters(999, 3, 1, 5, 1);
  Standardization::of(set.features).apply(set.features, 2);
  for (int64_t column = 0; column < 3; ++column) {
    double sum = 0, squares = 0;
    for (int64_t row = 0; row < 999; ++row) {
      sum += set.features.row(row)[column];
      squares += std::pow(set.features.row(row)[column], 2);
    }
    EXPECT_NEAR(sum / 999, 0, 1e-5);
    EXPECT_NEAR(squares / 998, 1, 1e-4);
  }
}

TEST(Features, StandardizesAConstantColumnToZero) {
  Features features(3, 1);
  features.values = {2, 2, 2};
  Standardization::of(features).apply(features, 1);
  EXPECT_EQ(features.values, (std::vector<float>{0, 0, 0}));
}

TEST(Features, RefusesWhatCannotBeCompared) {
  LabelledFeatures good = drawClusters(4, 3, 2, 1, 1);
  EXPECT_TRUE(checkComparable(good, good).ok());

  LabelledFeatures bad = good;
  bad.labels.pop_back();
  EXPECT_EQ(checkComparable(good, bad).error().id, "features-labels");
  bad = good;
  for (int32_t label : {-1, mostClasses, 2'000'000'000}) {
    bad.labels[2] = label;
    EXPECT_EQ(checkComparable(bad, good).error().id, "features-labels");
  }
  EXPECT_EQ(checkComparable(good, {}).error().id, "features-empty");
  EXPECT_EQ(checkComparable(good, drawClusters(4, 2, 2, 1, 1)).error().id,
            "features-width");
  for (float value : {std::numeric_limits<float>::quiet_NaN(),
                      std::numeric_limits<float>::infinity()}) {
    bad = good;
    bad.features.row(1)[2] = value;
    EXPECT_EQ(checkComparable(bad, good).error().id, "features-not-finite");
  }
}
