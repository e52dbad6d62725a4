//===- Depthwise.h - depthwise kernels on a GPU -----------------*- C++ -*-===//

#ifndef BCSSL_PASSES_CODEGEN_GPU_DEPTHWISE_H
#define BCSSL_PASSES_CODEGEN_GPU_DEPTHWISE_H

#include "passes/codegen/gpu/Generators.h"

namespace bcssl {

/// Sizes of a depthwise kernel, read from its body.
struct GpuDepthwiseShape {
  explicit GpuDepthwiseShape(KernelOp kernel);

  mlir::Operation *anchor;
  GpuDepthwiseMap map;
  int64_t images, channels;
  int64_t filterHeight, filterWidth;
  int64_t parts = 1; ///< of the images: the filter gradient
  bool turned;       ///< the filter, by 180 degrees: the input gradient

  /// Largest distances from the filter's center that can meet the map.
  int64_t reachHeight() const {
    return std::min(filterHeight / 2, map.height - 1);
  }
  int64_t reachWidth() const {
    return std::min(filterWidth / 2, map.width - 1);
  }
};

/// The cheapest tile of the cost model, null where none fits the chip.
mlir::DictionaryAttr chooseGpuDepthwiseTile(KernelOp kernel,
                                            const GpuLimits &limits);
mlir::DictionaryAttr chooseGpuFilterGradTile(KernelOp kernel,
                                             const GpuLimits &limits);

/// Reports a tile that does not fit the kernel or the chip.
mlir::LogicalResult checkGpuDepthwiseTile(KernelOp kernel,
                                          const GpuLimits &limits);
mlir::LogicalResult checkGpuFilterGradTile(KernelOp kernel,
                                           const GpuLimits &limits);

} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_GPU_DEPTHWISE_H
