//===- TensorRing.h - slices of both operands by the copy engine -*- C++ -*-==//
//
// A ring of slices that the copy engine of sm_90 and later (TMA) fills: one
// thread asks for boxes of the operands, which come swizzled as wgmma reads
// them, with zeros outside the operand. A barrier in shared memory for each
// place counts the bytes that have come; where warps read the ring at a pace of
// their own, a second one counts those that need the place no more.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_PASSES_CODEGEN_GPU_TENSORRING_H
#define BCSSL_PASSES_CODEGEN_GPU_TENSORRING_H

#include "passes/codegen/gpu/Contraction.h"
#include "passes/codegen/gpu/Wgmma.h"

namespace bcssl {

/// The tensor maps of a contraction's operands, left and right.
llvm::SmallVector<GpuTensorMap, 0>
contractionTensorMaps(ContractOp anchor, const GpuContractionTile &tile);

/// Both operands' slices.
class TensorRing {
public:
  struct Operand {
    WgmmaSlice slice;
    mlir::Value map;
    mlir::Value memref; ///< all slices
    mlir::Value shared; ///< pointer to the first slice
  };

  /// `maps` as of contractionTensorMaps(). `readers` give a place back, each
  /// once; 0: the kernel sees to it otherwise. All threads come here, and
  /// `makesBarriers` is true for one of them.
  TensorRing(KernelBuilder &kernel, const GpuContractionShape &shape,
             const GpuContractionTile &tile, mlir::ValueRange maps,
             mlir::Value makesBarriers, int64_t readers);

  /// Asks for a slice of the block's tile. To be called by one thread.
  void fill(const ContractionBlock &block, mlir::Value slice,
            mlir::Value stage);
  /// Waits for the bytes of a place. `turn`: how often it was filled before,
  /// of which the last bit counts.
  void awaitFull(mlir::Value stage, mlir::Value turn);
  /// Waits until all readers have given the place back, in that turn.
  void awaitEmpty(mlir::Value stage, mlir::Value turn);
  void giveBack(mlir::Value stage);

  /// Starts adding the products of the slice in place `stage` to the sums of
  /// warp group `group`, or begins them.
  mlir::Value multiply(mlir::Value group, mlir::Value stage, mlir::Value sums,
                       bool isFirst);

  Operand left, right;

private:
  Operand makeOperand(WgmmaSlice slice, mlir::Value map);
  mlir::Value barrierOf(mlir::Value stage, int64_t kind);
  void await(mlir::Value barrier, mlir::Value turn);
  void fillOperand(const Operand &operand, mlir::Value first, mlir::Value begin,
                   mlir::Value stage, mlir::Value barrier);

  KernelBuilder &kernel;
  const GpuContractionTile &tile;
  mlir::Value barriers;
};

} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_GPU_TENSORRING_H
