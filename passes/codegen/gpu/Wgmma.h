//===- Wgmma.h - matrix products of a warp group ----------------*- C++ -*-===//
//
// Four warps of sm_90a multiply 64 rows by up to 256 columns. Both operands lie
// in shared memory in atoms: 8 runs of 128 bytes each, in which the chunk of 16
// bytes has been exclusively or'ed with the run's number. A descriptor says
// where the first atom lies and how far the next ones are. Operands may be
// contiguous along the sum or along rows (columns) of the result.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_PASSES_CODEGEN_GPU_WGMMA_H
#define BCSSL_PASSES_CODEGEN_GPU_WGMMA_H

#include "passes/codegen/gpu/KernelBuilder.h"

namespace bcssl {

inline constexpr int64_t wgmmaRows = 64;     ///< of a product
inline constexpr int64_t wgmmaDepth = 16;    ///< terms of a product of bf16
inline constexpr int64_t wgmmaThreads = 128; ///< of a warp group
inline constexpr int64_t wgmmaWarpRows = 16; ///< that a warp has the sums of

/// A slice of 64 terms of one operand of bf16 in shared memory.
struct WgmmaSlice {
  bool alongDepth; ///< whether neighbours in memory are neighbours in the sum
  int64_t outer;   ///< rows (left) or columns (right)

  /// A multiple of an atom, 1024 bytes.
  int64_t elements() const;
  /// The element where a chunk of 8 elements lies: `run` is a row (column) if
  /// the slice is along the depth, else a term; `chunk` counts along the run.
  mlir::Value place(KernelBuilder &kernel, mlir::Value run,
                    mlir::Value chunk) const;
  /// The descriptor of a slice that a pointer to shared memory shows; adding
  /// bytes / 16 moves it.
  mlir::Value descriptor(KernelBuilder &kernel, mlir::Value shared) const;
  /// 16 bytes from the terms of one product to those of the next.
  int64_t descriptorStep() const;
  /// The same from 64 rows to the next 64.
  static constexpr int64_t descriptorOfRows = 512;
};

/// The sums of a thread: `columns / 2` numbers. Of each 8 columns it has two
/// neighbours in two rows, 8 apart.
mlir::Value wgmmaZeros(KernelBuilder &kernel, int64_t columns);

/// Sums that no product has been added to yet, and that are not zero.
mlir::Value wgmmaNothing(KernelBuilder &kernel, int64_t columns);

/// Adds the products of 64 terms, as one group to wait for, or begins sums with
/// them. The warp group's threads all come here with the same descriptors.
mlir::Value wgmmaMultiply(KernelBuilder &kernel, const WgmmaSlice &left,
                          const WgmmaSlice &right, mlir::Value leftDescriptor,
                          mlir::Value rightDescriptor, mlir::Value sums,
                          bool isFirst);

/// Calls `put` for each two neighbouring sums of the columns [begin, end) that
/// a lane has, with their row of the warp's 16 and
/// their column in the tile.
void wgmmaForPairs(KernelBuilder &kernel, mlir::Value sums, mlir::Value lane,
                   int64_t begin, int64_t end,
                   llvm::function_ref<void(mlir::Value pair, mlir::Value row,
                                           mlir::Value column)>
                       put);

/// Waits until at most `pending` groups of products are not there yet.
void wgmmaWait(KernelBuilder &kernel, int64_t pending);

} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_GPU_WGMMA_H
