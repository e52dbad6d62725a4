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
  // After every step the matrix is q[r,k] * row[r] * column[k]: only the two
  // vectors change, and no iteration writes a matrix.
  Value scaled = q, result = q;
  for (int64_t i = 0; i < static_cast<int64_t>(getIterations()); ++i) {
    Value column = build.reciprocal(build.columnSum(scaled));
    Value normalized = build.mul(q, build.alongColumns(column, q));
    Value row = build.alongRows(build.reciprocal(build.rowSum(normalized)), q);
    scaled = build.mul(q, row);
    result = build.mul(normalized, row);
  }
  return {result};
}

/// rowWeight * sum over rows of targets * -log_softmax(logits).
static Value buildLoss(ExpandBuilder &build, Value logits, Value targets,
                       double rowWeight) {
  Value terms =
      build.mul(targets, buildRowSoftmax(build, logits).negativeLog(build));
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
  return {buildLoss(build, getLogits(), buildLabelTargets(build, *this),
                    rowWeight)};
}
