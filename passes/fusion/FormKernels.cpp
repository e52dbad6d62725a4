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
    if (function.isDeclaration() || !function.getBody().hasOneBlock())
      return;
    Block &block = function.getBody().front();
    for (Operation &op : block.without_terminator())
      if (kindOf(&op) == OpKind::Other) {
        op.emitOpError("expects an expanded program: run bcssl-differentiate, bcssl-expand and "
                       "bcssl-pack-contractions first");
        return signalPassFailure();
      }
    Grouping grouping(block, fuse);
    grouping.run();
    if (recompute)
      recomputeCheapValues(grouping);
    outlineGroups(block, grouping);
  }
};

} // namespace
} // namespace bcssl
