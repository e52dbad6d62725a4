//===- KernelRegion.cpp - what generators read off a kernel ---------------===//

#include "passes/codegen/KernelRegion.h"

#include "llvm/ADT/DenseMap.h"

using namespace mlir;

namespace bcssl {

bool isAnchor(Operation *op) {
  return isa<DepthwiseConv2dOp, DepthwiseConv2dInputGradOp,
             DepthwiseConv2dFilterGradOp, PackedContractOp, ContractOp, PackOp,
             SpaceToDepthOp, DepthToSpaceOp, ConcatOp, PadOp>(op);
}

Operation *anchorOf(KernelOp kernel) {
  for (Operation &op : kernel.getBody().front())
    if (isAnchor(&op))
      return &op;
  return nullptr;
}

SmallVector<int64_t> iterationSpace(KernelOp kernel) {
  auto shapeOf = [](Value value) {
    return llvm::to_vector(cast<RankedTensorType>(value.getType()).getShape());
  };
  if (Operation *anchor = anchorOf(kernel))
    return shapeOf(anchor->getResult(0));
  if (kernel.getFamily() == KernelFamily::Rowwise)
    for (Operation &op : kernel.getBody().front())
      if (isa<ReduceOp, ReducePartialOp>(op))
        return shapeOf(op.getOperand(0));
  auto yield = cast<YieldOp>(kernel.getBody().front().getTerminator());
  return shapeOf(yield.getValues().front());
}

bool isFlat(KernelOp kernel) {
  SmallVector<int64_t> space = iterationSpace(kernel);
  for (Operation &op : kernel.getBody().front()) {
    if (isa<ReduceOp, ReducePartialOp, CrossViewTargetsOp, OneHotOp,
            RandomUniformOp>(op))
      return false;
    if (auto broadcast = dyn_cast<BroadcastOp>(op);
        broadcast && !broadcast.getDims().empty())
      return false;
  }
  return llvm::all_of(
      kernel.getBody().front().getTerminator()->getOperands(),
      [&](Value value) {
        return cast<RankedTensorType>(value.getType()).getShape() ==
               ArrayRef<int64_t>(space);
      });
}

SmallVector<SmallVector<ReduceOp>> reductionLevels(KernelOp kernel) {
  DenseMap<Operation *, unsigned>
      depth; // passes needed before the value is known
  SmallVector<SmallVector<ReduceOp>> levels;
  for (Operation &op : kernel.getBody().front()) {
    unsigned before = 0;
    for (Value operand : op.getOperands())
      if (Operation *def = operand.getDefiningOp())
        before = std::max(before, depth.lookup(def));
    if (auto reduce = dyn_cast<ReduceOp>(op)) {
      if (levels.size() <= before)
        levels.resize(before + 1);
      levels[before].push_back(reduce);
      ++before;
    }
    depth[&op] = before;
  }
  return levels;
}

bool hasRowResults(KernelOp kernel) {
  SmallVector<int64_t> space = iterationSpace(kernel);
  if (kernel.getFamily() != KernelFamily::Rowwise || space.empty())
    return false;
  return llvm::any_of(kernel.getBody().front().getTerminator()->getOperands(),
                      [&](Value value) {
                        ArrayRef<int64_t> shape =
                            cast<RankedTensorType>(value.getType()).getShape();
                        return !value.getDefiningOp<ReducePartialOp>() &&
                               shape == ArrayRef<int64_t>(space).drop_back();
                      });
}

std::string keyOf(KernelOp kernel) {
  std::string key;
  llvm::raw_string_ostream stream(key);
  // The scope is the isolated kernel itself: numbering the whole program for
  // each kernel would take quadratic time.
  kernel->print(stream, OpPrintingFlags().useLocalScope().assumeVerified());
  return key;
}

} // namespace bcssl
