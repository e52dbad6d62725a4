//===- KernelPlan.h - what a kernel's code is meant to be -------*- C++ -*-===//

#ifndef BCSSL_PASSES_CODEGEN_KERNELPLAN_H
#define BCSSL_PASSES_CODEGEN_KERNELPLAN_H

#include "mlir/IR/Builders.h"

namespace bcssl {

/// Attribute of a GPU function: multiply-adds, in vector or tensor units, that
/// each thread does in one turn of a loop by the kernel's tile. Code with fewer
/// waits more for memory than was planned.
inline constexpr llvm::StringLiteral plannedProductsName = "bcssl.products";

/// Attribute of a GPU function: registers that a thread starts with and that
/// its warps exchange. With fewer the kernel never ends.
inline constexpr llvm::StringLiteral exchangedRegistersName =
    "bcssl.exchanged_registers";

/// Notes the plan on the function that the builder stands in.
inline void planProducts(mlir::OpBuilder &builder, int64_t products) {
  builder.getInsertionBlock()->getParentOp()->setAttr(
      plannedProductsName, builder.getI64IntegerAttr(products));
}

} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_KERNELPLAN_H
