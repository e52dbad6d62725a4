//===- ExpandState.cpp - optimizers and averages written out --------------===//

#include "dialects/bcssl/ExpandBuilder.h"

#include <cmath>

using namespace mlir;
using namespace bcssl;

SmallVector<Value> ClipByNormOp::expand(OpBuilder &builder) {
  ExpandBuilder build(builder, *this);
  Value norm = build.sqrt(build.sumAll(build.square(getInput())));
  RankedTensorType type = tensorType(norm);
  Value limit = build.constant(type, getMaxNorm().convertToDouble());
  Value factor = build.min(build.div(limit, build.add(norm, 1e-6)),
                           build.constant(type, 1.0));
  return {build.mul(getInput(), build.fill(factor, getInput()))};
}

/// 1 - beta^count = 1 - exp(-t) with t = -count * log(beta). For beta = 0.999
/// and the first update, 1 - exp(-t) in f32 would be off by 6e-5 (and so would
/// math.expm1, which is lowered to exp(x) - 1). Up to t = 1/2 it is therefore
///   t * (1 - t/2 * (1 - t/3 * (1 - t/4 * ...))),
/// cut where the rest is below 1e-13; beyond, the subtraction costs at most
/// one bit and a half. The relative error in f32 stays below 3e-7.
static Value buildBiasCorrection(ExpandBuilder &build, Value count,
                                 double beta) {
  constexpr int terms = 12;
  Value t = build.mul(count, -std::log(beta));
  Value one = build.constant(tensorType(t), 1.0);
  Value series = one;
  for (int term = terms; term > 1; --term)
    series = build.sub(one, build.mul(build.mul(t, 1.0 / term), series));
  Value isLarge = build.greater(t, build.constant(tensorType(t), 0.5));
  return build.select(isLarge, build.sub(one, build.exp(build.negate(t))),
                      build.mul(t, series));
}

static Value buildOneMinus(ExpandBuilder &build, Value scalar) {
  return build.sub(build.constant(tensorType(scalar), 1.0), scalar);
}

SmallVector<Value> AdamWOp::expand(OpBuilder &builder) {
  ExpandBuilder build(builder, *this);
  double beta1 = getBeta1().convertToDouble(),
         beta2 = getBeta2().convertToDouble();
  Value moment1 = build.add(build.mul(getMoment1(), beta1),
                            build.mul(getGrad(), 1.0 - beta1));
  Value moment2 = build.add(build.mul(getMoment2(), beta2),
                            build.mul(build.square(getGrad()), 1.0 - beta2));
  // Scalars first, they are the same for all parameters.
  Value step = build.div(getLearningRate(),
                         buildBiasCorrection(build, getCount(), beta1));
  Value root = build.rsqrt(buildBiasCorrection(build, getCount(), beta2));
  Value denominator =
      build.add(build.mul(build.sqrt(moment2), build.fill(root, getParam())),
                getEpsilon().convertToDouble());
  Value update =
      build.div(build.mul(moment1, build.fill(step, getParam())), denominator);
  Value decayed = getParam();
  if (getWeightDecay()) {
    Value keep =
        buildOneMinus(build, build.mul(getLearningRate(), getWeightDecay()));
    decayed = build.mul(decayed, build.fill(keep, decayed));
  }
  Value param = build.sub(decayed, update);
  if (getActive()) {
    Value active = build.fill(getActive(), param);
    Value condition =
        build.greater(active, build.constant(tensorType(active), 0.0));
    param = build.select(condition, param, getParam());
    moment1 = build.select(condition, moment1, getMoment1());
    moment2 = build.select(condition, moment2, getMoment2());
  }
  return {param, moment1, moment2};
}

static Value buildDecayedGradient(ExpandBuilder &build, Value grad, Value param,
                                  Value decay) {
  return decay ? build.add(grad, build.mul(param, build.fill(decay, param)))
               : grad;
}

/// velocity' = momentum * velocity + grad; param' = param - lr * velocity'.
static SmallVector<Value> buildMomentumStep(ExpandBuilder &build, Value param,
                                            Value grad, Value velocity,
                                            double momentum, Value rate) {
  Value next = build.add(build.mul(velocity, momentum), grad);
  return {build.sub(param, build.mul(next, build.fill(rate, param))), next};
}

SmallVector<Value> SgdOp::expand(OpBuilder &builder) {
  ExpandBuilder build(builder, *this);
  Value grad =
      buildDecayedGradient(build, getGrad(), getParam(), getWeightDecay());
  return buildMomentumStep(build, getParam(), grad, getVelocity(),
                           getMomentum().convertToDouble(), getLearningRate());
}

SmallVector<Value> LarsOp::expand(OpBuilder &builder) {
  ExpandBuilder build(builder, *this);
  Value grad = getGrad();
  if (tensorType(grad).getRank() > 1) {
    grad = buildDecayedGradient(build, grad, getParam(), getWeightDecay());
    Value paramNorm = build.sqrt(build.sumAll(build.square(getParam())));
    Value gradNorm = build.sqrt(build.sumAll(build.square(grad)));
    RankedTensorType type = tensorType(gradNorm);
    Value none = build.constant(type, 0.0), one = build.constant(type, 1.0);
    Value ratio =
        build.div(build.mul(paramNorm, getEta().convertToDouble()), gradNorm);
    ratio = build.select(build.greater(gradNorm, none), ratio, one);
    ratio = build.select(build.greater(paramNorm, none), ratio, one);
    grad = build.mul(grad, build.fill(ratio, grad));
  }
  return buildMomentumStep(build, getParam(), grad, getVelocity(),
                           getMomentum().convertToDouble(), getLearningRate());
}

SmallVector<Value> EmaOp::expand(OpBuilder &builder) {
  ExpandBuilder build(builder, *this);
  Value rest = buildOneMinus(build, getMomentum());
  return {build.add(
      build.mul(getAverage(), build.fill(getMomentum(), getAverage())),
      build.mul(getValue(), build.fill(rest, getValue())))};
}
