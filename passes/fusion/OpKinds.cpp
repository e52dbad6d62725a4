//===- OpKinds.cpp - what kernel formation sees in an operation -----------===//

#include "passes/fusion/OpKinds.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace bcssl {

OpKind kindOf(Operation *op) {
  if (isa<arith::ConstantOp>(op))
    return OpKind::Constant;
  if (isa<BroadcastOp>(op))
    return OpKind::Broadcast;
  if (isa<ReshapeOp, SliceOp>(op))
    return OpKind::Alias;
  if (isa<DepthwiseConv2dOp, DepthwiseConv2dInputGradOp, DepthwiseConv2dFilterGradOp,
          PackedContractOp, ContractOp>(op))
    return OpKind::Anchor;
  if (isa<PackOp, SpaceToDepthOp, DepthToSpaceOp, ConcatOp, PadOp>(op))
    return OpKind::Movement;
  if (isa<ReducePartialOp>(op))
    return OpKind::Partial;
  if (auto reduce = dyn_cast<ReduceOp>(op)) {
    int64_t rank = shapeOf(reduce.getInput()).size();
    bool isRow = reduce.getDims().size() == 1 && reduce.getDims().front() == rank - 1;
    return isRow ? OpKind::RowReduce : OpKind::ColumnReduce;
  }
  if (isa<CrossViewTargetsOp, OneHotOp, RandomUniformOp>(op))
    return OpKind::Pointwise;
  if (op->getNumResults() == 1 && isa<RankedTensorType>(op->getResult(0).getType()) &&
      isa<arith::ArithDialect, math::MathDialect>(op->getDialect()))
    return OpKind::Pointwise;
  return OpKind::Other;
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
