//===- ArithGradients.h - derivatives of arith and math ops -----*- C++ -*-===//

#ifndef BCSSL_PASSES_GRAPH_ARITHGRADIENTS_H
#define BCSSL_PASSES_GRAPH_ARITHGRADIENTS_H

#include "mlir/IR/Builders.h"

#include <optional>

namespace bcssl {

/// The gradients of the operands of a pointwise `arith` or `math` operation on
/// tensors; nothing if there is no rule for it.
std::optional<llvm::SmallVector<mlir::Value>>
buildArithGradient(mlir::OpBuilder &builder, mlir::Operation *op,
                   mlir::Value resultGradient);

} // namespace bcssl

#endif // BCSSL_PASSES_GRAPH_ARITHGRADIENTS_H
