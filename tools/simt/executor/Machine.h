//===- Machine.h - runs grids on the host -----------------------*- C++ -*-===//

#ifndef BCSSL_TOOLS_SIMT_EXECUTOR_MACHINE_H
#define BCSSL_TOOLS_SIMT_EXECUTOR_MACHINE_H

#include "tools/simt/executor/Block.h"

#include <optional>

namespace bcssl::simt {

struct MachineOptions {
  bool checks = true;
  Order order = Order::Forward;
  uint64_t seed = 0;                  ///< of Order::Shuffle
  uint32_t workers = 1;               ///< host threads; one with checks
  uint64_t memoryBytes = 16ull << 30; ///< of the device
};

/// What a launch asks for.
struct Grid {
  std::array<uint32_t, 3> blocks{1, 1, 1}, threads{1, 1, 1};
  uint32_t dynamicSharedBytes = 0;
};

/// A device with its memory. One thread uses it at a time.
class Machine {
public:
  explicit Machine(MachineOptions options, Findings::Listener listener = {});

  /// Runs all blocks of a grid; `arguments` holds a pointer to the value of
  /// each parameter. Returns what a GPU would have stopped at (an access
  /// outside or misaligned, a deadlock), if anything: the finding's kind. The
  /// grid has been checked by `problemOf`. Where `extents` are given, the
  /// kernel may touch those bytes of global memory alone.
  std::optional<FindingKind> launch(const Kernel &kernel, const Grid &grid,
                                    const void *const *arguments,
                                    std::span<const Extent> extents = {});

  /// Why the kernel cannot be launched so, or nothing.
  static std::string problemOf(const Kernel &kernel, const Grid &grid);

  /// Of launches from now on; `seed` is that of Order::Shuffle.
  void setOrder(Order order, uint64_t seed) {
    settings.order = order;
    settings.seed = seed;
  }

  const MachineOptions &options() const { return settings; }
  GlobalMemory &memory() { return globalMemory; }
  Findings &findings() { return found; }

private:
  std::vector<uint32_t> blockOrder(uint32_t count);

  MachineOptions settings;
  GlobalMemory globalMemory;
  Findings found;
  std::vector<std::unique_ptr<Block>> blocks; ///< one a worker
  uint32_t nextRun = 1;
};

} // namespace bcssl::simt

#endif // BCSSL_TOOLS_SIMT_EXECUTOR_MACHINE_H
