//===- CheckKernel.cpp - what the CPU generators can emit -----------------===//

#include "passes/codegen/cpu/Generators.h"

#include "passes/codegen/MergedKernel.h"
#include "passes/codegen/Tiles.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace bcssl {
namespace {

ArrayRef<int64_t> shapeOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getShape();
}

/// Right operands are packed in panels on the CPU, and sums are not in parts.
bool isCpuAnchor(Operation *anchor) {
  return llvm::TypeSwitch<Operation *, bool>(anchor)
      .Case<ContractOp>([](ContractOp op) {
        return op.getForm() == ContractForm::TN && op.getParts() == 1;
      })
      .Case<DepthwiseConv2dFilterGradOp>(
          [](DepthwiseConv2dFilterGradOp op) { return op.getParts() == 1; })
      .Case<PackedContractOp>([](PackedContractOp op) {
        return shapeOf(op.getPacked()).back() == panelWidth;
      })
      .Case<PackOp>([](PackOp op) {
        return shapeOf(op.getOutput()).back() == panelWidth;
      })
      .Default([](Operation *) { return true; });
}

/// Reads the tile and says whether the generator can work with it; partial sums
/// cover the rows of one tile, `partialRows` of them (0: there are none).
template <typename Tile> bool isUsable(KernelOp kernel, int64_t partialRows) {
  Tile tile;
  fromAttribute(kernel.getTileAttr(), tile);
  if constexpr (std::is_same_v<Tile, DepthwiseTile>) {
    Operation *anchor = anchorOf(kernel);
    ArrayRef<int64_t> map = shapeOf(anchor->getOperand(0));
    Value filter = isa<DepthwiseConv2dFilterGradOp>(anchor)
                       ? anchor->getResult(0)
                       : anchor->getOperand(1);
    if (tile.reachWidth != std::min(shapeOf(filter)[1] / 2, map[2] - 1))
      return false;
    return isLegal(tile) && (!partialRows || (tile.height == map[1] &&
                                              partialRows == map[1] * map[2]));
  } else if constexpr (std::is_same_v<Tile, WeightGradTile>) {
    return isLegal(tile);
  } else {
    return isLegal(tile) && (!partialRows || tile.rows == partialRows);
  }
}

} // namespace

LogicalResult checkCpuRegion(KernelOp kernel) {
  if (failed(checkRegion(kernel)))
    return failure();
  if (isMerged(kernel))
    return kernel.emitOpError("is merged of several, which is for GPUs alone");
  Operation *anchor = anchorOf(kernel);
  if (!anchor || isCpuAnchor(anchor))
    return success();
  return anchor->emitOpError()
         << "cannot anchor a " << stringifyKernelFamily(kernel.getFamily())
         << " kernel of the CPU";
}

LogicalResult checkEmittable(KernelOp kernel) {
  if (failed(checkCpuRegion(kernel)))
    return failure();
  auto checkElement = [&](Value value) -> LogicalResult {
    Type element = cast<RankedTensorType>(value.getType()).getElementType();
    if (element.isF32() || element.isInteger(32) || element.isInteger(1) ||
        element.isInteger(8))
      return success();
    return kernel.emitOpError()
           << "expects elements of f32, i32, i8 or i1 on the CPU, got "
           << element;
  };
  int64_t partialRows = 0;
  Block &body = kernel.getBody().front();
  for (Value input : body.getArguments())
    if (failed(checkElement(input)))
      return failure();
  for (Operation &op : body) {
    if (auto partial = dyn_cast<ReducePartialOp>(op))
      partialRows = partial.getRows();
    for (Value result : op.getResults())
      if (failed(checkElement(result)))
        return failure();
  }
  KernelFamily family = kernel.getFamily();
  if (family == KernelFamily::Columnwise || family == KernelFamily::Movement)
    return success();
  if (!kernel.getTileAttr())
    return kernel.emitOpError("expects a tile: run bcssl-tile-large-kernels "
                              "and bcssl-choose-tiles first");
  bool usable = false;
  if (family == KernelFamily::Rowwise)
    usable = isUsable<RowwiseTile>(kernel, partialRows);
  else if (family == KernelFamily::Contraction)
    usable = isa<ContractOp>(anchorOf(kernel))
                 ? isUsable<WeightGradTile>(kernel, partialRows)
                 : isUsable<ContractionTile>(kernel, partialRows);
  else
    usable = isUsable<DepthwiseTile>(kernel, partialRows);
  if (usable)
    return success();
  return kernel.emitOpError()
         << "expects a legal tile of the kernel's family, got "
         << kernel.getTileAttr();
}

} // namespace bcssl
