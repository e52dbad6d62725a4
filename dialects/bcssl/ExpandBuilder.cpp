//===- ExpandBuilder.cpp - tensor arithmetic in short ---------------------===//

#include "dialects/bcssl/ExpandBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/Sequence.h"

using namespace mlir;
using namespace bcssl;

RankedTensorType bcssl::tensorType(Value value) {
  return cast<RankedTensorType>(value.getType());
}

ExpandBuilder::ExpandBuilder(OpBuilder &builder, Operation *op)
    : ImplicitLocOpBuilder(op->getLoc(), builder) {}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

Value ExpandBuilder::constant(Type type, double value) {
  FloatAttr element = FloatAttr::get(type.getElementType(), value);
  return arith::ConstantOp::create(*this,
                                   DenseElementsAttr::get(type, element));
}

Value ExpandBuilder::add(Value lhs, Value rhs) {
  return createOrFold<arith::AddFOp>(lhs, rhs);
}
Value ExpandBuilder::sub(Value lhs, Value rhs) {
  return createOrFold<arith::SubFOp>(lhs, rhs);
}
Value ExpandBuilder::mul(Value lhs, Value rhs) {
  return createOrFold<arith::MulFOp>(lhs, rhs);
}
Value ExpandBuilder::div(Value lhs, Value rhs) {
  return createOrFold<arith::DivFOp>(lhs, rhs);
}
Value ExpandBuilder::max(Value lhs, Value rhs) {
  return createOrFold<arith::MaximumFOp>(lhs, rhs);
}
Value ExpandBuilder::min(Value lhs, Value rhs) {
  return createOrFold<arith::MinimumFOp>(lhs, rhs);
}
Value ExpandBuilder::negate(Value value) {
  return createOrFold<arith::NegFOp>(value);
}
Value ExpandBuilder::exp(Value value) {
  return createOrFold<math::ExpOp>(value);
}
Value ExpandBuilder::log(Value value) {
  return createOrFold<math::LogOp>(value);
}
Value ExpandBuilder::sqrt(Value value) {
  return createOrFold<math::SqrtOp>(value);
}
Value ExpandBuilder::rsqrt(Value value) {
  return createOrFold<math::RsqrtOp>(value);
}
Value ExpandBuilder::erf(Value value) {
  return createOrFold<math::ErfOp>(value);
}

Value ExpandBuilder::greater(Value lhs, Value rhs) {
  return createOrFold<arith::CmpFOp>(arith::CmpFPredicate::OGT, lhs, rhs);
}

Value ExpandBuilder::greaterEqual(Value lhs, Value rhs) {
  return createOrFold<arith::CmpFOp>(arith::CmpFPredicate::OGE, lhs, rhs);
}

Value ExpandBuilder::select(Value condition, Value then, Value otherwise) {
  return createOrFold<arith::SelectOp>(condition, then, otherwise);
}

//===----------------------------------------------------------------------===//
// Shape
//===----------------------------------------------------------------------===//

Value ExpandBuilder::broadcast(Value value, ArrayRef<int64_t> shape,
                               ArrayRef<int64_t> dims) {
  Type type = tensorType(value);
  if (type.getShape() == shape)
    return value;
  DenseElementsAttr elements;
  if (matchPattern(value, m_Constant(&elements)) && elements.isSplat())
    return arith::ConstantOp::create(*this,
                                     elements.resizeSplat(type.clone(shape)));
  return createOrFold<BroadcastOp>(type.clone(shape), value, dims);
}

Value ExpandBuilder::fill(Value scalar, Value like) {
  return broadcast(scalar, tensorType(like).getShape(), {});
}

Value ExpandBuilder::alongColumns(Value vector, Value like) {
  Type type = tensorType(like);
  return broadcast(vector, type.getShape(), {type.getRank() - 1});
}

Value ExpandBuilder::alongRows(Value rows, Value like) {
  Type type = tensorType(like);
  return broadcast(rows, type.getShape(),
                   llvm::to_vector(llvm::seq(type.getRank() - 1)));
}

Value ExpandBuilder::alongSamples(Value vector, Value like) {
  return broadcast(vector, tensorType(like).getShape(), {0});
}

Value ExpandBuilder::reshape(Value value, ArrayRef<int64_t> shape) {
  Type type = tensorType(value);
  if (type.getShape() == shape)
    return value;
  return createOrFold<ReshapeOp>(type.clone(shape), value);
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

Value ExpandBuilder::reduce(ReduceKind kind, Value value, int64_t first,
                            int64_t last) {
  if (first == last)
    return value;
  Type type = tensorType(value);
  SmallVector<int64_t> kept(type.getShape().take_front(first));
  llvm::append_range(kept, type.getShape().drop_front(last));
  return createOrFold<ReduceOp>(type.clone(kept), value, kind,
                                llvm::to_vector(llvm::seq(first, last)));
}

Value ExpandBuilder::rowSum(Value value) {
  int64_t rank = tensorType(value).getRank();
  return reduce(ReduceKind::Sum, value, rank - 1, rank);
}

Value ExpandBuilder::rowMax(Value value) {
  int64_t rank = tensorType(value).getRank();
  return reduce(ReduceKind::Max, value, rank - 1, rank);
}

Value ExpandBuilder::rowMean(Value value) {
  return mul(rowSum(value), 1.0 / tensorType(value).getShape().back());
}

Value ExpandBuilder::columnSum(Value value) {
  return reduce(ReduceKind::Sum, value, 0, tensorType(value).getRank() - 1);
}

Value ExpandBuilder::reduceTrailing(ReduceKind kind, Value value,
                                    int64_t first) {
  int64_t rank = tensorType(value).getRank();
  if (rank == first)
    return value;
  value = reduce(kind, value, rank - 1, rank);
  if (rank - 1 == first)
    return value;
  ArrayRef<int64_t> shape = tensorType(value).getShape();
  SmallVector<int64_t> folded(shape.take_front(first));
  folded.push_back(llvm::product_of(shape.drop_front(first)));
  return reduce(kind, reshape(value, folded), first, first + 1);
}
