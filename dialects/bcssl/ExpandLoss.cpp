//===- ExpandLoss.cpp - softmax, targets and losses written out -----------===//

#include "dialects/bcssl/SharedForms.h"

using namespace mlir;
using namespace bcssl;

SmallVector<Value> SoftmaxOp::expand(OpBuilder &builder) {
  ExpandBuilder build(builder, *this);
  return {buildRowSoftmax(build, getInput()).probabilities(build)};
}

SmallVector<Value> LogSoftmaxOp::expand(OpBuilder &builder) {
  ExpandBuilder build(builder, *this);
  return {build.negate(buildRowSoftmax(build, getInput()).negativeLog(build))};
}

SmallVector<Value> SinkhornOp::expand(OpBuilder &builder) {
  ExpandBuilder build(builder, *this);
  Value largest = build.reduceAll(ReduceKind::Max, getInput());
  Value q = build.exp(build.sub(getInput(), build.fill(largest, getInput())));
  for (int64_t i = 0; i < static_cast<int64_t>(getIterations()); ++i) {
    q = build.mul(q, build.alongColumns(build.reciprocal(build.columnSum(q)), q));
    q = build.mul(q, build.alongRows(build.reciprocal(build.rowSum(q)), q));
  }
  return {q};
}

/// rowWeight * sum over rows of targets * -log_softmax(logits).
static Value buildLoss(ExpandBuilder &build, Value logits, Value targets, double rowWeight) {
  Value terms = build.mul(targets, buildRowSoftmax(build, logits).negativeLog(build));
  return build.mul(build.sumAll(terms), rowWeight);
}

SmallVector<Value> CrossViewCrossEntropyOp::expand(OpBuilder &builder) {
  ExpandBuilder build(builder, *this);
  CrossViewTerms terms = buildCrossViewTerms(build, *this);
  return {buildLoss(build, getLogits(), terms.targets, terms.rowWeight)};
}

SmallVector<Value> CrossEntropyOp::expand(OpBuilder &builder) {
  ExpandBuilder build(builder, *this);
  double rowWeight = 1.0 / tensorType(getLogits()).getDimSize(0);
  return {buildLoss(build, getLogits(), buildLabelTargets(build, *this), rowWeight)};
}
