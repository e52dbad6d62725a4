//===- Merged.h - several kernels in one launch -----------------*- C++ -*-===//

#ifndef BCSSL_PASSES_CODEGEN_GPU_MERGED_H
#define BCSSL_PASSES_CODEGEN_GPU_MERGED_H

#include "passes/codegen/gpu/Generators.h"

namespace bcssl {

/// The code generator of merged kernels, whatever their parts are.
extern const GpuGenerator gpuMerged;

/// Threads of the kernel's blocks where it can be a part of a merged one; 0
/// where it cannot, because of what it computes or because it has a tile.
int64_t gpuThreadsOfPart(KernelOp kernel, const GpuLimits &limits);

} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_GPU_MERGED_H
