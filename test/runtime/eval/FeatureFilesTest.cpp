//===- FeatureFilesTest.cpp -----------------------------------------------===//

#include "runtime/eval/FeatureFiles.h"
#include "Draws.h"
#include "runtime/executable/Npy.h"

#include <gtest/gtest.h>

using namespace bcssl;

TEST(FeatureFiles, ComeBackAsTheyWere) {
  std::string folder = testing::TempDir() + "bcssl-features/new";
  LabelledFeatures set = drawClusters(11, 5, 3, 1, 1);
  ASSERT_TRUE(writeFeatures(folder, "bank", set).ok());
  auto read = readFeatures(folder, "bank");
  ASSERT_TRUE(read.ok()) << read.error().text();
  EXPECT_EQ(read->features.rows, 11);
  EXPECT_EQ(read->features.columns, 5);
  EXPECT_EQ(read->features.values, set.features.values);
  EXPECT_EQ(read->labels, set.labels);
}

TEST(FeatureFiles, RefusesAnotherTypeOrShape) {
  std::string folder = testing::TempDir() + "bcssl-features/bad";
  ASSERT_TRUE(writeFeatures(folder, "bank", drawClusters(4, 2, 2, 1, 1)).ok());
  EXPECT_EQ(readFeatures(folder, "other").error().code, ExitCode::NoInput);
  std::vector<double> values(8);
  int64_t shape[] = {4, 2};
  ASSERT_TRUE(writeNpy(folder + "/bank.npy", NpyType::F64, shape,
                       std::as_bytes(std::span(values)))
                  .ok());
  EXPECT_EQ(readFeatures(folder, "bank").error().id, "features-file");
}
