//===- ModelArguments.h - arguments of a model's programs -------*- C++ -*-===//

#ifndef BCSSL_TEST_PASSES_NUMERICS_MODELARGUMENTS_H
#define BCSSL_TEST_PASSES_NUMERICS_MODELARGUMENTS_H

#include "test/reference/Interpreter.h"

namespace bcssl::test {

/// The nearest number that an element of the type can hold.
double roundToElement(double value, mlir::Type type);

/// The name of a program's argument, variable or input.
llvm::StringRef argumentName(mlir::func::FuncOp function, unsigned number);

/// One random tensor per argument of a program, near what it is in training.
std::vector<reference::Tensor> drawArguments(mlir::func::FuncOp function);

} // namespace bcssl::test

#endif // BCSSL_TEST_PASSES_NUMERICS_MODELARGUMENTS_H
