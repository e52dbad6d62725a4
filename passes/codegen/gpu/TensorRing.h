//===- TensorRing.h - slices of both operands by the copy engine -*- C++ -*-==//
//
// A ring like that of ContractionRing.h, filled by the copy engine of sm_90 and
// later (TMA): one thread asks for boxes of the operands, which come swizzled
// as wgmma reads them, with zeros outside the operand. A barrier in shared
// memory for each place counts the bytes that have come.
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
    mlir::Value first;  ///< row (left) or column (right) of the block
    mlir::Value memref; ///< all slices
    mlir::Value shared; ///< pointer to the first slice
  };

  /// `maps` as of contractionTensorMaps().
  TensorRing(KernelBuilder &kernel, const GpuContractionShape &shape,
             const GpuContractionTile &tile, const ContractionBlock &block,
             mlir::ValueRange maps);

  /// Starts adding the products of the slice in place `stage` to the sums, and
  /// waits for those of the slice before.
  using Multiply =
      llvm::function_ref<mlir::Value(mlir::Value stage, mlir::Value sums)>;
  /// Goes through all slices; gives the sums, whose last products may not be
  /// there yet.
  mlir::Value run(mlir::Value zeros, Multiply multiply);

  Operand left, right;

private:
  Operand makeOperand(WgmmaSlice slice, mlir::Value map, mlir::Value first);
  mlir::Value barrierOf(mlir::Value stage);
  mlir::Value isThere(mlir::Value slice);
  void waitFor(mlir::Value slice, mlir::Value stage);
  void copy(mlir::Value slice, mlir::Value stage);
  void copyOperand(const Operand &operand, mlir::Value begin, mlir::Value stage,
                   mlir::Value barrier);
  void clearTail(mlir::Value stage);
  void clearTerms(const Operand &operand, mlir::Value stage);

  KernelBuilder &kernel;
  const GpuContractionTile &tile;
  const ContractionBlock &block;
  bool hasTail; ///< a part may end inside a slice, before its operands do
  mlir::Value barriers, isFirst;
};

} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_GPU_TENSORRING_H
