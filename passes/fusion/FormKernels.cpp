//===- FormKernels.cpp - partition a program into kernels -----------------===//

#include "passes/fusion/Grouping.h"
#include "passes/fusion/Passes.h"

using namespace mlir;

namespace bcssl {
#define GEN_PASS_DEF_FORMKERNELS
#include "passes/fusion/Passes.h.inc"

namespace {

struct FormKernels : impl::FormKernelsBase<FormKernels> {
  using FormKernelsBase::FormKernelsBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isDeclaration())
      return;
    if (!function.getBody().hasOneBlock()) {
      function.emitOpError("expects one block");
      return signalPassFailure();
    }
    Block &block = function.getBody().front();
    for (Operation &op : block.without_terminator())
      if (kindOf(&op) == OpKind::Other) {
        op.emitOpError(
            "expects an expanded program on tensors of static shape: run "
            "bcssl-differentiate, bcssl-expand and bcssl-pack-contractions "
            "first");
        return signalPassFailure();
      }
    int64_t rows = contractionRows, sums = partialSums;
    if (rows < 1 || sums < 1) {
      function.emitOpError("expects positive contraction-rows and "
                           "partial-sums, got ")
          << rows << " and " << sums;
      return signalPassFailure();
    }
    Grouping grouping(block, {fuse, rows, sums});
    grouping.run();
    recomputeConditions(grouping);
    if (recompute)
      recomputeCheapValues(grouping);
    outlineGroups(block, grouping);
  }
};

} // namespace
} // namespace bcssl
