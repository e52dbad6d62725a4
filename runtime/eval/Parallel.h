//===- Parallel.h - independent tasks on several threads --------*- C++ -*-===//
//
// Tasks are claimed dynamically, so a task must not depend on which thread runs
// it: it writes its own slot, and the caller combines slots in task order. That
// keeps results the same for any number of threads.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_EVAL_PARALLEL_H
#define BCSSL_RUNTIME_EVAL_PARALLEL_H

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <system_error>
#include <thread>
#include <vector>

namespace bcssl {

/// The number of threads to use when `requested` are asked for; 0: all cores.
inline int threadCount(int requested) {
  if (requested > 0)
    return requested;
  return std::max(1u, std::thread::hardware_concurrency());
}

/// Calls `task(index)` once for every index below `tasks`; returns when all
/// calls have returned. Tasks must not throw.
template <typename Task>
void parallelFor(int64_t tasks, int threads, const Task &task) {
  std::atomic<int64_t> next{0};
  auto work = [&] {
    for (int64_t index = next++; index < tasks; index = next++)
      task(index);
  };
  std::vector<std::jthread> helpers;
  int64_t count = std::min<int64_t>(threadCount(threads), tasks);
  try {
    for (int64_t i = 1; i < count; ++i)
      helpers.emplace_back(work);
  } catch (const std::system_error &) {
    // The machine gives no more threads: those there are do it all.
  }
  work();
}

} // namespace bcssl

#endif // BCSSL_RUNTIME_EVAL_PARALLEL_H
