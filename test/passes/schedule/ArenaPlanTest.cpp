//===- ArenaPlanTest.cpp - offsets of random buffers ----------------------===//

#include "passes/schedule/ArenaPlan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

using namespace bcssl;

namespace {

/// Holds any two buffers against each other.
void expectApart(const std::vector<ArenaBuffer> &buffers, int64_t size) {
  for (size_t i = 0; i < buffers.size(); ++i) {
    const ArenaBuffer &a = buffers[i];
    EXPECT_EQ(a.offset % 64, 0);
    EXPECT_GE(a.offset, 0);
    EXPECT_LE(a.offset + a.bytes, size);
    for (size_t j = 0; j < i; ++j) {
      const ArenaBuffer &b = buffers[j];
      bool apartInTime = a.last < b.first || b.last < a.first;
      bool apartInMemory =
          a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset;
      EXPECT_TRUE(apartInTime || apartInMemory) << i << " and " << j;
    }
  }
}

/// The most bytes that are live at once: no plan is smaller.
int64_t mostLive(const std::vector<ArenaBuffer> &buffers, int64_t moments) {
  int64_t most = 0;
  for (int64_t moment = 0; moment < moments; ++moment) {
    int64_t live = 0;
    for (const ArenaBuffer &buffer : buffers)
      if (buffer.first <= moment && moment <= buffer.last)
        live += alignedBytes(buffer.bytes);
    most = std::max(most, live);
  }
  return most;
}

TEST(ArenaPlanTest, RandomBuffersNeverOverlapWhileLive) {
  std::mt19937 random(7);
  auto below = [&](int64_t end) {
    return static_cast<int64_t>(random() % static_cast<uint64_t>(end));
  };
  for (int round = 0; round < 300; ++round) {
    constexpr int64_t moments = 20;
    std::vector<ArenaBuffer> buffers(1 + below(60));
    int64_t total = 0;
    for (ArenaBuffer &buffer : buffers) {
      buffer.bytes = below(4) ? below(500) : 64 * below(8);
      buffer.first = below(moments);
      buffer.last = std::min(moments - 1, buffer.first + below(moments) / 2);
      total += alignedBytes(buffer.bytes);
    }
    int64_t size = planArena(buffers);
    expectApart(buffers, size);
    EXPECT_GE(size, mostLive(buffers, moments));
    EXPECT_LE(size, total);
  }
}

TEST(ArenaPlanTest, PlacesAreUsedAgain) {
  // Alternating neighbours in time: two places are enough.
  std::vector<ArenaBuffer> buffers;
  for (int64_t i = 0; i < 10; ++i)
    buffers.push_back({.bytes = 100, .first = i, .last = i + 1});
  EXPECT_EQ(planArena(buffers), 2 * 128);
}

TEST(ArenaPlanTest, NothingNeedsNothing) {
  std::vector<ArenaBuffer> none;
  EXPECT_EQ(planArena(none), 0);
  std::vector<ArenaBuffer> empty(3);
  EXPECT_EQ(planArena(empty), 0);
}

TEST(ArenaPlanTest, RoundsUpTo64) {
  EXPECT_EQ(alignedBytes(0), 0);
  EXPECT_EQ(alignedBytes(1), 64);
  EXPECT_EQ(alignedBytes(64), 64);
  EXPECT_EQ(alignedBytes(65), 128);
}

} // namespace
