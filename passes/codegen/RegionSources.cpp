//===- RegionSources.cpp - values made from other rows or from nothing ----===//
//
// Targets of the loss, one-hot labels, random draws and column sums: what is
// not computed from the same place of the iteration space.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/RegionEmitter.h"

#include "passes/codegen/Random.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace bcssl {

static ArrayRef<int64_t> shapeOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getShape();
}

Value RegionEmitter::emitTargets(CrossViewTargetsOp op, const Site &site) {
  int64_t teachers = op.getTeacherViews();
  int64_t samples = shapeOf(op.getProbabilities())[0] / teachers;
  Value view = arith::DivUIOp::create(builder, site.row, index(samples));
  Value sample = arith::RemUIOp::create(builder, site.row, index(samples));
  Value one = arith::ConstantOp::create(builder, builder.getF32FloatAttr(1.0f));
  Value none =
      arith::ConstantOp::create(builder, builder.getF32FloatAttr(0.0f));
  Value sum = zero();
  for (int64_t teacher = 0; teacher < teachers; ++teacher) {
    Value other = arith::CmpIOp::create(builder, arith::CmpIPredicate::ne, view,
                                        index(teacher));
    Value weight = arith::SelectOp::create(builder, other, one, none);
    Value row = add(sample, index(teacher * samples));
    Value load = loadVector(buffer(op.getProbabilities()),
                            add(mul(row, columns), site.column), site.lanes);
    sum = vector::FMAOp::create(builder, splat(weight), load, sum);
  }
  return sum;
}

/// The numbers of a vector's columns.
Value RegionEmitter::laneColumns(Value column) {
  auto type = VectorType::get({form.width}, builder.getI32Type());
  SmallVector<int32_t> steps;
  for (int32_t lane = 0; lane < form.width; ++lane)
    steps.push_back(lane);
  Value lanes = arith::ConstantOp::create(
      builder, DenseElementsAttr::get(type, ArrayRef(steps)));
  Value first =
      arith::IndexCastOp::create(builder, builder.getI32Type(), column);
  return arith::AddIOp::create(
      builder, lanes, vector::BroadcastOp::create(builder, type, first));
}

Value RegionEmitter::emitOneHot(OneHotOp op, const Site &site) {
  Value label =
      memref::LoadOp::create(builder, buffer(op.getLabels()), site.row);
  Value lanes = laneColumns(site.column);
  Value labels = vector::BroadcastOp::create(
      builder, cast<VectorType>(lanes.getType()), label);
  Value equal =
      arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, lanes, labels);
  Value one = arith::ConstantOp::create(
      builder,
      DenseElementsAttr::get(vectorType(), builder.getF32FloatAttr(1.0f)));
  return arith::SelectOp::create(builder, equal, one, zero());
}

Value RegionEmitter::emitRandom(RandomUniformOp op, const Site &site) {
  SmallVector<Value> state;
  for (int64_t word = 0; word < 4; ++word)
    state.push_back(
        memref::LoadOp::create(builder, buffer(op.getState()), index(word)));
  return emitPhiloxUniform(builder, state, laneColumns(site.column),
                           static_cast<int32_t>(op.getStream()));
}

/// A sum or maximum over neighbouring leading dimensions of a kernel input, in
/// row order: [outer, reduced, columns] -> [outer, columns].
Value RegionEmitter::emitColumnReduce(ReduceOp op, const Site &site) {
  ArrayRef<int64_t> shape = shapeOf(op.getInput());
  ArrayRef<int64_t> dims = op.getDims();
  int64_t count = llvm::product_of(shape.slice(dims.front(), dims.size()));
  bool isSum = op.getKind() == ReduceKind::Sum;
  Value memref = buffer(op.getInput());
  Value base = add(mul(site.row, count * columns), site.column);
  Value init = isSum ? zero() : loadVector(memref, base, site.lanes);
  auto loop = scf::ForOp::create(
      builder, index(0), index(count), index(1), init,
      [&](OpBuilder &, Location, Value r, ValueRange carried) {
        Value load = loadVector(memref, add(base, mul(r, columns)), site.lanes);
        Value next =
            isSum ? Value(arith::AddFOp::create(builder, carried[0], load))
                  : Value(arith::MaximumFOp::create(builder, carried[0], load));
        scf::YieldOp::create(builder, next);
      });
  return loop.getResult(0);
}

} // namespace bcssl
