//===- MemoryNeed.h - does a program fit into a device? ---------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_EXECUTABLE_MEMORYNEED_H
#define BCSSL_RUNTIME_EXECUTABLE_MEMORYNEED_H

#include "runtime/device/Device.h"
#include "runtime/executable/Executable.h"

#include <algorithm>

namespace bcssl {

/// Device memory of an executable in bytes.
struct MemoryNeed {
  /// What graphs, modules and the driver's own rounding may still take.
  static constexpr uint64_t reserve = uint64_t{64} << 20;

  uint64_t state = 0; ///< variables, whatever the batch
  uint64_t batch = 0; ///< arena, inputs (twice) and outputs

  uint64_t total() const { return state + batch; }
  /// Whether all of it and the reserve fit into `free` bytes.
  bool fits(uint64_t free) const {
    return free >= reserve && total() <= free - reserve;
  }
  /// How much of `batch` does not grow with the batch, at most: gradients and
  /// rounded copies of variables and parts of their sums. No file tells it. It
  /// was 172 MB beside 819 MB of variables (DINO step of bcssl-tiny in bf16),
  /// 10 MB beside 24 (micro).
  uint64_t constant() const { return std::min(state, batch); }
};

MemoryNeed memoryNeed(const artifact::Contents &contents);

/// A batch up to `batch` that fits into `free` bytes where `batch` images need
/// `need`: as large as can be told, and 0 where none can be promised.
int64_t largestBatch(const MemoryNeed &need, int64_t batch, uint64_t free);

/// Refuses before anything is allocated what cannot fit, where the device says
/// how much is free. Errors: "out-of-memory" (NoResource) with needed and free
/// bytes, and a batch that fits where the file tells its own.
Status checkMemory(const Executable &executable, Device &device);

} // namespace bcssl

#endif // BCSSL_RUNTIME_EXECUTABLE_MEMORYNEED_H
