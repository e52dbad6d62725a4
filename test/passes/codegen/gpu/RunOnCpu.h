//===- RunOnCpu.h - GPU kernels on the machine at hand ----------*- C++ -*-===//
//
// Runs a lowered GPU function on the CPU by the executor of tools/simt, from
// the LLVM IR that PTX is made of, after all optimisations. What it checks is
// in docs/Simt.md: races, bounds, missing waits, values that nobody wrote.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_TEST_PASSES_CODEGEN_GPU_RUNONCPU_H
#define BCSSL_TEST_PASSES_CODEGEN_GPU_RUNONCPU_H

#include "passes/codegen/gpu/TensorMap.h"

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
  /// Of some buffers, passed behind them all.
  llvm::SmallVector<GpuTensorMap, 0> tensorMaps = {};
  ThreadOrder order = ThreadOrder::Rising;
};

/// Runs a function of the module on the buffers, one per argument. Returns all
/// findings, one a line, or what kept it from running, or nothing.
std::string runOnCpu(mlir::gpu::GPUModuleOp module, const CpuLaunch &launch,
                     std::vector<std::vector<std::byte>> &buffers);

} // namespace bcssl::test

#endif // BCSSL_TEST_PASSES_CODEGEN_GPU_RUNONCPU_H
