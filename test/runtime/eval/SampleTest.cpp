//===- SampleTest.cpp -----------------------------------------------------===//

#include "runtime/eval/Sample.h"
#include "MemoryDataset.h"

#include <gtest/gtest.h>

using namespace bcssl;

TEST(Sample, TakesTheFirstImagesOfAMixedSet) {
  MemoryDataset data({1, 0, 1, 0, 2, 2});
  auto sample = chooseSample(data, 3);
  ASSERT_TRUE(sample.ok());
  EXPECT_EQ(sample->indices, (std::vector<int64_t>{0, 1, 2}));
  EXPECT_EQ(sample->labels(), (std::vector<int32_t>{1, 0, 1}));
}

TEST(Sample, SpreadsOverASetThatIsSortedByClass) {
  MemoryDataset data({0, 0, 1, 1, 2, 2});
  EXPECT_EQ(chooseSample(data, 3)->indices, (std::vector<int64_t>{0, 2, 4}));
}

TEST(Sample, TakesAllForZeroAndForTooMany) {
  MemoryDataset data({1, 0, 1});
  for (int64_t count : {0, 3, 9})
    EXPECT_EQ(chooseSample(data, count)->size(), 3);
}

TEST(Sample, RefusesImagesWithoutClass) {
  MemoryDataset data({1, -1, 1});
  EXPECT_EQ(chooseSample(data, 0).error().id, "data-labels");
}

// A label is a position among the folders, which differ where one is missing.
TEST(Sample, ClassesAreMatchedByName) {
  MemoryDataset bank({0, 1, 2}, 4, {"a", "b", "c"});
  MemoryDataset queries({0, 1, 1}, 4, {"b", "c"});
  auto classes = matchClasses(bank, queries);
  ASSERT_TRUE(classes.ok());
  Sample sample = *chooseSample(queries, 0);
  sample.classes = *classes;
  EXPECT_EQ(sample.labels(), (std::vector<int32_t>{1, 2, 2}));
  EXPECT_TRUE(matchClasses(bank, bank)->empty());
  EXPECT_TRUE(matchClasses(MemoryDataset({0}), queries)->empty());
  auto unknown = matchClasses(queries, bank);
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().id, "data-classes");
  EXPECT_NE(unknown.error().message.find("class a "), std::string::npos);
}

TEST(Sample, PixelsAreFeatures) {
  MemoryDataset data({1, 0, 1});
  auto set = pixelFeatures(*chooseSample(data, 0), 2);
  ASSERT_TRUE(set.ok());
  EXPECT_EQ(set->features.columns, 16);
  EXPECT_EQ(set->features.row(2)[7], 2 / 255.0f);
  EXPECT_EQ(set->labels, (std::vector<int32_t>{1, 0, 1}));
}

TEST(Sample, ReportsTheImageThatCannotBeRead) {
  MemoryDataset data(std::vector<int64_t>(20, 0));
  for (int threads : {1, 3})
    EXPECT_EQ(pixelFeatures(*chooseSample(data, 0), threads).error().id,
              "unlucky");
}
