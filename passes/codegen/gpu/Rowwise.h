//===- Rowwise.h - pointwise kernels on a GPU -------------------*- C++ -*-===//

#ifndef BCSSL_PASSES_CODEGEN_GPU_ROWWISE_H
#define BCSSL_PASSES_CODEGEN_GPU_ROWWISE_H

#include "passes/codegen/gpu/Generators.h"

namespace bcssl {

/// A thread's vectors of one row are unrolled up to this number; more are a
/// loop, and partial sums are then kept in memory.
inline constexpr int64_t rowwiseUnrolled = 8;

mlir::DictionaryAttr chooseGpuRowwiseTile(KernelOp kernel,
                                          const GpuLimits &limits);
mlir::LogicalResult checkGpuRowwiseTile(KernelOp kernel,
                                        const GpuLimits &limits);

} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_GPU_ROWWISE_H
