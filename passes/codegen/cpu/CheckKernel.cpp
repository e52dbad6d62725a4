//===- CheckKernel.cpp - what the CPU generators can emit -----------------===//
//
// The generators rely on the form that kernel formation gives to its regions. A
// region may also come from a file; what would not fit is reported here.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/cpu/Generators.h"

#include "passes/codegen/Tiles.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace bcssl {
namespace {

ArrayRef<int64_t> shapeOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getShape();
}

bool isAnchor(Operation *op) {
  return isa<DepthwiseConv2dOp, DepthwiseConv2dInputGradOp,
             DepthwiseConv2dFilterGradOp, PackedContractOp, ContractOp, PackOp,
             SpaceToDepthOp, DepthToSpaceOp, ConcatOp, PadOp>(op);
}

/// Whether the generator of the family emits the anchor.
bool fitsFamily(Operation *anchor, KernelFamily family) {
  switch (family) {
  case KernelFamily::Depthwise:
    return isa<DepthwiseConv2dOp, DepthwiseConv2dInputGradOp>(anchor);
  case KernelFamily::DepthwiseFilterGrad:
    return isa<DepthwiseConv2dFilterGradOp>(anchor);
  case KernelFamily::Contraction:
    if (auto contract = dyn_cast<ContractOp>(anchor))
      return contract.getForm() == ContractForm::TN;
    if (auto contract = dyn_cast<PackedContractOp>(anchor))
      return shapeOf(contract.getPacked()).back() == panelWidth;
    return false;
  case KernelFamily::Movement:
    if (auto pack = dyn_cast<PackOp>(anchor))
      return shapeOf(pack.getOutput()).back() == panelWidth;
    return isa<SpaceToDepthOp, DepthToSpaceOp, ConcatOp, PadOp>(anchor);
  case KernelFamily::Rowwise:
  case KernelFamily::Columnwise:
    return false;
  }
  llvm_unreachable("unknown kernel family");
}

class KernelChecker {
public:
  explicit KernelChecker(KernelOp kernel)
      : kernel(kernel), body(kernel.getBody().front()),
        yield(cast<YieldOp>(body.getTerminator())),
        rowwise(kernel.getFamily() == KernelFamily::Rowwise),
        columnwise(kernel.getFamily() == KernelFamily::Columnwise) {}

  LogicalResult run();

private:
  LogicalResult checkAnchor();
  LogicalResult checkBroadcast(BroadcastOp op);
  LogicalResult checkReduce(ReduceOp op);
  LogicalResult checkOperation(Operation *op);
  LogicalResult checkYielded(Value value);

  bool isFull(Value value) {
    return shapeOf(value) == ArrayRef<int64_t>(space);
  }
  /// One value a row; only rowwise kernels have such values.
  bool isRow(Value value) {
    return rowwise && !space.empty() &&
           shapeOf(value) == ArrayRef<int64_t>(space).drop_back();
  }
  /// Operands that a generator reads as memory.
  static bool areInputs(ValueRange values) {
    return llvm::all_of(values,
                        [](Value value) { return isa<BlockArgument>(value); });
  }

  KernelOp kernel;
  Block &body;
  YieldOp yield;
  bool rowwise, columnwise;
  SmallVector<int64_t> space;
};

LogicalResult KernelChecker::checkAnchor() {
  StringRef family = stringifyKernelFamily(kernel.getFamily());
  bool expected = !rowwise && !columnwise;
  int64_t anchors =
      llvm::count_if(body, [](Operation &op) { return isAnchor(&op); });
  if (anchors != expected)
    return kernel.emitOpError()
           << "expects " << (expected ? "one" : "no") << " anchor in a "
           << family << " kernel, got " << anchors;
  Operation *anchor = anchorOf(kernel);
  if (!anchor)
    return success();
  if (!fitsFamily(anchor, kernel.getFamily()))
    return anchor->emitOpError()
           << "cannot anchor a " << family << " kernel of the CPU";
  if (!areInputs(anchor->getOperands()))
    return anchor->emitOpError(
        "expects inputs of the kernel as operands of the anchor");
  bool alone = body.getOperations().size() == 2 &&
               yield.getNumOperands() == 1 &&
               yield.getOperand(0) == anchor->getResult(0);
  if (!alone &&
      !isa<DepthwiseConv2dOp, DepthwiseConv2dInputGradOp, PackedContractOp>(
          anchor))
    return anchor->emitOpError("expects to be alone in its kernel");
  return success();
}

LogicalResult KernelChecker::checkBroadcast(BroadcastOp op) {
  Value input = op.getInput();
  bool fromMemory =
      isa<BlockArgument>(input) || input.getDefiningOp<arith::ConstantOp>();
  ArrayRef<int64_t> dims = op.getDims();
  auto rank = static_cast<int64_t>(shapeOf(op.getOutput()).size());
  bool fits = isFull(op.getOutput());
  if (fits && !fromMemory) // one value a row, repeated along the row
    fits = isRow(input) && static_cast<int64_t>(dims.size()) == rank - 1;
  else if (!fits) // row values are read at one quotient of the row
    fits = isRow(op.getOutput()) && fromMemory &&
           (dims.empty() || dims.back() - dims.front() + 1 ==
                                static_cast<int64_t>(dims.size()));
  if (fits)
    return success();
  return op.emitOpError(
      "expects to repeat an input along the kernel's rows and columns, or "
      "one value a row along the columns");
}

LogicalResult KernelChecker::checkReduce(ReduceOp op) {
  ArrayRef<int64_t> dims = op.getDims();
  auto rank = static_cast<int64_t>(shapeOf(op.getInput()).size());
  if (rowwise && isFull(op.getInput()) && dims.size() == 1 &&
      dims.back() == rank - 1)
    return success();
  // The columns stay, unless everything becomes one value.
  if (columnwise && isFull(op.getOutput()) && areInputs(op.getInput()) &&
      (dims.back() < rank - 1 || dims.front() == 0))
    return success();
  return op.emitOpError(
      "expects a sum along rows of a rowwise kernel, or over leading "
      "dimensions of a columnwise kernel's input");
}

LogicalResult KernelChecker::checkOperation(Operation *op) {
  if (isAnchor(op) || op == yield)
    return success();
  if (op->getNumResults() != 1 ||
      !isa<RankedTensorType>(op->getResult(0).getType()))
    return op->emitOpError("cannot stand in a kernel of the CPU");
  Value result = op->getResult(0);
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    if (!isa<SplatElementsAttr>(constant.getValue()))
      return op->emitOpError(
          "expects one value for all elements of a constant");
    return success();
  }
  if (auto broadcast = dyn_cast<BroadcastOp>(op))
    return checkBroadcast(broadcast);
  if (auto reduce = dyn_cast<ReduceOp>(op))
    return checkReduce(reduce);
  if (isa<ReducePartialOp>(op)) {
    bool yielded = llvm::all_of(op->getUsers(), llvm::IsaPred<YieldOp>);
    if (!columnwise && isFull(op->getOperand(0)) && yielded)
      return success();
    return op->emitOpError(
        "expects to sum a value of the kernel's shape and to be yielded only");
  }
  if (isa<CrossViewTargetsOp, OneHotOp, RandomUniformOp>(op)) {
    if (areInputs(op->getOperands()) && isFull(result))
      return success();
    return op->emitOpError("expects an input of the kernel and its shape");
  }
  bool pointwise =
      isa<arith::ArithDialect, math::MathDialect>(op->getDialect()) &&
      (isFull(result) || isRow(result)) &&
      llvm::all_of(op->getOperandTypes(), [&](Type type) {
        auto tensor = dyn_cast<RankedTensorType>(type);
        return tensor && tensor.getShape() == shapeOf(result);
      });
  if (pointwise)
    return success();
  return op->emitOpError("cannot stand in a kernel of the CPU");
}

LogicalResult KernelChecker::checkYielded(Value value) {
  bool partial = static_cast<bool>(value.getDefiningOp<ReducePartialOp>());
  if (partial || isFull(value) || isRow(value))
    return success();
  return yield.emitOpError()
         << "expects values of the kernel's shape or one value a row, got "
         << value.getType();
}

LogicalResult KernelChecker::run() {
  if (yield.getValues().empty())
    return kernel.emitOpError("expects a result");
  if (failed(checkAnchor()))
    return failure();
  space = iterationSpace(kernel);
  for (Operation &op : body)
    if (failed(checkOperation(&op)))
      return failure();
  for (Value value : yield.getValues())
    if (failed(checkYielded(value)))
      return failure();
  return success();
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

LogicalResult checkRegion(KernelOp kernel) {
  return KernelChecker(kernel).run();
}

LogicalResult checkEmittable(KernelOp kernel) {
  if (failed(checkRegion(kernel)))
    return failure();
  auto checkElement = [&](Value value) -> LogicalResult {
    Type element = cast<RankedTensorType>(value.getType()).getElementType();
    if (element.isF32() || element.isInteger(32) || element.isInteger(1))
      return success();
    return kernel.emitOpError()
           << "expects elements of f32, i32 or i1 on the CPU, got " << element;
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
