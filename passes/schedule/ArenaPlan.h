//===- ArenaPlan.h - offsets in one arena -----------------------*- C++ -*-===//

#ifndef BCSSL_PASSES_SCHEDULE_ARENAPLAN_H
#define BCSSL_PASSES_SCHEDULE_ARENAPLAN_H

#include <cstdint>
#include <vector>

namespace bcssl {

/// Rounds up to the next multiple of 64, where every buffer begins.
int64_t alignedBytes(int64_t bytes);

/// A buffer that is live from kernel `first` to kernel `last`, both included.
struct ArenaBuffer {
  int64_t bytes = 0;
  int64_t first = 0, last = 0;
  int64_t offset = 0; ///< the plan's answer, multiple of 64
};

/// Assigns offsets, largest buffer first; returns the arena's size in bytes.
int64_t planArena(std::vector<ArenaBuffer> &buffers);

} // namespace bcssl

#endif // BCSSL_PASSES_SCHEDULE_ARENAPLAN_H
