//===- Generators.h - one GPU generator per kernel family -------*- C++ -*-===//
//
// Each generator emits the body of one GPU function: the code of one block, on
// rank-1 memrefs. A block is a tile: the grid is one-dimensional.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_PASSES_CODEGEN_GPU_GENERATORS_H
#define BCSSL_PASSES_CODEGEN_GPU_GENERATORS_H

#include "passes/codegen/KernelRegion.h"
#include "passes/codegen/Tiles.h"
#include "passes/codegen/gpu/TensorMap.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <string>

namespace bcssl {

/// What a generator works on.
struct GpuKernelContext {
  mlir::ImplicitLocOpBuilder &builder; ///< inside the kernel's function
  KernelOp kernel;
  mlir::ValueRange buffers; ///< one rank-1 memref per operand and result
  /// A pointer (`!llvm.ptr`) to each map that the launch asks for.
  mlir::ValueRange tensorMaps = {};
};

/// How a kernel is started.
struct GpuLaunch {
  int64_t blocks = 1;
  int64_t threads = 1;
  int64_t sharedBytes = 0;
  /// What the kernel's copies read by TMA, on chips from sm_90 on.
  llvm::SmallVector<GpuTensorMap, 0> tensorMaps = {};
};

/// The code generator of a family. All functions take kernels whose regions
/// `checkRegion` accepts.
struct GpuGenerator {
  /// Why the kernel cannot be emitted; empty if it can.
  std::string (*missing)(KernelOp kernel);
  /// The tile that the cost model takes; null where none fits the chip.
  mlir::DictionaryAttr (*choose)(KernelOp kernel, const GpuLimits &limits);
  /// Reports a tile that breaks the rules of the family or of the chip.
  mlir::LogicalResult (*check)(KernelOp kernel, const GpuLimits &limits);
  GpuLaunch (*launch)(KernelOp kernel);
  void (*emit)(GpuKernelContext context);
};

extern const GpuGenerator gpuContraction, gpuDepthwise, gpuDepthwiseFilterGrad,
    gpuRowwise, gpuColumnwise, gpuMovement;

const GpuGenerator &gpuGeneratorOf(KernelOp kernel);

/// Why there is no generator for the kernel; empty if there is one.
std::string missingGpuGenerator(KernelOp kernel);

/// Reports a tile that is absent or breaks the rules of its family or chip.
mlir::LogicalResult checkGpuTile(KernelOp kernel, const GpuLimits &limits);

} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_GPU_GENERATORS_H
