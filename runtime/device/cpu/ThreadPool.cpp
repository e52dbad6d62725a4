//===- ThreadPool.cpp - claims, spinning, sleeping ------------------------===//

#include "runtime/device/cpu/ThreadPool.h"

#include <algorithm>
#include <chrono>
#include <immintrin.h>
#include <pthread.h>
#include <signal.h>
#include <system_error>

namespace bcssl {

using Clock = std::chrono::steady_clock;

/// How long a thread looks for work before it sleeps. Longer than the serial
/// part between two launches, shorter than what a loader thread would miss.
static constexpr auto spinTime = std::chrono::microseconds(40);

/// Spins until `ready` holds or spinTime is over; tells which.
template <typename Condition> static bool spinUntil(Condition ready) {
  Clock::time_point start = Clock::now();
  do {
    for (int i = 0; i < 32; ++i) {
      if (ready())
        return true;
      _mm_pause();
    }
  } while (Clock::now() - start < spinTime);
  return ready();
}

ThreadPool::ThreadPool(unsigned threads) {
  // Signals belong to the caller's thread: a worker inherits a mask that blocks
  // them all.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  try {
    for (unsigned i = 1; i < threads; ++i)
      workers.emplace_back([this] { work(); });
  } catch (const std::system_error &) {
    // The machine gives no more threads: those there are do it all.
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

ThreadPool::~ThreadPool() {
  stopping.store(true);
  alarm.fetch_add(1);
  alarm.notify_all();
  for (std::thread &worker : workers)
    worker.join();
}

void ThreadPool::run(TileFunction newFunction, void *const *newArguments,
                     uint64_t newTiles) {
  if (workers.empty() || newTiles <= 1) {
    for (uint64_t tile = 0; tile < newTiles; ++tile)
      newFunction(newArguments, static_cast<int64_t>(tile));
    return;
  }
  function = newFunction;
  arguments = newArguments;
  tiles = newTiles;
  unfinished.store(static_cast<uint32_t>(newTiles), std::memory_order_relaxed);
  uint64_t launch = (unclaimed.load(std::memory_order_relaxed) >> 32) + 1;
  // Sequentially consistent with the sleepers' look at `unclaimed`: either the
  // sleeper sees the tiles, or this thread sees the sleeper.
  unclaimed.store(launch << 32 | newTiles, std::memory_order_seq_cst);
  if (sleepers.load(std::memory_order_seq_cst) != 0) {
    alarm.fetch_add(1);
    alarm.notify_all();
  }

  runTiles();
  auto done = [this] {
    return unfinished.load(std::memory_order_acquire) == 0;
  };
  if (spinUntil(done))
    return;
  // Another thread is in a long tile, or has lost its core.
  for (uint32_t left = unfinished.load(std::memory_order_acquire); left != 0;
       left = unfinished.load(std::memory_order_acquire))
    unfinished.wait(left, std::memory_order_acquire);
}

/// Claims and runs tiles until none is left. Claims shrink with what is left,
/// so that many small tiles cost few claims and the last ones are shared
/// evenly.
void ThreadPool::runTiles() {
  uint64_t word = unclaimed.load(std::memory_order_acquire);
  while (uint64_t left = word & 0xFFFFFFFF) {
    uint64_t claim = std::max<uint64_t>(1, left / (4 * threads()));
    if (!unclaimed.compare_exchange_weak(word, word - claim,
                                         std::memory_order_acq_rel,
                                         std::memory_order_acquire))
      continue;
    uint64_t first = tiles - left;
    for (uint64_t tile = first; tile < first + claim; ++tile)
      function(arguments, static_cast<int64_t>(tile));
    if (unfinished.fetch_sub(static_cast<uint32_t>(claim),
                             std::memory_order_acq_rel) == claim)
      unfinished.notify_one();
    word = unclaimed.load(std::memory_order_acquire);
  }
}

/// Waits, spinning and then asleep, for unclaimed tiles. False at the end.
bool ThreadPool::waitForWork() {
  auto ready = [this] {
    return (unclaimed.load(std::memory_order_acquire) & 0xFFFFFFFF) != 0 ||
           stopping.load(std::memory_order_relaxed);
  };
  if (!spinUntil(ready)) {
    uint32_t seen = alarm.load();
    sleepers.fetch_add(1, std::memory_order_seq_cst);
    if ((unclaimed.load(std::memory_order_seq_cst) & 0xFFFFFFFF) == 0 &&
        !stopping.load())
      alarm.wait(seen);
    sleepers.fetch_sub(1, std::memory_order_seq_cst);
  }
  return !stopping.load();
}

void ThreadPool::work() {
  while (waitForWork())
    runTiles();
}

} // namespace bcssl
