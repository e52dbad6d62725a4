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
    if (llvm::any_of(forward.getOperands(), [&](Value v) { return dependents.contains(v); }))
      dependents.insert(forward.result_begin(), forward.result_end());
  }
}

void Backward::accumulate(Value value, Value gradient) {
  Value &sum = gradients[value];
  sum = sum ? Value(arith::AddFOp::create(builder, gradient.getLoc(), sum, gradient)) : gradient;
}

LogicalResult Backward::visit(Operation *forward) {
  SmallVector<Value> results;
  bool any = false;
  for (Value result : forward->getResults()) {
    results.push_back(gradients.lookup(result));
    any |= static_cast<bool>(results.back());
  }
  if (!any || llvm::none_of(forward->getResults(), [&](Value v) { return dependents.contains(v); }))
    return success();
  SmallVector<Value> operands;
  if (auto differentiable = dyn_cast<DifferentiableInterface>(forward)) {
    operands = differentiable.buildGradient(builder, results);
  } else if (auto gradient = forward->getNumResults() == 1
                                 ? buildArithGradient(builder, forward, results[0])
                                 : std::nullopt) {
    operands = *gradient;
  } else {
    InFlightDiagnostic error = forward->emitOpError("has no derivative, but lies between a loss "
                                                    "and a value to differentiate by");
    error.attachNote(op.getLoc()) << "the gradient is taken here";
    return error;
  }
  for (auto [operand, gradient] : llvm::zip_equal(forward->getOperands(), operands))
    if (gradient && dependents.contains(operand))
      accumulate(operand, gradient);
  return success();
}

LogicalResult Backward::run() {
  collectDependents();
  auto lossType = cast<RankedTensorType>(op.getLoss().getType());
  gradients[op.getLoss()] = ExpandBuilder(builder, op).constant(lossType, 1.0);
  for (auto forward = Block::reverse_iterator(op); forward != op->getBlock()->rend();) {
    // The backward graph grows between here and the gradient.
    Operation *current = &*forward++;
    if (failed(visit(current)))
      return failure();
  }
  for (auto [value, result] : llvm::zip(op.getValues(), op.getResults())) {
    Value gradient = gradients.lookup(value);
    if (!gradient)
      gradient = ExpandBuilder(builder, op).constant(cast<RankedTensorType>(value.getType()), 0.0);
    result.replaceAllUsesWith(gradient);
  }
  op->erase();
  return success();
}

struct Differentiate : impl::DifferentiateBase<Differentiate> {
  void runOnOperation() override {
    // In program order, so that gradients of gradients would find theirs.
    SmallVector<GradientOp> gradients;
    getOperation().walk([&](GradientOp op) { gradients.push_back(op); });
    for (GradientOp op : gradients)
      if (failed(Backward(op).run()))
        return signalPassFailure();
  }
};

} // namespace
} // namespace bcssl
