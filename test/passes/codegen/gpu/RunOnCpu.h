//===- RunOnCpu.h - GPU kernels on the machine at hand ----------*- C++ -*-===//
//
// Runs a lowered GPU function on the CPU, from the LLVM IR that PTX is made of:
// the threads of a block are fibers that change at barriers. Shared memory
// holds NaN at first, so that a value read before it was written shows in the
// result, and every address is checked.
//
// It does not show what happens below LLVM IR, nor races between two barriers.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_TEST_PASSES_CODEGEN_GPU_RUNONCPU_H
#define BCSSL_TEST_PASSES_CODEGEN_GPU_RUNONCPU_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

#include <cstddef>
#include <string>
#include <vector>

namespace bcssl::test {

/// The order in which the threads of a block run between barriers, and blocks.
enum class ThreadOrder { Rising, Falling };

struct CpuLaunch {
  std::string symbol;
  int64_t blocks = 1, threads = 1, sharedBytes = 0;
  ThreadOrder order = ThreadOrder::Rising;
};

/// Runs a function of the module on the buffers, one per argument. Returns what
/// went wrong (an access outside buffers and shared memory, threads that do not
/// meet at a barrier, an operation that is not known here), or nothing.
std::string runOnCpu(mlir::gpu::GPUModuleOp module, const CpuLaunch &launch,
                     std::vector<std::vector<std::byte>> &buffers);

} // namespace bcssl::test

#endif // BCSSL_TEST_PASSES_CODEGEN_GPU_RUNONCPU_H
