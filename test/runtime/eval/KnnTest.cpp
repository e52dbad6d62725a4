//===- KnnTest.cpp --------------------------------------------------------===//

#include "runtime/eval/Knn.h"
#include "Draws.h"

#include <cmath>
#include <gtest/gtest.h>
#include <map>
#include <numeric>

using namespace bcssl;

namespace {

/// The protocol as plain loops in double precision; per cent of right answers.
double bruteForce(const LabelledFeatures &bank, const LabelledFeatures &queries,
                  int64_t count, double temperature, int64_t top) {
  auto cosine = [](std::span<const float> a, std::span<const float> b) {
    double ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < a.size(); ++i) {
      ab += double{a[i]} * b[i];
      aa += double{a[i]} * a[i];
      bb += double{b[i]} * b[i];
    }
    return ab / std::sqrt(aa * bb);
  };
  int64_t right = 0;
  for (int64_t query = 0; query < queries.features.rows; ++query) {
    std::vector<std::pair<double, int64_t>> distant;
    for (int64_t row = 0; row < bank.features.rows; ++row)
      distant.emplace_back(
          -cosine(queries.features.row(query), bank.features.row(row)), row);
    std::sort(distant.begin(), distant.end());
    std::map<int32_t, double> votes;
    for (int64_t i = 0; i < count && i < bank.features.rows; ++i)
      votes[bank.labels[distant[i].second]] +=
          std::exp(-distant[i].first / temperature);
    std::vector<std::pair<double, int32_t>> classes;
    for (auto [label, weight] : votes)
      classes.emplace_back(-weight, label);
    std::sort(classes.begin(), classes.end());
    for (int64_t i = 0; i < top && i < static_cast<int64_t>(classes.size());
         ++i)
      right += classes[i].second == queries.labels[query];
  }
  return 100.0 * right / queries.features.rows;
}

std::vector<KnnScore> score(const LabelledFeatures &bank,
                            const LabelledFeatures &queries,
                            const KnnOptions &options = {}) {
  Result<std::vector<KnnScore>> result = scoreKnn(bank, queries, options);
  EXPECT_TRUE(result.ok());
  return *result;
}

} // namespace

TEST(Knn, MatchesBruteForce) {
  // Clusters so close that votes are contested; every class has neighbours
  // among the first 10, so that top-5 never counts a class without a vote.
  LabelledFeatures bank = drawClusters(700, 12, 9, 0.6f, 1);
  LabelledFeatures queries = drawClusters(211, 12, 9, 0.6f, 2);
  for (const KnnScore &got : score(bank, queries)) {
    EXPECT_DOUBLE_EQ(got.accuracy.top1,
                     bruteForce(bank, queries, got.neighbors, 0.07, 1));
    if (got.neighbors >= 100)
      EXPECT_DOUBLE_EQ(got.accuracy.top5,
                       bruteForce(bank, queries, got.neighbors, 0.07, 5));
    EXPECT_LT(got.accuracy.top1, 100);
    EXPECT_GT(got.accuracy.top1, 20);
  }
}

TEST(Knn, DoesNotDependOnChunksOrThreads) {
  LabelledFeatures bank = drawClusters(333, 10, 7, 0.3f, 3);
  LabelledFeatures queries = drawClusters(101, 10, 7, 0.3f, 4);
  normalizeRows(bank.features, 1);
  normalizeRows(queries.features, 1);
  Neighbors whole =
      findNeighbors(bank.features, queries.features, 50,
                    {.threads = 1, .queryChunk = 1000, .bankChunk = 100000});
  for (int threads : {1, 2, 3})
    for (int64_t chunk : {1, 7, 64}) {
      Neighbors pieces = findNeighbors(
          bank.features, queries.features, 50,
          {.threads = threads, .queryChunk = chunk, .bankChunk = 3 * chunk});
      EXPECT_EQ(pieces.indices, whole.indices);
      EXPECT_EQ(pieces.similarities, whole.similarities);
    }
}

TEST(Knn, PrefersTheLowerIndexAmongEqualSimilarities) {
  Features bank(40, 3), query(1, 3);
  for (int64_t row = 0; row < 40; ++row)
    bank.row(row)[row % 2] = 1;
  query.row(0)[1] = 1;
  for (int64_t chunk : {1, 4, 64}) {
    Neighbors neighbors =
        findNeighbors(bank, query, 3, {.threads = 2, .bankChunk = chunk});
    EXPECT_EQ(neighbors.indices, (std::vector<int64_t>{1, 3, 5}));
  }
}

TEST(Knn, WeighsVotesBySimilarity) {
  // One close neighbour of class 1 against two distant ones of class 0.
  Neighbors neighbors{.queries = 1,
                      .count = 3,
                      .indices = {2, 0, 1},
                      .similarities = {0.9f, 0.5f, 0.5f}};
  std::vector<int32_t> labels{0, 0, 1};
  std::vector<double> votes(2);
  countVotes(neighbors, 0, 3, labels, 0.07, votes);
  EXPECT_DOUBLE_EQ(votes[1], 1);
  EXPECT_DOUBLE_EQ(votes[0], 2 * std::exp((0.5 - double{0.9f}) / 0.07));
  // A temperature near 0 must not overflow.
  countVotes(neighbors, 0, 3, labels, 1e-6, votes);
  EXPECT_EQ(votes, (std::vector<double>{0, 1}));
}

TEST(Knn, AcceptsOneQueryAndABankSmallerThanK) {
  LabelledFeatures bank = drawClusters(3, 4, 3, 4, 5);
  LabelledFeatures query = drawClusters(1, 4, 3, 4, 6);
  for (const KnnScore &got : score(bank, query))
    EXPECT_EQ(got.accuracy.top1, 100);
}

TEST(Knn, RefusesWrongOptions) {
  LabelledFeatures set = drawClusters(3, 2, 2, 1, 1);
  for (const KnnOptions &options :
       {KnnOptions{.neighbors = {}}, KnnOptions{.neighbors = {0}},
        KnnOptions{.temperature = 0}, KnnOptions{.temperature = NAN}})
    EXPECT_EQ(scoreKnn(set, set, options).error().id, "knn-options");
}
