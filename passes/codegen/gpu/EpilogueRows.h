//===- EpilogueRows.h - a contraction's body, row by row --------*- C++ -*-===//
//
// The sums of a tile, or of a piece of one, lie in shared memory. Each thread
// takes a few neighbouring columns of every so many rows through the kernel's
// body, and adds up its part of the column sums.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_PASSES_CODEGEN_GPU_EPILOGUEROWS_H
#define BCSSL_PASSES_CODEGEN_GPU_EPILOGUEROWS_H

#include "passes/codegen/RegionEmitter.h"
#include "passes/codegen/gpu/Generators.h"
#include "passes/codegen/gpu/KernelBuilder.h"

namespace bcssl {

class EpilogueRows {
public:
  /// `columns` of the result of `anchor`.
  EpilogueRows(GpuKernelContext context, ContractOp anchor, int64_t columns,
               int64_t mostWidth);

  /// What a thread works on.
  struct Piece {
    int64_t rows = 0;           ///< of the piece
    mlir::Value row = {};       ///< the thread's first, in the piece
    int64_t step = 1;           ///< rows from one of the thread's to the next
    mlir::Value takesRows = {}; ///< whether the thread does; null: it does
    mlir::Value rowsLeft = {};  ///< those of the piece that exist; null: all
    mlir::Value firstRow = {};  ///< of the result, where the piece begins
    mlir::Value column = {};    ///< of the result, the thread's first
  };

  /// Stores the results, up to `unroll` rows at a time. `sums` gives a vector
  /// of the piece's row. Returns the thread's part of each column sum.
  using Sums = llvm::function_ref<mlir::Value(mlir::Value row)>;
  llvm::SmallVector<mlir::Value> run(KernelBuilder &kernel, const Piece &piece,
                                     int64_t unroll, Sums sums);

  RegionEmitter region() const;

  /// Columns of a thread's vector: 16 bytes of the narrowest result, if that is
  /// not more than wanted, or as many as divide the columns.
  const int64_t width;

private:
  using Values = llvm::SmallVector<mlir::Value>;

  Values emitRows(KernelBuilder &kernel, const Piece &piece, mlir::Value row,
                  int64_t count, mlir::ValueRange before, Sums sums);
  Values emitLoop(KernelBuilder &kernel, const Piece &piece, mlir::Value end,
                  int64_t unroll, Sums sums);
  Values zeros() const;

  GpuKernelContext context;
  ContractOp anchor;
};

} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_GPU_EPILOGUEROWS_H
