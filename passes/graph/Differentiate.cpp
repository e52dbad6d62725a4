//===- Differentiate.cpp - gradients to backward graphs -------------------===//

#include "dialects/bcssl/ExpandBuilder.h"
#include "passes/graph/ArithGradients.h"
#include "passes/graph/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace bcssl {
#define GEN_PASS_DEF_DIFFERENTIATE
#include "passes/graph/Passes.h.inc"

namespace {

/// Builds the backward graph of one gradient operation, in front of it.
class Backward {
public:
  explicit Backward(GradientOp op) : op(op), builder(op) {}

  LogicalResult run();

private:
  void collectDependents();
  std::optional<SmallVector<Value>> derive(Operation *forward,
                                           ValueRange results);
  LogicalResult report(InFlightDiagnostic error);
  LogicalResult visit(Operation *forward);
  void accumulate(Value value, Value gradient);

  GradientOp op;
  OpBuilder builder;
  DenseSet<Value> dependents; ///< values that the differentiated values reach
  DenseMap<Value, Value> gradients;
};

/// Everything in the block before the gradient that depends on a wanted value.
void Backward::collectDependents() {
  dependents.insert(op.getValues().begin(), op.getValues().end());
  for (Operation &forward : *op->getBlock()) {
    if (&forward == op)
      return;
    if (isa<StopGradientOp, GradientOp>(forward))
      continue;
    if (llvm::any_of(forward.getOperands(),
                     [&](Value v) { return dependents.contains(v); }))
      dependents.insert(forward.result_begin(), forward.result_end());
  }
}

void Backward::accumulate(Value value, Value gradient) {
  Value &sum = gradients[value];
  sum = sum ? Value(arith::AddFOp::create(builder, gradient.getLoc(), sum,
                                          gradient))
            : gradient;
}

/// The gradients of the operands of `forward`, nothing if it has no derivative.
std::optional<SmallVector<Value>> Backward::derive(Operation *forward,
                                                   ValueRange results) {
  if (auto differentiable = dyn_cast<DifferentiableInterface>(forward)) {
    SmallVector<Value> operands =
        differentiable.buildGradient(builder, results);
    if (operands.size() == forward->getNumOperands())
      return operands;
    return std::nullopt;
  }
  if (forward->getNumResults() != 1)
    return std::nullopt;
  return buildArithGradient(builder, forward, results[0]);
}

/// Completes an error in the forward graph.
LogicalResult Backward::report(InFlightDiagnostic error) {
  error.attachNote(op.getLoc()) << "the gradient is taken here";
  return error;
}

LogicalResult Backward::visit(Operation *forward) {
  SmallVector<Value> results;
  bool any = false;
  for (Value result : forward->getResults()) {
    results.push_back(gradients.lookup(result));
    any |= static_cast<bool>(results.back());
  }
  if (!any || isa<StopGradientOp>(forward))
    return success();
  // A wanted value may be the result of an operation that no other reaches.
  if (llvm::none_of(forward->getOperands(),
                    [&](Value v) { return dependents.contains(v); }))
    return success();
  std::optional<SmallVector<Value>> operands = derive(forward, results);
  if (!operands)
    return report(forward->emitOpError("has no derivative, but lies between a "
                                       "loss and a value to differentiate by"));
  if (auto differentiable = dyn_cast<DifferentiableInterface>(forward))
    for (OpOperand &operand : forward->getOpOperands())
      if (dependents.contains(operand.get()) &&
          differentiable.leavesOutGradient(operand.getOperandNumber()))
        return report(forward->emitOpError()
                      << "has no derivative by operand "
                      << operand.getOperandNumber()
                      << ", which depends on a value to differentiate by: put "
                         "bcssl.stop_gradient before it");
  for (auto [operand, gradient] :
       llvm::zip_equal(forward->getOperands(), *operands))
    if (gradient && dependents.contains(operand))
      accumulate(operand, gradient);
  return success();
}

LogicalResult Backward::run() {
  if (llvm::any_of(op->getOperands(), [&](Value v) {
        return v.getParentBlock() != op->getBlock();
      }))
    return op.emitOpError(
        "expects the loss and the values in the block of the gradient");
  collectDependents();
  auto lossType = cast<RankedTensorType>(op.getLoss().getType());
  gradients[op.getLoss()] = ExpandBuilder(builder, op).constant(lossType, 1.0);
  for (auto forward = Block::reverse_iterator(op);
       forward != op->getBlock()->rend();) {
    // The backward graph grows between here and the gradient.
    Operation *current = &*forward++;
    if (failed(visit(current)))
      return failure();
  }
  for (auto [value, result] : llvm::zip(op.getValues(), op.getResults())) {
    Value gradient = gradients.lookup(value);
    if (!gradient)
      gradient = ExpandBuilder(builder, op)
                     .constant(cast<RankedTensorType>(value.getType()), 0.0);
    result.replaceAllUsesWith(gradient);
  }
  op->erase();
  return success();
}

struct Differentiate : impl::DifferentiateBase<Differentiate> {
  void runOnOperation() override {
    // In program order: a gradient of a gradient meets the first one's graph.
    SmallVector<GradientOp> gradients;
    getOperation().walk([&](GradientOp op) { gradients.push_back(op); });
    for (GradientOp op : gradients)
      if (failed(Backward(op).run()))
        return signalPassFailure();
  }
};

} // namespace
} // namespace bcssl
