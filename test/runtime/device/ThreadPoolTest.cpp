//===- ThreadPoolTest.cpp -------------------------------------------------===//

#include "runtime/device/cpu/ThreadPool.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <set>

using namespace bcssl;

namespace {

void visit(void *const *arguments, int64_t tile) {
  static_cast<int *>(arguments[0])[tile] += 1;
}

class ThreadPoolTest : public testing::TestWithParam<unsigned> {};

TEST_P(ThreadPoolTest, EveryTileExactlyOnce) {
  ThreadPool pool(GetParam());
  EXPECT_EQ(pool.threads(), GetParam());
  for (uint64_t tiles : {0, 1, 2, 3, 7, 64, 1000, 100'000}) {
    std::vector<int> visits(tiles + 1);
    void *arguments[] = {visits.data()};
    pool.run(visit, arguments, tiles);
    for (uint64_t i = 0; i < tiles; ++i)
      ASSERT_EQ(visits[i], 1) << "tile " << i << " of " << tiles;
    EXPECT_EQ(visits[tiles], 0);
  }
}

TEST_P(ThreadPoolTest, ManyLaunchesBackToBack) {
  // Late threads of one launch must not take tiles of the next one.
  ThreadPool pool(GetParam());
  std::vector<int> visits(5);
  void *arguments[] = {visits.data()};
  for (int launch = 0; launch < 20'000; ++launch)
    pool.run(visit, arguments, 2 + launch % 4);
  EXPECT_EQ(visits, (std::vector<int>{20'000, 20'000, 15'000, 10'000, 5'000}));
}

TEST_P(ThreadPoolTest, WakesAfterSleep) {
  ThreadPool pool(GetParam());
  std::vector<int> visits(100);
  void *arguments[] = {visits.data()};
  for (int launch = 0; launch < 5; ++launch) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    pool.run(visit, arguments, visits.size());
  }
  EXPECT_EQ(visits, std::vector<int>(100, 5));
}

INSTANTIATE_TEST_SUITE_P(Threads, ThreadPoolTest, testing::Values(1, 2, 3, 8));

TEST(ThreadPoolTest, UsesSeveralThreads) {
  // Each tile sleeps, so that other threads come to claim some.
  ThreadPool pool(3);
  std::vector<std::thread::id> ids(12);
  void *arguments[] = {ids.data()};
  pool.run(
      [](void *const *arguments, int64_t tile) {
        static_cast<std::thread::id *>(arguments[0])[tile] =
            std::this_thread::get_id();
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      },
      arguments, ids.size());
  EXPECT_GE(std::set(ids.begin(), ids.end()).size(), 2u);
}

TEST(ThreadPoolTest, LaunchIsShort) {
  // Far above what a launch costs, far below what a sleep for each would.
  ThreadPool pool(2);
  std::vector<int> visits(4);
  void *arguments[] = {visits.data()};
  auto best = std::chrono::nanoseconds::max();
  for (int round = 0; round < 50; ++round) {
    auto start = std::chrono::steady_clock::now();
    for (int launch = 0; launch < 100; ++launch)
      pool.run(visit, arguments, visits.size());
    auto time = std::chrono::steady_clock::now() - start;
    best = std::min(best, std::chrono::nanoseconds(time) / 100);
  }
  RecordProperty("launch_ns", static_cast<int>(best.count()));
  if (std::getenv("BCSSL_TEST_VERBOSE"))
    printf("launch of 4 empty tiles on 2 threads: %ld ns\n",
           static_cast<long>(best.count()));
  EXPECT_LT(best, std::chrono::microseconds(20));
}

} // namespace
