//===- GradientsNorm.cpp - derivatives of normalisations ------------------===//
//
// Per-channel factors are combined on vectors before they meet the feature map,
// so that each gradient is one reduction pass and one pointwise pass.
//
//===----------------------------------------------------------------------===//

#include "dialects/bcssl/SharedForms.h"

using namespace mlir;
using namespace bcssl;

SmallVector<Value> ChannelStatisticsOp::buildGradient(OpBuilder &builder,
                                                      ValueRange results) {
  ExpandBuilder build(builder, *this);
  Value gradient;
  if (Value sum = results[1])
    gradient = build.alongColumns(sum, getInput());
  if (Value squares = results[2]) {
    Value centered =
        build.sub(getInput(), build.alongColumns(getShift(), getInput()));
    Value term = build.mul(
        centered, build.alongColumns(build.mul(squares, 2.0), getInput()));
    gradient = gradient ? build.add(gradient, term) : term;
  }
  return {gradient, nullptr};
}

SmallVector<Value> BatchMomentsOp::buildGradient(OpBuilder &builder,
                                                 ValueRange results) {
  ExpandBuilder build(builder, *this);
  Value inverseCount = build.fill(build.reciprocal(getCount()), getSum());
  Value sum, squares;
  if (Value mean = results[0])
    sum = build.mul(mean, inverseCount);
  if (Value variance = results[1]) {
    squares = build.mul(variance, inverseCount);
    Value mean = build.mul(getSum(), inverseCount);
    Value term = build.mul(build.mul(mean, squares), -2.0);
    sum = sum ? build.add(sum, term) : term;
  }
  return {nullptr, sum, squares, nullptr};
}

SmallVector<Value> BatchNormOp::buildGradient(OpBuilder &builder,
                                              ValueRange results) {
  ExpandBuilder build(builder, *this);
  Value dy = results[0];
  ChannelGain gain = buildChannelGain(build, *this);
  Value centered =
      build.sub(getInput(), build.alongColumns(getMean(), getInput()));
  Value sum = build.columnSum(dy);
  Value product = build.columnSum(build.mul(dy, centered));
  Value scale = build.mul(product, gain.inverse);
  Value mean = build.negate(build.mul(gain.factor, sum));
  // d(inverse)/d(variance) = -inverse^3 / 2.
  Value variance = build.mul(build.mul(build.mul(product, gain.factor), -0.5),
                             build.square(gain.inverse));
  return {build.mul(dy, build.alongColumns(gain.factor, dy)), mean, variance,
          scale, sum};
}

SmallVector<Value> LayerNormOp::buildGradient(OpBuilder &builder,
                                              ValueRange results) {
  ExpandBuilder build(builder, *this);
  Value dy = results[0];
  RowNormalized row =
      buildRowNormalized(build, getInput(), getEpsilon().convertToDouble());
  Value scaled = build.mul(dy, build.alongColumns(getScale(), dy));
  Value mean = build.rowMean(scaled);
  Value projection = build.rowMean(build.mul(scaled, row.normalized));
  Value inner =
      build.sub(build.sub(scaled, build.alongRows(mean, dy)),
                build.mul(row.normalized, build.alongRows(projection, dy)));
  return {build.mul(inner, build.alongRows(row.inverse, dy)),
          build.columnSum(build.mul(dy, row.normalized)), build.columnSum(dy)};
}

SmallVector<Value> L2NormalizeOp::buildGradient(OpBuilder &builder,
                                                ValueRange results) {
  ExpandBuilder build(builder, *this);
  Value dy = results[0];
  double epsilon = getEpsilon().convertToDouble();
  RowUnit row = buildRowUnit(build, getInput(), epsilon);
  // Below epsilon the row is divided by a constant: nothing is projected out.
  Value projection = build.rowSum(build.mul(dy, row.unit));
  RankedTensorType rowType = tensorType(projection);
  Value isUnit = build.greater(row.norm, build.constant(rowType, epsilon));
  projection = build.select(isUnit, projection, build.constant(rowType, 0.0));
  Value inner =
      build.sub(dy, build.mul(row.unit, build.alongRows(projection, dy)));
  return {build.mul(inner, build.alongRows(row.inverse, dy))};
}

SmallVector<Value> WeightNormOp::buildGradient(OpBuilder &builder,
                                               ValueRange results) {
  ExpandBuilder build(builder, *this);
  Value dw = results[0];
  WeightGain gain = buildWeightGain(build, *this);
  Value product = build.rowSum(build.mul(dw, getDirection()));
  Value projection = build.mul(product, build.square(gain.inverse));
  Value inner =
      build.sub(dw, build.mul(getDirection(), build.alongRows(projection, dw)));
  return {build.mul(inner, build.alongRows(gain.factor, dw)),
          build.reshape(build.mul(product, gain.inverse),
                        tensorType(getGain()).getShape())};
}
