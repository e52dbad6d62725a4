//===- Interpreter.h - runs functions on float64 ----------------*- C++ -*-===//
//
// Runs a function of tensor operations one operation after another with the
// plain loops of Loops.h: programs before and after any pass down to
// `bcssl.kernel` regions, whose bodies are run as they stand. All arithmetic
// is float64 whatever the element type says, and unless asked for casts do not
// round, so that a compiled kernel in f32 or bf16 is compared with the exact
// result.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_TEST_REFERENCE_INTERPRETER_H
#define BCSSL_TEST_REFERENCE_INTERPRETER_H

#include "test/reference/Tensor.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Support/LLVM.h"

#include <functional>

namespace bcssl {
class KernelOp;
}

namespace bcssl::reference {

/// The value of every SSA value that is still needed.
using Environment = llvm::DenseMap<mlir::Value, Tensor>;

/// Is told the operands of each kernel before it runs.
using KernelObserver =
    std::function<void(KernelOp kernel, llvm::ArrayRef<Tensor> operands)>;

/// What `arith.truncf` does to values that its result cannot hold.
enum class Narrowing {
  Exact,  ///< keeps them
  Rounded ///< rounds to nearest, ties to even, as the type says
};

/// Runs `function` on one tensor per argument and returns one per result.
/// Reports at the operation and fails where an operation has no reference or a
/// tensor's shape differs from its type.
mlir::FailureOr<std::vector<Tensor>>
interpret(mlir::func::FuncOp function, llvm::ArrayRef<Tensor> arguments,
          const KernelObserver &observer = {},
          Narrowing narrowing = Narrowing::Exact);

/// The static shape of a tensor type; a scalar type has shape [].
Shape shapeOf(mlir::Type type);

/// The results of one operation of `arith` or `math`; none where the operation
/// is not known. Operands are looked up in `values`.
std::vector<Tensor> evaluateArith(mlir::Operation *op,
                                  const Environment &values);

/// The results of one operation of `bcssl` without a region, likewise.
std::vector<Tensor> evaluateBcssl(mlir::Operation *op,
                                  const Environment &values);

} // namespace bcssl::reference

#endif // BCSSL_TEST_REFERENCE_INTERPRETER_H
