//===- GradientsLoss.cpp - derivatives of softmax and losses --------------===//

#include "dialects/bcssl/SharedForms.h"

using namespace mlir;
using namespace bcssl;

SmallVector<Value> SoftmaxOp::buildGradient(OpBuilder &builder, ValueRange dy) {
  ExpandBuilder build(builder, *this);
  Value probabilities = buildRowSoftmax(build, getInput()).probabilities(build);
  Value projection = build.rowSum(build.mul(dy[0], probabilities));
  return {build.mul(probabilities,
                    build.sub(dy[0], build.alongRows(projection, dy[0])))};
}

SmallVector<Value> LogSoftmaxOp::buildGradient(OpBuilder &builder,
                                               ValueRange dy) {
  ExpandBuilder build(builder, *this);
  Value probabilities = buildRowSoftmax(build, getInput()).probabilities(build);
  Value sum = build.rowSum(dy[0]);
  return {
      build.sub(dy[0], build.mul(probabilities, build.alongRows(sum, dy[0])))};
}

/// Of rowWeight * sum over rows of targets * -log_softmax(logits).
static Value buildLogitGradient(ExpandBuilder &build, Value logits,
                                Value targets, double rowWeight, Value dloss) {
  RowSoftmax row = buildRowSoftmax(build, logits);
  Value weight = build.mul(dloss, rowWeight);
  // weight * (exponential / sum * mass - targets), the row factors first.
  Value mass = build.rowSum(targets);
  Value factor = build.mul(build.mul(mass, build.reciprocal(row.sum)),
                           build.fill(weight, mass));
  return build.sub(build.mul(row.exponential, build.alongRows(factor, logits)),
                   build.mul(targets, build.fill(weight, logits)));
}

SmallVector<Value> CrossViewCrossEntropyOp::buildGradient(OpBuilder &builder,
                                                          ValueRange dy) {
  ExpandBuilder build(builder, *this);
  CrossViewTerms terms = buildCrossViewTerms(build, *this);
  return {buildLogitGradient(build, getLogits(), terms.targets, terms.rowWeight,
                             dy[0]),
          nullptr};
}

SmallVector<Value> CrossEntropyOp::buildGradient(OpBuilder &builder,
                                                 ValueRange dy) {
  ExpandBuilder build(builder, *this);
  double rowWeight = 1.0 / tensorType(getLogits()).getDimSize(0);
  Value targets = buildLabelTargets(build, *this);
  return {buildLogitGradient(build, getLogits(), targets, rowWeight, dy[0]),
          nullptr};
}
