//===- MergedKernel.cpp - kernels that share a launch ---------------------===//

#include "passes/codegen/MergedKernel.h"

#include "passes/codegen/KernelRegion.h"

using namespace mlir;

namespace bcssl {

bool isMerged(KernelOp kernel) {
  return isa<KernelOp>(kernel.getBody().front().front());
}

bool isPart(KernelOp kernel) {
  return isa_and_nonnull<KernelOp>(kernel->getParentOp());
}

LogicalResult checkMergedKernel(KernelOp kernel) {
  Block &body = kernel.getBody().front();
  Operation *yield = body.getTerminator();
  SmallVector<Value> made;
  for (Operation &op : body.without_terminator()) {
    auto part = dyn_cast<KernelOp>(op);
    if (!part || isMerged(part))
      return op.emitOpError("cannot stand beside parts of a merged kernel");
    if (!llvm::all_of(part.getInputs(), llvm::IsaPred<BlockArgument>))
      return part.emitOpError("expects inputs of the merged kernel");
    if (failed(checkRegion(part)))
      return failure();
    llvm::append_range(made, part.getResults());
  }
  if (made != SmallVector<Value>(yield->getOperands()))
    return yield->emitOpError(
        "expects the results of the merged kernel's parts in order");
  auto first = cast<KernelOp>(body.front());
  if (first.getFamily() != kernel.getFamily())
    return kernel.emitOpError()
           << "expects the family of its first part, "
           << stringifyKernelFamily(first.getFamily()) << ", got "
           << stringifyKernelFamily(kernel.getFamily());
  return success();
}

} // namespace bcssl
