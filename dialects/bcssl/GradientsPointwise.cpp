//===- GradientsPointwise.cpp - derivatives of pointwise ops and movement -===//

#include "dialects/bcssl/SharedForms.h"

#include "llvm/ADT/Sequence.h"

using namespace mlir;
using namespace bcssl;

SmallVector<Value> GeluOp::buildGradient(OpBuilder &builder, ValueRange dy) {
  return {GeluGradOp::create(builder, getLoc(), getInput(), dy[0])};
}

SmallVector<Value> ReluOp::buildGradient(OpBuilder &builder, ValueRange dy) {
  return {ReluGradOp::create(builder, getLoc(), getInput(), dy[0])};
}

SmallVector<Value> StopGradientOp::buildGradient(OpBuilder &, ValueRange) {
  return {nullptr};
}

SmallVector<Value> LayerScaleOp::buildGradient(OpBuilder &builder,
                                               ValueRange dy) {
  ExpandBuilder build(builder, *this);
  return {build.mul(dy[0], build.alongColumns(getGamma(), dy[0])),
          build.columnSum(build.mul(dy[0], getInput()))};
}

SmallVector<Value> DropPathOp::buildGradient(OpBuilder &builder,
                                             ValueRange dy) {
  ExpandBuilder build(builder, *this);
  return {build.mul(dy[0],
                    build.alongSamples(buildKeepFactor(build, *this), dy[0])),
          nullptr};
}

SmallVector<Value> GlobalAveragePoolOp::buildGradient(OpBuilder &builder,
                                                      ValueRange dy) {
  ExpandBuilder build(builder, *this);
  ArrayRef<int64_t> map = tensorType(getInput()).getShape();
  return {
      build.broadcast(build.mul(dy[0], 1.0 / (map[1] * map[2])), map, {0, 3})};
}

/// Sums over every dimension that the broadcast added: those behind the kept
/// ones as rows, then those in front as columns.
SmallVector<Value> BroadcastOp::buildGradient(OpBuilder &builder,
                                              ValueRange dy) {
  ExpandBuilder build(builder, *this);
  ArrayRef<int64_t> shape = tensorType(dy[0]).getShape(), dims = getDims();
  if (dims.empty())
    return {build.sumAll(dy[0])};
  int64_t rank = shape.size(), first = dims.front(), last = dims.back();
  Value sum = dy[0];
  if (last != rank - 1) {
    sum = build.reduceTrailing(ReduceKind::Sum, sum, last + 1);
  } else if (static_cast<int64_t>(dims.size()) != last - first + 1) {
    // A gap before the last dimension.
    int64_t gap = dims[dims.size() - 2] + 1;
    sum = build.reduce(ReduceKind::Sum, sum, gap, rank - 1);
  }
  if (first != 0) {
    int64_t kept = tensorType(sum).getRank() - first;
    if (kept == 1)
      return {build.columnSum(sum)};
    ArrayRef<int64_t> all = tensorType(sum).getShape();
    Value matrix =
        build.reshape(sum, {llvm::product_of(all.take_front(first)),
                            llvm::product_of(all.drop_front(first))});
    sum = build.columnSum(matrix);
  }
  return {build.reshape(sum, tensorType(getInput()).getShape())};
}

SmallVector<Value> ReduceOp::buildGradient(OpBuilder &builder, ValueRange dy) {
  if (getKind() != ReduceKind::Sum)
    return {};
  ExpandBuilder build(builder, *this);
  ArrayRef<int64_t> shape = tensorType(getInput()).getShape();
  int64_t rank = shape.size(), first = getDims().front(),
          behind = getDims().back() + 1;
  if (first == 0 || behind >= rank - 1) {
    SmallVector<int64_t> kept = llvm::to_vector(llvm::seq(first));
    llvm::append_range(kept, llvm::seq(behind, rank));
    return {build.broadcast(dy[0], shape, kept)};
  }
  // Several dimensions on both sides: a broadcast keeps only one behind a gap.
  auto sizeOf = [&](int64_t from, int64_t to) {
    return llvm::product_of(shape.slice(from, to - from));
  };
  int64_t outer = sizeOf(0, first), reduced = sizeOf(first, behind),
          inner = sizeOf(behind, rank);
  Value matrix = build.reshape(dy[0], {outer, inner});
  return {build.reshape(
      build.broadcast(matrix, {outer, reduced, inner}, {0, 2}), shape)};
}

SmallVector<Value> ReshapeOp::buildGradient(OpBuilder &builder, ValueRange dy) {
  return {ReshapeOp::create(builder, getLoc(), getInput().getType(), dy[0])};
}

SmallVector<Value> ConcatOp::buildGradient(OpBuilder &builder, ValueRange dy) {
  SmallVector<Value> gradients;
  int64_t offset = 0;
  for (Value input : getInputs()) {
    gradients.push_back(
        SliceOp::create(builder, getLoc(), input.getType(), dy[0], offset));
    offset += tensorType(input).getDimSize(0);
  }
  return gradients;
}

SmallVector<Value> SliceOp::buildGradient(OpBuilder &builder, ValueRange dy) {
  return {PadOp::create(builder, getLoc(), getInput().getType(), dy[0],
                        getOffset())};
}

SmallVector<Value> CastOp::buildGradient(OpBuilder &builder, ValueRange dy) {
  return {CastOp::create(builder, getLoc(), getInput().getType(), dy[0])};
}

SmallVector<Value> AllReduceOp::buildGradient(OpBuilder &builder,
                                              ValueRange dy) {
  return {AllReduceOp::create(builder, getLoc(), dy[0])};
}
