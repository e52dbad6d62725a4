//===- CheckRegion.cpp - what generators rely on in a kernel's body -------===//
//
// The generators rely on the form that kernel formation gives to its regions. A
// region may also come from a file; what would not fit is reported here.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/KernelRegion.h"
#include "passes/codegen/MergedKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace bcssl {
namespace {

ArrayRef<int64_t> shapeOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getShape();
}

/// Whether the generator of the family emits the anchor.
bool fitsFamily(Operation *anchor, KernelFamily family) {
  switch (family) {
  case KernelFamily::Depthwise:
    return isa<DepthwiseConv2dOp, DepthwiseConv2dInputGradOp>(anchor);
  case KernelFamily::DepthwiseFilterGrad:
    return isa<DepthwiseConv2dFilterGradOp>(anchor);
  case KernelFamily::Contraction:
    return isa<ContractOp, PackedContractOp>(anchor);
  case KernelFamily::Movement:
    return isa<PackOp, SpaceToDepthOp, DepthToSpaceOp, ConcatOp, PadOp>(anchor);
  case KernelFamily::Rowwise:
  case KernelFamily::Columnwise:
    return false;
  }
  llvm_unreachable("unknown kernel family");
}

/// Whether pointwise operations on the anchor's result may follow it.
bool takesEpilogue(Operation *anchor) {
  if (auto contract = dyn_cast<ContractOp>(anchor))
    return contract.getForm() != ContractForm::TN;
  return isa<DepthwiseConv2dOp, DepthwiseConv2dInputGradOp, PackedContractOp>(
      anchor);
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
    return anchor->emitOpError() << "cannot anchor a " << family << " kernel";
  if (!areInputs(anchor->getOperands()))
    return anchor->emitOpError(
        "expects inputs of the kernel as operands of the anchor");
  bool alone = body.getOperations().size() == 2 &&
               yield.getNumOperands() == 1 &&
               yield.getOperand(0) == anchor->getResult(0);
  if (!alone && !takesEpilogue(anchor))
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
    return op->emitOpError("cannot stand in a kernel");
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
  return op->emitOpError("cannot stand in a kernel");
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

} // namespace

LogicalResult checkRegion(KernelOp kernel) {
  return isMerged(kernel) ? checkMergedKernel(kernel)
                          : KernelChecker(kernel).run();
}

} // namespace bcssl
