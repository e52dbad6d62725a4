//===- KernelRegion.h - what generators read off a kernel -------*- C++ -*-===//

#ifndef BCSSL_PASSES_CODEGEN_KERNELREGION_H
#define BCSSL_PASSES_CODEGEN_KERNELREGION_H

#include "dialects/bcssl/Bcssl.h"

#include <string>

namespace bcssl {

/// Whether a kernel is built around the operation.
bool isAnchor(mlir::Operation *op);

/// The anchor of a kernel (convolution, contraction or movement), or null.
mlir::Operation *anchorOf(KernelOp kernel);

/// Shape of the iteration space: that of the anchor's result, of the input of a
/// row reduction or partial sum, or of the first pointwise result.
llvm::SmallVector<int64_t> iterationSpace(KernelOp kernel);

/// Whether all operands are read element by element or are scalars, so that
/// rows and columns play no part.
bool isFlat(KernelOp kernel);

/// Row reductions in the order of their passes: one that needs another's result
/// is one level higher.
llvm::SmallVector<llvm::SmallVector<ReduceOp>> reductionLevels(KernelOp kernel);

/// Whether a rowwise kernel yields a value with one element a row.
bool hasRowResults(KernelOp kernel);

/// The kernel's text without locations and outer names: equal text, equal code.
std::string keyOf(KernelOp kernel);

/// Reports a region that no generator can emit: an anchor that is missing or of
/// another family, values of other shapes than the iteration space or its rows.
mlir::LogicalResult checkRegion(KernelOp kernel);

} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_KERNELREGION_H
