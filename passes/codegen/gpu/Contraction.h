//===- Contraction.h - what the GPU contractions share ----------*- C++ -*-===//
//
// result[m,n] = sum over k of left[m,k] * right[n,k], whichever way the two
// operands lie in memory. A block computes a tile of the result and brings both
// operands into shared memory slice by slice along the sum; threads multiply
// what lies there and keep the sums in registers. At the end the sums go to
// shared memory, and the epilogue takes them from there.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_PASSES_CODEGEN_GPU_CONTRACTION_H
#define BCSSL_PASSES_CODEGEN_GPU_CONTRACTION_H

#include "passes/codegen/gpu/EpilogueRows.h"
#include "passes/codegen/gpu/Generators.h"
#include "passes/codegen/gpu/KernelBuilder.h"

namespace bcssl {

/// Sizes of a contraction, read from its anchor. `parts` sums of at most
/// `partDepth` terms each; `rows` x `columns` is the result of one part.
struct GpuContractionShape {
  explicit GpuContractionShape(ContractOp anchor);

  int64_t rows, columns, depth;
  int64_t parts, partDepth;
  /// Whether neighbours in memory are neighbours in the sum; else they belong
  /// to neighbouring rows (left) or columns (right) of the result.
  bool leftAlongDepth, rightAlongDepth;
  mlir::Type element;

  int64_t elementBytes() const { return element.getIntOrFloatBitWidth() / 8; }
  /// Tiles of all parts.
  int64_t tiles(const GpuContractionTile &tile) const {
    return parts * llvm::divideCeil(rows, tile.rows) *
           llvm::divideCeil(columns, tile.columns);
  }
  /// Whether a part may end inside a slice, before its operands do.
  bool endsInsideSlice(const GpuContractionTile &tile) const {
    return parts > 1 && partDepth % tile.depth != 0;
  }
};

/// The contraction that anchors a kernel.
ContractOp gpuContractionOf(KernelOp kernel);

/// What a block works on, and how its sum is cut. The first slice has the terms
/// that do not fill a slice (or is full): only it needs conditions.
struct ContractionBlock {
  /// The block's only tile.
  ContractionBlock(KernelBuilder &kernel, const GpuContractionShape &shape,
                   const GpuContractionTile &tile);
  /// Tile `number` of all.
  ContractionBlock(KernelBuilder &kernel, const GpuContractionShape &shape,
                   const GpuContractionTile &tile, mlir::Value thread,
                   mlir::Value number);

  /// The term where slice `number` >= 1 begins.
  mlir::Value beginOf(KernelBuilder &kernel, mlir::Value number) const;

  mlir::Value thread;
  mlir::Value part, rowTile, firstRow, firstColumn;
  mlir::Value begin;      ///< the first term of the part
  mlir::Value firstTerms; ///< of the first slice; null if it is full
  mlir::Value slices;     ///< at least 1
  int64_t depth;          ///< of a slice
};

/// The pieces of an operand's slices that one thread copies.
struct OperandPieces {
  /// `inTile`: rows (left) or columns (right) of the tile, `first` the block's.
  OperandPieces(KernelBuilder &kernel, mlir::Value memref,
                const GpuContractionShape &shape, bool isLeft,
                const GpuContractionTile &tile, const ContractionBlock &block);

  struct Piece {
    mlir::Value outer;  ///< row or column in the tile
    mlir::Value depth;  ///< term in the slice
    mlir::Value from;   ///< element of the buffer, for a slice at term 0
    mlir::Value exists; ///< null: always
  };

  mlir::Value memref;
  bool alongDepth;
  int64_t inTile; ///< rows or columns of the tile
  int64_t lanes;  ///< elements of a piece
  int64_t step;   ///< elements from one term of the sum to the next
  llvm::SmallVector<Piece> pieces;
};

/// The end of a contraction: takes the sums of a block's tile out of shared
/// memory through the kernel's body and stores the results and the tile's
/// column sums.
class ContractionEpilogue {
public:
  /// Rows of sums lie `padding` elements further apart than they are long, so
  /// that the threads that store a fragment meet different banks. Everything
  /// that lay in shared memory is given up.
  ContractionEpilogue(GpuKernelContext context,
                      const GpuContractionShape &shape,
                      const GpuContractionTile &tile,
                      const ContractionBlock &block, int64_t padding);

  /// Stores a vector of neighbouring sums.
  void put(mlir::Value vector, mlir::Value row, mlir::Value column);

  /// To be emitted by all threads, when all sums have been put.
  void run();

private:
  mlir::Value place(mlir::Value column);
  mlir::Value get(mlir::Value row);
  void storePartials(llvm::ArrayRef<mlir::Value> partial);

  mlir::ImplicitLocOpBuilder &builder;
  KernelBuilder kernel; // its shared memory begins where the operands' did
  EpilogueRows body;
  const GpuContractionShape &shape;
  const GpuContractionTile &tile;
  const ContractionBlock &block;
  int64_t width;  ///< columns of a thread's vector
  int64_t groups; ///< rows that the threads of the block take at a time
  int64_t stride; ///< of the sums' rows
  mlir::Value sums, group, inTile, column;
  mlir::Value takesRows; ///< whether the thread has a part; null: all have
};

/// Multiplies f32 without tensor cores.
void emitGpuContractionFma(GpuKernelContext context);
/// Multiplies bf16 by tensor cores, warp by warp.
void emitGpuContractionMma(GpuKernelContext context);
/// Multiplies bf16 by warp groups of sm_90a.
void emitGpuContractionWgmma(GpuKernelContext context);
/// The same, with a warp of its own for the copies and many tiles to a block.
void emitGpuContractionSpecialized(GpuKernelContext context);

} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_GPU_CONTRACTION_H
