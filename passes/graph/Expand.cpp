//===- Expand.cpp - coarse operations written out -------------------------===//

#include "dialects/bcssl/ExpandBuilder.h"
#include "passes/graph/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace bcssl {
#define GEN_PASS_DEF_EXPAND
#include "passes/graph/Passes.h.inc"

namespace {

/// Whether a reduction takes the last dimension and others with it; kernels
/// reduce either rows or columns.
bool isMixed(ReduceOp op) {
  return op.getDims().size() > 1 &&
         op.getDims().back() == tensorType(op.getInput()).getRank() - 1;
}

/// The values that replace the results of `op`; nothing if it stays.
std::optional<SmallVector<Value>> expandOnce(Operation *op) {
  OpBuilder builder(op);
  if (auto expandable = dyn_cast<ExpandableInterface>(op))
    return expandable.expand(builder);
  if (isa<StopGradientOp, AllReduceOp>(op))
    return SmallVector<Value>(op->getOperands());
  if (auto reduce = dyn_cast<ReduceOp>(op); reduce && isMixed(reduce))
    return SmallVector<Value>{ExpandBuilder(builder, op)
                                  .reduceTrailing(reduce.getKind(),
                                                  reduce.getInput(),
                                                  reduce.getDims().front())};
  return std::nullopt;
}

struct Expand : impl::ExpandBase<Expand> {
  void runOnOperation() override {
    // Expansions may hold operations that expand further.
    for (bool changed = true; changed;) {
      changed = false;
      SmallVector<Operation *> operations;
      getOperation().walk([&](Operation *op) { operations.push_back(op); });
      for (Operation *op : operations) {
        if (isa<GradientOp>(op)) {
          op->emitOpError(
              "is left: bcssl-differentiate comes before bcssl-expand");
          return signalPassFailure();
        }
        std::optional<SmallVector<Value>> values = expandOnce(op);
        if (!values)
          continue;
        op->replaceAllUsesWith(*values);
        op->erase();
        changed = true;
      }
    }
  }
};

} // namespace
} // namespace bcssl
