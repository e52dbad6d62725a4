//===- Update.cpp - plain loops of the optimizers -------------------------===//

#include "test/reference/Loops.h"

#include <algorithm>
#include <cmath>

namespace bcssl::reference {

namespace {

double norm(const Tensor &x) {
  double squares = 0;
  for (double value : x.values)
    squares += value * value;
  return std::sqrt(squares);
}

} // namespace

Tensor clipByNorm(const Tensor &input, double maxNorm) {
  double factor = std::min(1.0, maxNorm / (norm(input) + 1e-6));
  return map(input, [&](double x) { return x * factor; });
}

AdamW adamw(const AdamW &state, const Tensor &grad, double count,
            double learningRate, double weightDecay, bool active, double beta1,
            double beta2, double epsilon) {
  AdamW next = state;
  if (!active)
    return next;
  for (int64_t i = 0; i < grad.size(); ++i) {
    double decayed = state.param[i] * (1 - learningRate * weightDecay);
    double m = beta1 * state.moment1[i] + (1 - beta1) * grad[i];
    double v = beta2 * state.moment2[i] + (1 - beta2) * grad[i] * grad[i];
    double unbiasedM = m / (1 - std::pow(beta1, count));
    double unbiasedV = v / (1 - std::pow(beta2, count));
    next.moment1[i] = m;
    next.moment2[i] = v;
    next.param[i] =
        decayed - learningRate * unbiasedM / (std::sqrt(unbiasedV) + epsilon);
  }
  return next;
}

Momentum sgd(const Momentum &state, const Tensor &grad, double learningRate,
             double weightDecay, double momentum) {
  Momentum next = state;
  for (int64_t i = 0; i < grad.size(); ++i) {
    double decayed = grad[i] + weightDecay * state.param[i];
    next.velocity[i] = momentum * state.velocity[i] + decayed;
    next.param[i] = state.param[i] - learningRate * next.velocity[i];
  }
  return next;
}

Momentum lars(const Momentum &state, const Tensor &grad, double learningRate,
              double weightDecay, double momentum, double eta) {
  Tensor scaled = grad;
  if (grad.rank() >= 2) {
    for (int64_t i = 0; i < grad.size(); ++i)
      scaled[i] += weightDecay * state.param[i];
    double paramNorm = norm(state.param), gradNorm = norm(scaled);
    if (paramNorm > 0 && gradNorm > 0)
      for (double &value : scaled.values)
        value *= eta * paramNorm / gradNorm;
  }
  return sgd(state, scaled, learningRate, /*weightDecay=*/0, momentum);
}

Tensor ema(const Tensor &average, const Tensor &value, double momentum) {
  return map(average, value, [&](double old, double now) {
    return momentum * old + (1 - momentum) * now;
  });
}

} // namespace bcssl::reference
