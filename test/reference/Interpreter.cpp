//===- Interpreter.cpp - runs functions on float64 ------------------------===//

#include "test/reference/Interpreter.h"

#include "dialects/bcssl/Bcssl.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace bcssl::reference {

namespace {

/// What a run does beside computing values.
struct Run {
  const KernelObserver &observer;
  Narrowing narrowing;
};

FailureOr<std::vector<Tensor>> runBlock(Block &block, Environment values,
                                        const Run &run);

FailureOr<std::vector<Tensor>>
runKernel(KernelOp kernel, const Environment &values, const Run &run) {
  std::vector<Tensor> operands;
  for (Value input : kernel.getInputs())
    operands.push_back(values.at(input));
  if (run.observer)
    run.observer(kernel, operands);
  Environment arguments;
  for (auto [argument, operand] :
       llvm::zip_equal(kernel.getBody().getArguments(), operands))
    arguments[argument] = operand;
  return runBlock(kernel.getBody().front(), std::move(arguments), run);
}

/// `value` in the precision of `type`.
double rounded(double value, FloatType type) {
  llvm::APFloat number(value);
  bool losesInfo;
  number.convert(type.getFloatSemantics(), llvm::APFloat::rmNearestTiesToEven,
                 &losesInfo);
  return number.convertToDouble();
}

FailureOr<std::vector<Tensor>>
evaluate(Operation *op, const Environment &values, const Run &run) {
  if (auto kernel = dyn_cast<KernelOp>(op))
    return runKernel(kernel, values, run);
  std::vector<Tensor> results = evaluateArith(op, values);
  if (results.empty())
    results = evaluateBcssl(op, values);
  if (results.size() != op->getNumResults())
    return op->emitOpError("has no reference implementation");
  if (isa<arith::TruncFOp>(op) && run.narrowing == Narrowing::Rounded) {
    auto type = cast<FloatType>(getElementTypeOrSelf(op->getResult(0)));
    for (double &value : results.front().values)
      value = rounded(value, type);
  }
  return results;
}

/// Drops the operands of `op` that no later operation of its block reads, so
/// that a whole training step fits into memory.
void dropDeadOperands(Operation *op, Environment &values) {
  for (Value operand : op->getOperands())
    if (llvm::all_of(operand.getUsers(), [&](Operation *user) {
          return user == op || user->isBeforeInBlock(op);
        }))
      values.erase(operand);
}

FailureOr<std::vector<Tensor>> runBlock(Block &block, Environment values,
                                        const Run &run) {
  for (Operation &op : block.without_terminator()) {
    FailureOr<std::vector<Tensor>> results = evaluate(&op, values, run);
    if (failed(results))
      return failure();
    for (auto [value, result] : llvm::zip_equal(op.getResults(), *results)) {
      if (result.shape != shapeOf(value.getType()))
        return op.emitOpError("has a result whose shape differs from its type ")
               << value.getType();
      if (!value.use_empty())
        values[value] = std::move(result);
    }
    dropDeadOperands(&op, values);
  }
  std::vector<Tensor> results;
  for (Value value : block.getTerminator()->getOperands())
    results.push_back(values.at(value));
  return results;
}

} // namespace

Shape shapeOf(Type type) {
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    return Shape(tensor.getShape());
  return {};
}

FailureOr<std::vector<Tensor>> interpret(func::FuncOp function,
                                         ArrayRef<Tensor> arguments,
                                         const KernelObserver &observer,
                                         Narrowing narrowing) {
  if (function.getNumArguments() != arguments.size())
    return function.emitOpError("expects ")
           << function.getNumArguments() << " arguments, got "
           << arguments.size();
  Environment values;
  for (auto [argument, tensor] :
       llvm::zip_equal(function.getArguments(), arguments)) {
    if (tensor.shape != shapeOf(argument.getType()))
      return function.emitOpError("argument ")
             << argument.getArgNumber() << " has a shape that differs from "
             << argument.getType();
    values[argument] = tensor;
  }
  return runBlock(function.getBody().front(), std::move(values),
                  {observer, narrowing});
}

} // namespace bcssl::reference
