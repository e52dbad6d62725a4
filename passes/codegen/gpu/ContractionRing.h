//===- ContractionRing.h - slices of both operands in a ring ----*- C++ -*-===//
//
// Tensor cores read slices that asynchronous copies of all threads bring into
// shared memory. The ring holds a few of them: copies run ahead of what is
// multiplied, and the place of a slice is taken when all have multiplied it.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_PASSES_CODEGEN_GPU_CONTRACTIONRING_H
#define BCSSL_PASSES_CODEGEN_GPU_CONTRACTIONRING_H

#include "passes/codegen/gpu/Contraction.h"

namespace bcssl {

/// Elements of bf16 that are copied together, and that swizzles move.
inline constexpr int64_t contractionChunk = 8;

/// A pointer to the first element of a buffer in global or shared memory.
mlir::Value pointerTo(KernelBuilder &kernel, mlir::Value memref);

/// A pointer to element `at`, of bf16.
mlir::Value elementAt(KernelBuilder &kernel, mlir::Value base, mlir::Value at);

/// One operand's slices. A run of memory (a row of the operand, cut to the
/// slice) lies there in chunks.
class OperandRing {
public:
  /// Where in its slice a chunk of a run lies, in elements.
  using Place =
      llvm::function_ref<mlir::Value(mlir::Value run, mlir::Value chunk)>;

  OperandRing(KernelBuilder &kernel, OperandPieces pieces,
              int64_t sliceElements, int64_t stages, Place place);

  /// Copies the thread's pieces of the slice that begins with the term `begin`
  /// and has `terms` (null: all): zeros behind them.
  void copy(KernelBuilder &kernel, mlir::Value begin, mlir::Value terms,
            mlir::Value stage) const;

  bool alongDepth() const { return pieces.alongDepth; }

  int64_t sliceElements;
  mlir::Value shared; ///< pointer to the first slice

private:
  OperandPieces pieces;
  mlir::Value memref, global;        ///< all slices; pointer to the operand
  llvm::SmallVector<mlir::Value> to; ///< where the pieces of a slice go
};

/// Both operands' slices.
class ContractionRing {
public:
  ContractionRing(KernelBuilder &kernel, const ContractionBlock &block,
                  OperandRing left, OperandRing right, int64_t stages);

  /// Adds the products of one slice, that in place `stage`, to the sums. Calls
  /// `copyAhead` once, and has read the slice when it returns.
  using Multiply = llvm::function_ref<llvm::SmallVector<mlir::Value>(
      mlir::Value stage, mlir::ValueRange sums,
      llvm::function_ref<void()> copyAhead)>;
  /// Goes through all slices; gives the last sums.
  mlir::ValueRange run(mlir::ValueRange zeros, Multiply multiply);

  const OperandRing left, right;

private:
  void copySlice(mlir::Value begin, mlir::Value terms, mlir::Value stage);

  KernelBuilder &kernel;
  const ContractionBlock &block;
  int64_t stages;
};

} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_GPU_CONTRACTIONRING_H
