//===- CheckProgram.h - what the memory plan can place ----------*- C++ -*-===//

#ifndef BCSSL_PASSES_SCHEDULE_CHECKPROGRAM_H
#define BCSSL_PASSES_SCHEDULE_CHECKPROGRAM_H

#include "dialects/bcssl/Bcssl.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace bcssl {

/// Reports a variable of an element type that the artifact cannot name.
mlir::LogicalResult checkVariable(VariableOp variable);

/// Reports operations outside of kernels that are no reshape or slice, and
/// values of more than 2^40 elements.
mlir::LogicalResult checkKernelsAlone(mlir::func::FuncOp function);

/// Reports a program that cannot be planned: operations outside of kernels,
/// arguments and results without a name, names of variables that do not exist,
/// have another type or occur twice.
mlir::LogicalResult checkProgram(mlir::func::FuncOp function);

} // namespace bcssl

#endif // BCSSL_PASSES_SCHEDULE_CHECKPROGRAM_H
