//===- ExpandPointwise.cpp - activations and scales written out -----------===//

#include "dialects/bcssl/SharedForms.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace bcssl;

/// (1 + erf(x / sqrt(2))) / 2, the normal distribution function.
static Value buildNormalCdf(ExpandBuilder &build, Value x) {
  Value erf = build.erf(build.mul(x, llvm::numbers::inv_sqrt2_v<double>));
  return build.add(build.mul(erf, 0.5), 0.5);
}

SmallVector<Value> GeluOp::expand(OpBuilder &builder) {
  ExpandBuilder build(builder, *this);
  return {build.mul(getInput(), buildNormalCdf(build, getInput()))};
}

SmallVector<Value> GeluGradOp::expand(OpBuilder &builder) {
  ExpandBuilder build(builder, *this);
  constexpr double inverseSqrtTwoPi = 0.39894228040143267794;
  Value density = build.mul(
      build.exp(build.mul(build.square(getInput()), -0.5)), inverseSqrtTwoPi);
  Value slope = build.add(buildNormalCdf(build, getInput()),
                          build.mul(getInput(), density));
  return {build.mul(getOutputGrad(), slope)};
}

SmallVector<Value> ReluOp::expand(OpBuilder &builder) {
  ExpandBuilder build(builder, *this);
  return {build.max(getInput(), build.constant(tensorType(getInput()), 0.0))};
}

SmallVector<Value> ReluGradOp::expand(OpBuilder &builder) {
  ExpandBuilder build(builder, *this);
  Value none = build.constant(tensorType(getInput()), 0.0);
  return {build.select(build.greater(getInput(), none), getOutputGrad(), none)};
}

SmallVector<Value> LayerScaleOp::expand(OpBuilder &builder) {
  ExpandBuilder build(builder, *this);
  return {build.mul(getInput(), build.alongColumns(getGamma(), getInput()))};
}

SmallVector<Value> DropPathOp::expand(OpBuilder &builder) {
  ExpandBuilder build(builder, *this);
  return {
      build.mul(getInput(),
                build.alongSamples(buildKeepFactor(build, *this), getInput()))};
}

SmallVector<Value> GlobalAveragePoolOp::expand(OpBuilder &builder) {
  ExpandBuilder build(builder, *this);
  ArrayRef<int64_t> map = tensorType(getInput()).getShape();
  return {build.mul(build.reduce(ReduceKind::Sum, getInput(), 1, 3),
                    1.0 / (map[1] * map[2]))};
}
