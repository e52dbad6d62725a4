//===- KnnGoldenTest.cpp - votes against PyTorch's ------------------------===//

#include "runtime/eval/Knn.h"
#include "runtime/train/Safetensors.h"

#include <gtest/gtest.h>

using namespace bcssl;

namespace {

class KnnGolden : public testing::Test {
protected:
  void SetUp() override {
    auto opened = SafetensorsReader::open(BCSSL_GOLDEN_DIR "/knn.safetensors");
    ASSERT_TRUE(opened.ok()) << opened.error().text();
    reader.emplace(std::move(*opened));
    bank = readSet("bank");
    queries = readSet("queries");
  }

  template <typename T> std::vector<T> read(const std::string &name) {
    const TensorInfo *info = reader->find(name);
    EXPECT_TRUE(info) << name;
    std::vector<T> values(info->bytes / sizeof(T));
    EXPECT_TRUE(
        reader->read(*info, std::as_writable_bytes(std::span(values))).ok());
    return values;
  }

  LabelledFeatures readSet(const std::string &name) {
    LabelledFeatures set;
    const std::vector<int64_t> &shape = reader->find(name + ".features")->shape;
    set.features = Features(shape[0], shape[1]);
    set.features.values = read<float>(name + ".features");
    set.labels = read<int32_t>(name + ".labels");
    return set;
  }

  std::optional<SafetensorsReader> reader;
  LabelledFeatures bank, queries;
};

} // namespace

TEST_F(KnnGolden, VotesMatch) {
  normalizeRows(bank.features, 1);
  normalizeRows(queries.features, 1);
  Neighbors neighbors =
      findNeighbors(bank.features, queries.features, 200, {.threads = 2});
  std::vector<double> votes(countClasses(bank, queries));
  for (int64_t count : {10, 20, 100, 200}) {
    auto expected = read<double>("votes." + std::to_string(count));
    for (int64_t query = 0; query < neighbors.queries; ++query) {
      countVotes(neighbors, query, count, bank.labels, 0.07, votes);
      double sum = 0;
      for (double vote : votes)
        sum += vote;
      for (size_t label = 0; label < votes.size(); ++label)
        EXPECT_NEAR(votes[label] / sum, expected[query * votes.size() + label],
                    1e-5);
    }
  }
}

TEST_F(KnnGolden, AccuraciesMatch) {
  auto scores = scoreKnn(bank, queries, {});
  ASSERT_TRUE(scores.ok());
  for (const KnnScore &score : *scores) {
    auto expected =
        read<int32_t>("predictions." + std::to_string(score.neighbors));
    int64_t right = 0;
    for (size_t i = 0; i < expected.size(); ++i)
      right += expected[i] == queries.labels[i];
    EXPECT_DOUBLE_EQ(score.accuracy.top1, 100.0 * right / expected.size());
  }
}
