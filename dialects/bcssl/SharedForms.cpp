//===- SharedForms.cpp - what forward and backward both compute -----------===//

#include "dialects/bcssl/SharedForms.h"

using namespace mlir;
using namespace bcssl;

RowNormalized bcssl::buildRowNormalized(ExpandBuilder &build, Value input,
                                        double epsilon) {
  // Two passes over a row that is in cache: the variance about the mean has no
  // cancellation.
  Value centered =
      build.sub(input, build.alongRows(build.rowMean(input), input));
  Value variance = build.rowMean(build.square(centered));
  Value inverse = build.rsqrt(build.add(variance, epsilon));
  return {inverse, build.mul(centered, build.alongRows(inverse, input))};
}

RowSoftmax bcssl::buildRowSoftmax(ExpandBuilder &build, Value logits) {
  Value shifted =
      build.sub(logits, build.alongRows(build.rowMax(logits), logits));
  Value exponential = build.exp(shifted);
  return {shifted, exponential, build.rowSum(exponential)};
}

Value RowSoftmax::probabilities(ExpandBuilder &build) const {
  return build.mul(exponential,
                   build.alongRows(build.reciprocal(sum), exponential));
}

Value RowSoftmax::negativeLog(ExpandBuilder &build) const {
  return build.sub(build.alongRows(build.log(sum), shifted), shifted);
}

RowUnit bcssl::buildRowUnit(ExpandBuilder &build, Value input, double epsilon) {
  Value norm = build.sqrt(build.rowSum(build.square(input)));
  Value floor = build.constant(tensorType(norm), epsilon);
  Value inverse = build.reciprocal(build.max(norm, floor));
  return {norm, inverse, build.mul(input, build.alongRows(inverse, input))};
}

WeightGain bcssl::buildWeightGain(ExpandBuilder &build, WeightNormOp op) {
  Value inverse = build.rsqrt(build.rowSum(build.square(op.getDirection())));
  Value gain = build.reshape(op.getGain(), tensorType(inverse).getShape());
  return {inverse, build.mul(gain, inverse)};
}

ChannelGain bcssl::buildChannelGain(ExpandBuilder &build, BatchNormOp op) {
  double epsilon = op.getEpsilon().convertToDouble();
  Value inverse = build.rsqrt(build.add(op.getVariance(), epsilon));
  return {inverse, build.mul(op.getScale(), inverse)};
}

Value bcssl::buildKeepFactor(ExpandBuilder &build, DropPathOp op) {
  double rate = op.getRate().convertToDouble();
  RankedTensorType type = tensorType(op.getDraw());
  Value kept = build.greaterEqual(op.getDraw(), build.constant(type, rate));
  return build.select(kept, build.constant(type, 1.0 / (1.0 - rate)),
                      build.constant(type, 0.0));
}

Value bcssl::buildLabelTargets(ExpandBuilder &build, CrossEntropyOp op) {
  double smoothing = op.getSmoothing().convertToDouble();
  RankedTensorType type = tensorType(op.getLogits());
  Value targets = OneHotOp::create(build, type, op.getLabels());
  if (smoothing == 0.0)
    return targets;
  return build.add(build.mul(targets, 1.0 - smoothing),
                   smoothing / type.getShape().back());
}

CrossViewTerms bcssl::buildCrossViewTerms(ExpandBuilder &build,
                                          CrossViewCrossEntropyOp op) {
  int64_t views = op.getViews(), teacherViews = op.getTeacherViews();
  int64_t samples = tensorType(op.getLogits()).getDimSize(0) / views;
  int64_t pairs = teacherViews * views - teacherViews;
  Value targets =
      CrossViewTargetsOp::create(build, tensorType(op.getLogits()),
                                 op.getProbabilities(), views, teacherViews);
  return {targets, 1.0 / (static_cast<double>(samples) * pairs)};
}
