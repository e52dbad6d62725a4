//===- Norm.cpp - plain loops of the normalisations -----------------------===//

#include "test/reference/Loops.h"

#include <algorithm>
#include <cmath>

namespace bcssl::reference {

ChannelStatistics channelStatistics(const Tensor &input, const Tensor &shift) {
  ChannelStatistics result{Tensor(Shape{}, double(input.rows())),
                           Tensor(shift.shape), Tensor(shift.shape)};
  for (int64_t r = 0; r < input.rows(); ++r)
    for (int64_t c = 0; c < input.columns(); ++c) {
      double difference = input.row(r, c) - shift(c);
      result.sum(c) += difference;
      result.squareSum(c) += difference * difference;
    }
  return result;
}

BatchMoments batchMoments(const Tensor &count, const Tensor &sum,
                          const Tensor &squareSum, const Tensor &shift) {
  BatchMoments result{Tensor(sum.shape), Tensor(sum.shape)};
  for (int64_t c = 0; c < sum.size(); ++c) {
    double mean = sum[c] / count[0];
    result.mean[c] = shift[c] + mean;
    result.variance[c] = squareSum[c] / count[0] - mean * mean;
  }
  return result;
}

Tensor batchNorm(const Tensor &input, const Tensor &mean,
                 const Tensor &variance, const Tensor &scale,
                 const Tensor &offset, double epsilon) {
  Tensor output(input.shape);
  for (int64_t r = 0; r < input.rows(); ++r)
    for (int64_t c = 0; c < input.columns(); ++c)
      output.row(r, c) = (input.row(r, c) - mean(c)) /
                             std::sqrt(variance(c) + epsilon) * scale(c) +
                         offset(c);
  return output;
}

Tensor layerNorm(const Tensor &input, const Tensor &scale, const Tensor &offset,
                 double epsilon) {
  Tensor output(input.shape);
  int64_t columns = input.columns();
  for (int64_t r = 0; r < input.rows(); ++r) {
    double mean = 0, variance = 0;
    for (int64_t c = 0; c < columns; ++c)
      mean += input.row(r, c) / double(columns);
    for (int64_t c = 0; c < columns; ++c)
      variance += std::pow(input.row(r, c) - mean, 2) / double(columns);
    for (int64_t c = 0; c < columns; ++c)
      output.row(r, c) =
          (input.row(r, c) - mean) / std::sqrt(variance + epsilon) * scale(c) +
          offset(c);
  }
  return output;
}

Tensor l2Normalize(const Tensor &input, double epsilon) {
  Tensor output(input.shape);
  for (int64_t r = 0; r < input.rows(); ++r) {
    double squares = 0;
    for (int64_t c = 0; c < input.columns(); ++c)
      squares += input.row(r, c) * input.row(r, c);
    for (int64_t c = 0; c < input.columns(); ++c)
      output.row(r, c) =
          input.row(r, c) / std::max(std::sqrt(squares), epsilon);
  }
  return output;
}

Tensor weightNorm(const Tensor &direction, const Tensor &gain) {
  Tensor output(direction.shape);
  for (int64_t o = 0; o < direction.shape[0]; ++o) {
    double squares = 0;
    for (int64_t i = 0; i < direction.shape[1]; ++i)
      squares += direction(o, i) * direction(o, i);
    for (int64_t i = 0; i < direction.shape[1]; ++i)
      output(o, i) = gain[o] * direction(o, i) / std::sqrt(squares);
  }
  return output;
}

Tensor runningAverage(const Tensor &average, const Tensor &value,
                      double momentum, double correction) {
  return map(average, value, [&](double old, double now) {
    return (1 - momentum) * old + momentum * now * correction;
  });
}

} // namespace bcssl::reference
