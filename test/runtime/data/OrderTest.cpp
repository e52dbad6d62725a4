//===- OrderTest.cpp ------------------------------------------------------===//

#include "runtime/data/Order.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <set>

using namespace bcssl;

namespace {

TEST(OrderTest, EachIndexAppearsOnce) {
  for (int64_t size : {1, 2, 3, 4, 5, 17, 100, 1000, 4097, 60000}) {
    std::vector<bool> seen(static_cast<size_t>(size));
    for (int64_t position = 0; position < size; ++position) {
      int64_t index = shuffledIndex(size, 42, 3, position);
      ASSERT_GE(index, 0);
      ASSERT_LT(index, size);
      ASSERT_FALSE(seen[static_cast<size_t>(index)]) << size;
      seen[static_cast<size_t>(index)] = true;
    }
  }
}

TEST(OrderTest, HugeSizesStayInRange) {
  int64_t size = int64_t{1} << 32;
  std::set<int64_t> seen;
  for (int64_t position = 0; position < 1000; ++position)
    seen.insert(shuffledIndex(size, 1, 0, size - 1 - position));
  EXPECT_EQ(seen.size(), 1000u);
  EXPECT_LT(*seen.rbegin(), size);
  EXPECT_GT(*seen.rbegin(), size / 2);
}

TEST(OrderTest, SeedAndEpochChangeTheOrder) {
  auto order = [](uint64_t seed, int64_t epoch) {
    std::vector<int64_t> result;
    for (int64_t position = 0; position < 1000; ++position)
      result.push_back(shuffledIndex(1000, seed, epoch, position));
    return result;
  };
  std::vector<std::vector<int64_t>> orders = {
      order(1, 0), order(1, 1), order(2, 0), order(uint64_t{1} << 32, 0)};
  std::vector<int64_t> plain(1000);
  std::iota(plain.begin(), plain.end(), 0);
  orders.push_back(plain);
  for (size_t a = 0; a < orders.size(); ++a)
    for (size_t b = 0; b < a; ++b) {
      // Two random orders agree at about one position.
      int agree = 0;
      for (size_t i = 0; i < 1000; ++i)
        agree += orders[a][i] == orders[b][i];
      EXPECT_LT(agree, 10) << a << " " << b;
    }
}

/// The sum of squared deviations over the expected number, summed.
double chiSquare(const std::vector<double> &counts, double expected) {
  double sum = 0;
  for (double count : counts)
    sum += (count - expected) * (count - expected) / expected;
  return sum;
}

// Over many epochs each index comes equally often at each position, and each
// pair of neighbours is equally frequent. Small sets are the hard case of a
// Feistel network.
TEST(OrderTest, PositionsAndPairsAreUniform) {
  constexpr int epochs = 20000;
  for (int size : {5, 10, 17}) {
    std::vector<double> places(size * size), pairs(size * size);
    for (int epoch = 0; epoch < epochs; ++epoch) {
      int64_t before = -1;
      for (int position = 0; position < size; ++position) {
        int64_t index = shuffledIndex(size, 7, epoch, position);
        ++places[position * size + index];
        if (before >= 0)
          ++pairs[before * size + index];
        before = index;
      }
    }
    // An index never follows itself: those cells are no part of the test.
    double expected = epochs / static_cast<double>(size);
    for (int a = 0; a < size; ++a) {
      EXPECT_EQ(pairs[a * size + a], 0);
      pairs[a * size + a] = expected;
    }
    // Degrees of freedom plus five standard deviations.
    auto bound = [](double freedom) {
      return freedom + 5 * std::sqrt(2 * freedom);
    };
    EXPECT_LT(chiSquare(places, expected), bound((size - 1) * (size - 1)));
    EXPECT_LT(chiSquare(pairs, expected), bound(size * (size - 1) - 1));
  }
}

TEST(OrderTest, BatchesDropTheRestOfAnEpoch) {
  BatchOrder order{.size = 103, .batch = 10, .seed = 5};
  EXPECT_EQ(order.stepsPerEpoch(), 10);
  std::set<int64_t> first, second;
  for (int64_t step = 0; step < 20; ++step) {
    EXPECT_EQ(order.epoch(step), step / 10);
    for (int64_t index : order.indices(step))
      EXPECT_TRUE((step < 10 ? first : second).insert(index).second);
  }
  EXPECT_EQ(first.size(), 100u);
  EXPECT_EQ(second.size(), 100u);
  EXPECT_NE(first, second);
  EXPECT_EQ(order.indices(13)[4], shuffledIndex(103, 5, 1, 34));
}

} // namespace
