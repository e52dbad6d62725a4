//===- MemoryNeed.h - does a program fit into a device? ---------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_EXECUTABLE_MEMORYNEED_H
#define BCSSL_RUNTIME_EXECUTABLE_MEMORYNEED_H

#include "runtime/device/Device.h"
#include "runtime/executable/Executable.h"

namespace bcssl {

/// Device memory of an executable in bytes, by how it grows.
struct MemoryNeed {
  uint64_t state = 0; ///< variables, whatever the batch
  uint64_t batch = 0; ///< arena, inputs (twice) and outputs, in proportion

  uint64_t total() const { return state + batch; }
};

MemoryNeed memoryNeed(const artifact::Contents &contents);

/// The largest batch that fits into `free` bytes where `batch` images need
/// `need`; 0 where none does. Some memory is left to the driver.
int64_t largestBatch(const MemoryNeed &need, int64_t batch, uint64_t free);

/// Refuses before anything is allocated what cannot fit, where the device says
/// how much is free. Errors: "out-of-memory" (NoResource) with needed and free
/// bytes, and the largest batch where the file tells its own.
Status checkMemory(const Executable &executable, Device &device);

} // namespace bcssl

#endif // BCSSL_RUNTIME_EXECUTABLE_MEMORYNEED_H
