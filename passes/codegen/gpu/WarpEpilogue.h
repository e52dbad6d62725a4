//===- WarpEpilogue.h - from a warp's sums to results -----------*- C++ -*-===//
//
// As ContractionEpilogue, for warps that end at times of their own: each takes
// its 16 rows of a tile through a piece of shared memory that no other warp
// uses, 32 columns at a time. Slices of the next tile may come meanwhile.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_PASSES_CODEGEN_GPU_WARPEPILOGUE_H
#define BCSSL_PASSES_CODEGEN_GPU_WARPEPILOGUE_H

#include "passes/codegen/gpu/Contraction.h"
#include "passes/codegen/gpu/Wgmma.h"

namespace bcssl {

class WarpEpilogue {
public:
  /// For the first warps of the block, as many as have sums.
  WarpEpilogue(GpuKernelContext context, KernelBuilder &kernel,
               const GpuContractionShape &shape, const GpuContractionTile &tile,
               mlir::Value thread);

  /// Stores the results of the tile, and its column sums. To be emitted for all
  /// warps that have sums.
  void run(const ContractionBlock &block, mlir::Value sums);

private:
  mlir::Value place(mlir::Value row, mlir::Value column);
  mlir::Value get(mlir::Value row);
  llvm::SmallVector<mlir::Value> runPiece(const ContractionBlock &block,
                                          mlir::Value sums, int64_t begin);
  mlir::Value addRows(mlir::Value vector);
  void storePartials(const ContractionBlock &block,
                     llvm::ArrayRef<mlir::Value> partial);

  KernelBuilder &kernel;
  EpilogueRows body;
  const GpuContractionShape &shape;
  const GpuContractionTile &tile;
  int64_t warps, perRow;
  mlir::Value memory; ///< of all warps
  mlir::Value thread, lane, firstRow, begin, rowOfLane, columnOfLane;
};

} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_GPU_WARPEPILOGUE_H
