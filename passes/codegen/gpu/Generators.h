//===- Generators.h - one GPU generator per kernel family -------*- C++ -*-===//
//
// Each generator emits the body of one GPU function: the code of one block, on
// rank-1 memrefs. A block is a tile: the grid is one-dimensional.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_PASSES_CODEGEN_GPU_GENERATORS_H
#define BCSSL_PASSES_CODEGEN_GPU_GENERATORS_H

#include "dialects/bcssl/Bcssl.h"
#include "passes/codegen/Tiles.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <string>

namespace bcssl {

/// What a generator works on.
struct GpuKernelContext {
  mlir::ImplicitLocOpBuilder &builder; ///< inside the kernel's function
  KernelOp kernel;
  mlir::ValueRange buffers; ///< one rank-1 memref per operand and result
};

/// How a kernel is started.
struct GpuLaunch {
  int64_t blocks = 1;
  int64_t threads = 1;
  int64_t sharedBytes = 0;
};

/// Sizes of a depthwise kernel, read from its anchor.
struct GpuDepthwiseShape {
  explicit GpuDepthwiseShape(mlir::Operation *anchor);

  int64_t images, height, width, channels;
  int64_t filterHeight, filterWidth;
  int64_t elementBytes;
  bool turned; ///< the filter, by 180 degrees: the input gradient

  /// Largest distances from the filter's center that can meet the map.
  int64_t reachHeight() const { return std::min(filterHeight / 2, height - 1); }
  int64_t reachWidth() const { return std::min(filterWidth / 2, width - 1); }
};

/// The depthwise convolution or input gradient of a kernel, or null.
mlir::Operation *gpuAnchorOf(KernelOp kernel);

/// Why there is no generator for the kernel; empty if there is one.
std::string missingGpuGenerator(KernelOp kernel);

/// Reports a tile that is absent or breaks the rules of its family or chip.
mlir::LogicalResult checkGpuTile(KernelOp kernel, const GpuLimits &limits);

GpuLaunch gpuDepthwiseLaunch(KernelOp kernel);
void emitGpuDepthwise(GpuKernelContext context);

} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_GPU_GENERATORS_H
