//===- ExpandNorm.cpp - normalisations written out ------------------------===//

#include "dialects/bcssl/SharedForms.h"

using namespace mlir;
using namespace bcssl;

SmallVector<Value> ChannelStatisticsOp::expand(OpBuilder &builder) {
  ExpandBuilder build(builder, *this);
  RankedTensorType type = tensorType(getInput());
  int64_t rows = type.getNumElements() / type.getShape().back();
  Value centered =
      build.sub(getInput(), build.alongColumns(getShift(), getInput()));
  return {build.constant(tensorType(getCount()), rows),
          build.columnSum(centered), build.columnSum(build.square(centered))};
}

SmallVector<Value> BatchMomentsOp::expand(OpBuilder &builder) {
  ExpandBuilder build(builder, *this);
  Value inverseCount = build.fill(build.reciprocal(getCount()), getSum());
  Value mean = build.mul(getSum(), inverseCount);
  Value variance =
      build.sub(build.mul(getSquareSum(), inverseCount), build.square(mean));
  // Rounding may leave less than nothing of a constant channel, and 1 / sqrt
  // of that is no number.
  Value none = build.constant(tensorType(variance), 0.0);
  return {build.add(getShift(), mean), build.max(variance, none)};
}

SmallVector<Value> BatchNormOp::expand(OpBuilder &builder) {
  ExpandBuilder build(builder, *this);
  ChannelGain gain = buildChannelGain(build, *this);
  // (x - mean) * factor: folding the mean into the offset would cancel digits.
  Value centered =
      build.sub(getInput(), build.alongColumns(getMean(), getInput()));
  Value scaled =
      build.mul(centered, build.alongColumns(gain.factor, getInput()));
  return {build.add(scaled, build.alongColumns(getOffset(), getInput()))};
}

SmallVector<Value> LayerNormOp::expand(OpBuilder &builder) {
  ExpandBuilder build(builder, *this);
  RowNormalized row =
      buildRowNormalized(build, getInput(), getEpsilon().convertToDouble());
  Value scaled =
      build.mul(row.normalized, build.alongColumns(getScale(), getInput()));
  return {build.add(scaled, build.alongColumns(getOffset(), getInput()))};
}

SmallVector<Value> L2NormalizeOp::expand(OpBuilder &builder) {
  ExpandBuilder build(builder, *this);
  return {buildRowUnit(build, getInput(), getEpsilon().convertToDouble()).unit};
}

SmallVector<Value> WeightNormOp::expand(OpBuilder &builder) {
  ExpandBuilder build(builder, *this);
  WeightGain gain = buildWeightGain(build, *this);
  return {
      build.mul(getDirection(), build.alongRows(gain.factor, getDirection()))};
}

SmallVector<Value> RunningAverageOp::expand(OpBuilder &builder) {
  ExpandBuilder build(builder, *this);
  double momentum = getMomentum().convertToDouble();
  double correction = getCorrection().convertToDouble();
  return {build.add(build.mul(getAverage(), 1.0 - momentum),
                    build.mul(getValue(), momentum * correction))};
}
