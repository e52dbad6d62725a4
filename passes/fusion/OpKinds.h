//===- OpKinds.h - what kernel formation sees in an operation ---*- C++ -*-===//

#ifndef BCSSL_PASSES_FUSION_OPKINDS_H
#define BCSSL_PASSES_FUSION_OPKINDS_H

#include "dialects/bcssl/Bcssl.h"

namespace bcssl {

enum class OpKind {
  Constant,     ///< splat constant: copied into every reader
  Broadcast,    ///< computed in every reader
  Alias,        ///< reshape or slice: the same memory
  Pointwise,    ///< one element from elements at the same place
  RowReduce,    ///< over the last dimension
  ColumnReduce, ///< over leading or middle dimensions
  Partial,      ///< partial column sums
  Anchor,       ///< convolution or contraction
  Movement,     ///< data movement
  Other,        ///< stays outside (return, all_reduce)
};

OpKind kindOf(mlir::Operation *op);

/// Whether computing the operation again costs a few instructions at most.
bool isCheap(mlir::Operation *op);

llvm::ArrayRef<int64_t> shapeOf(mlir::Value tensor);

/// The product of all but the last dimension.
int64_t rowsOf(llvm::ArrayRef<int64_t> shape);

} // namespace bcssl

#endif // BCSSL_PASSES_FUSION_OPKINDS_H
