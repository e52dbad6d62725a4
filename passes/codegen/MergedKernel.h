//===- MergedKernel.h - kernels that share a launch -------------*- C++ -*-===//

#ifndef BCSSL_PASSES_CODEGEN_MERGEDKERNEL_H
#define BCSSL_PASSES_CODEGEN_MERGEDKERNEL_H

#include "dialects/bcssl/Bcssl.h"

namespace bcssl {

/// Whether the kernel's body holds kernels, its parts, which need nothing of
/// each other and become one launch. The kernel has the family of the first.
bool isMerged(KernelOp kernel);

/// Whether the kernel is a part of a merged one.
bool isPart(KernelOp kernel);

/// Reports parts that are no kernels, are merged ones, read anything but inputs
/// of the kernel, or whose results are not those of the kernel in order.
mlir::LogicalResult checkMergedKernel(KernelOp kernel);

} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_MERGEDKERNEL_H
