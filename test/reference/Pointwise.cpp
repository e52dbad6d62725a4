//===- Pointwise.cpp - plain loops of pointwise operations ----------------===//

#include "test/reference/Loops.h"

#include "runtime/base/Philox.h"

#include <cmath>
#include <numbers>

namespace bcssl::reference {

namespace {

double normalDistribution(double x) {
  return 0.5 * (1 + std::erf(x / std::numbers::sqrt2));
}

/// The bits of a signed 32-bit element.
uint32_t bitsOf(double element) {
  return static_cast<uint32_t>(static_cast<int32_t>(element));
}

} // namespace

Tensor gelu(const Tensor &input) {
  return map(input, [](double x) { return x * normalDistribution(x); });
}

Tensor geluGrad(const Tensor &input, const Tensor &outputGrad) {
  return map(input, outputGrad, [](double x, double dy) {
    double density = std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi);
    return dy * (normalDistribution(x) + x * density);
  });
}

Tensor relu(const Tensor &input) {
  return map(input, [](double x) { return x > 0 ? x : 0; });
}

Tensor reluGrad(const Tensor &input, const Tensor &outputGrad) {
  return map(input, outputGrad,
             [](double x, double dy) { return x > 0 ? dy : 0; });
}

Tensor layerScale(const Tensor &input, const Tensor &gamma) {
  Tensor output(input.shape);
  for (int64_t r = 0; r < input.rows(); ++r)
    for (int64_t c = 0; c < input.columns(); ++c)
      output.row(r, c) = input.row(r, c) * gamma(c);
  return output;
}

Tensor dropPath(const Tensor &input, const Tensor &draw, double rate) {
  Tensor output(input.shape);
  int64_t perSample = input.size() / draw.size();
  for (int64_t i = 0; i < input.size(); ++i)
    output[i] = draw[i / perSample] >= rate ? input[i] / (1 - rate) : 0;
  return output;
}

Tensor globalAveragePool(const Tensor &input) {
  Tensor output({input.shape[0], input.shape[3]});
  double positions = double(input.shape[1] * input.shape[2]);
  for (int64_t n = 0; n < input.shape[0]; ++n)
    for (int64_t h = 0; h < input.shape[1]; ++h)
      for (int64_t w = 0; w < input.shape[2]; ++w)
        for (int64_t c = 0; c < input.shape[3]; ++c)
          output(n, c) += input(n, h, w, c) / positions;
  return output;
}

Tensor randomUniform(const Tensor &state, uint32_t stream, int64_t count) {
  Tensor output({count});
  for (int64_t i = 0; i < count; ++i) {
    auto block = philox4x32({static_cast<uint32_t>(i / 4), bitsOf(state(2)),
                             bitsOf(state(3)), stream},
                            {bitsOf(state(0)), bitsOf(state(1))});
    output(i) = double(block[i % 4] >> 8) * 0x1p-24;
  }
  return output;
}

} // namespace bcssl::reference
