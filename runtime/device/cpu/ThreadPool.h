//===- ThreadPool.h - tiles on threads --------------------------*- C++ -*-===//
//
// A fixed set of threads that run the tiles of one launch at a time. A train
// step is some 500 launches of microseconds to milliseconds, so the pool is
// made for a short way in and out: threads spin for a moment before they sleep,
// tiles are claimed from one counter, the caller works too, and a launch waits
// only for claimed tiles, never for a thread that has not woken yet.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_DEVICE_CPU_THREADPOOL_H
#define BCSSL_RUNTIME_DEVICE_CPU_THREADPOOL_H

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace bcssl {

/// The kernel ABI: one tile of a launch.
using TileFunction = void (*)(void *const *arguments, int64_t tile);

class ThreadPool {
public:
  /// The most tiles of one launch.
  static constexpr uint64_t maxTiles = 0xFFFFFFFF;

  /// `threads` counts the caller: one thread means no pool. At least 1.
  explicit ThreadPool(unsigned threads);
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;
  ~ThreadPool();

  unsigned threads() const { return static_cast<unsigned>(workers.size()) + 1; }

  /// Runs tiles [0, tiles) and returns when all are done. One caller at a time.
  void run(TileFunction newFunction, void *const *newArguments,
           uint64_t newTiles);

private:
  void work();
  void runTiles();
  bool waitForWork();

  // The job. Written by the caller while no tile is left, read by a thread only
  // after it has claimed a tile of it.
  TileFunction function = nullptr;
  void *const *arguments = nullptr;
  uint64_t tiles = 0;

  /// Number of the launch in the high half, tiles not yet claimed in the low
  /// half: a claim by a thread that slept through a launch cannot succeed on
  /// the numbers of the one before.
  alignas(64) std::atomic<uint64_t> unclaimed{0};
  /// Tiles not yet done.
  alignas(64) std::atomic<uint32_t> unfinished{0};
  /// Threads asleep, and the word that they sleep on.
  alignas(64) std::atomic<uint32_t> sleepers{0};
  std::atomic<uint32_t> alarm{0};
  std::atomic<bool> stopping{false};

  std::vector<std::thread> workers;
};

} // namespace bcssl

#endif // BCSSL_RUNTIME_DEVICE_CPU_THREADPOOL_H
