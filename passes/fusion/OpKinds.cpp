//===- OpKinds.cpp - what kernel formation sees in an operation -----------===//

#include "passes/fusion/OpKinds.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace bcssl {

/// Whether an operation takes and gives tensors of one static shape alone.
static bool isElementwiseOnTensors(Operation *op) {
  if (op->getNumResults() != 1 ||
      !isa<arith::ArithDialect, math::MathDialect>(op->getDialect()))
    return false;
  auto result = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  return result &&
         llvm::all_of(result.getShape(),
                      [](int64_t size) { return size > 0; }) &&
         llvm::all_of(op->getOperandTypes(), [&](Type type) {
           auto operand = dyn_cast<RankedTensorType>(type);
           return operand && operand.getShape() == result.getShape();
         });
}

OpKind kindOf(Operation *op) {
  if (isa<arith::ConstantOp>(op))
    return isa<RankedTensorType>(op->getResult(0).getType()) ? OpKind::Constant
                                                             : OpKind::Other;
  if (isa<BroadcastOp>(op))
    return OpKind::Broadcast;
  if (isa<ReshapeOp, SliceOp>(op))
    return OpKind::Alias;
  if (isa<DepthwiseConv2dOp, DepthwiseConv2dInputGradOp,
          DepthwiseConv2dFilterGradOp, PackedContractOp, ContractOp>(op))
    return OpKind::Anchor;
  if (isa<PackOp, SpaceToDepthOp, DepthToSpaceOp, ConcatOp, PadOp>(op))
    return OpKind::Movement;
  if (isa<ReducePartialOp>(op))
    return OpKind::Partial;
  if (auto reduce = dyn_cast<ReduceOp>(op)) {
    int64_t rank = shapeOf(reduce.getInput()).size();
    bool isRow =
        reduce.getDims().size() == 1 && reduce.getDims().front() == rank - 1;
    return isRow ? OpKind::RowReduce : OpKind::ColumnReduce;
  }
  if (isa<CrossViewTargetsOp, OneHotOp, RandomUniformOp>(op))
    return OpKind::Pointwise;
  return isElementwiseOnTensors(op) ? OpKind::Pointwise : OpKind::Other;
}

bool isCheap(Operation *op) {
  if (isa<BroadcastOp, arith::ConstantOp>(op))
    return true;
  return isa<arith::ArithDialect>(op->getDialect()) && !isa<arith::DivFOp>(op);
}

ArrayRef<int64_t> shapeOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getShape();
}

int64_t rowsOf(ArrayRef<int64_t> shape) {
  int64_t rows = 1;
  for (int64_t size : shape.drop_back())
    rows *= size;
  return rows;
}

} // namespace bcssl
