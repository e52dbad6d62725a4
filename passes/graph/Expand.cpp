//===- Expand.cpp - coarse operations written out -------------------------===//

#include "passes/graph/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace bcssl {
#define GEN_PASS_DEF_EXPAND
#include "passes/graph/Passes.h.inc"

namespace {

struct Expand : impl::ExpandBase<Expand> {
  void runOnOperation() override {
    // Expansions may hold operations that expand further.
    for (bool changed = true; changed;) {
      changed = false;
      SmallVector<Operation *> found;
      getOperation().walk([&](Operation *op) {
        if (isa<ExpandableInterface, StopGradientOp, AllReduceOp>(op))
          found.push_back(op);
      });
      for (Operation *op : found) {
        OpBuilder builder(op);
        if (auto expandable = dyn_cast<ExpandableInterface>(op))
          op->replaceAllUsesWith(expandable.expand(builder));
        else
          op->replaceAllUsesWith(op->getOperands());
        op->erase();
        changed = true;
      }
    }
  }
};

} // namespace
} // namespace bcssl
