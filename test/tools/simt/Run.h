//===- Run.h - kernels in LLVM assembly and their run -----------*- C++ -*-===//

#ifndef BCSSL_TEST_TOOLS_SIMT_RUN_H
#define BCSSL_TEST_TOOLS_SIMT_RUN_H

#include "tools/simt/executor/Machine.h"

#include <initializer_list>

namespace bcssl::simt::test {

/// A kernel `f` in LLVM assembly on buffers of words. `body` may use the
/// parameters %p0, %p1, ..., %tid, %lane, %block, and the shared memory
/// @shared. Every instruction carries a line of "kernel.mlir".
struct KernelRun {
  std::string body;
  std::vector<std::vector<uint32_t>> buffers; ///< in, and out after the run
  uint32_t threads = 32, blocks = 1, sharedBytes = 0;
  MachineOptions options = {};
  /// Changes the buffers' bytes, given their device addresses.
  std::function<void(const std::vector<void *> &)> prepare = {};
  /// Of the buffers, which the host leaves unwritten.
  std::vector<size_t> unwritten = {};

  /// Runs it; returns "kind: detail" of each finding, or what kept it from
  /// running.
  std::vector<std::string> run();

  std::vector<Finding> findings = {}; ///< of the run
};

/// The buffer 0, 1, ..., count - 1.
std::vector<uint32_t> counting(uint32_t count);

/// A buffer of zeros.
inline std::vector<uint32_t> zeros(uint32_t count) {
  return std::vector<uint32_t>(count);
}

} // namespace bcssl::simt::test

#endif // BCSSL_TEST_TOOLS_SIMT_RUN_H
