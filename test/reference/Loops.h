//===- Loops.h - one plain loop per operation -------------------*- C++ -*-===//
//
// The oracle of the tests: every operation of the bcssl dialect as a plain
// loop over float64, written straight from the formula in the operation's
// description (dialects/bcssl/*.td) and from nothing else. No blocking, no
// reuse, no expansion into other operations. Shapes are the caller's duty; the
// interpreter checks results against the types in the IR.
//
// Feature maps are [N,H,W,C]; "rows" are all leading dimensions of a tensor
// flattened, "columns" its last dimension. An optional operand is a pointer
// that may be null.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_TEST_REFERENCE_LOOPS_H
#define BCSSL_TEST_REFERENCE_LOOPS_H

#include "test/reference/Tensor.h"

namespace bcssl::reference {

// Conv.cpp: filters are [Kh,Kw,C] (depthwise) and [O,P,P,C] (patchify).
Tensor depthwiseConv2d(const Tensor &input, const Tensor &filter);
Tensor depthwiseConv2dInputGrad(const Tensor &outputGrad, const Tensor &filter);
Tensor depthwiseConv2dFilterGrad(const Tensor &input, const Tensor &outputGrad,
                                 int64_t kernelHeight, int64_t kernelWidth);
Tensor patchifyConv2d(const Tensor &input, const Tensor &filter,
                      const Tensor *bias);
Tensor spaceToDepth(const Tensor &input, int64_t block);
Tensor depthToSpace(const Tensor &input, int64_t block);

// Contract.cpp
Tensor contractNT(const Tensor &lhs, const Tensor &rhs);
Tensor contractNN(const Tensor &lhs, const Tensor &rhs);
Tensor contractTN(const Tensor &lhs, const Tensor &rhs);
Tensor linear(const Tensor &input, const Tensor &weight, const Tensor *bias);
/// Panels of `width` columns of a [K,N] matrix: [ceil(N/width), K, width].
Tensor packNN(const Tensor &input, int64_t width);
/// Panels of `width` columns of the transpose of an [N,K] matrix.
Tensor packNT(const Tensor &input, int64_t width);
/// `columns` is the N of the operand that was packed.
Tensor packedContract(const Tensor &lhs, const Tensor &packed, int64_t columns);

// Norm.cpp
struct ChannelStatistics {
  Tensor count, sum, squareSum;
};
ChannelStatistics channelStatistics(const Tensor &input, const Tensor &shift);
struct BatchMoments {
  Tensor mean, variance;
};
BatchMoments batchMoments(const Tensor &count, const Tensor &sum,
                          const Tensor &squareSum, const Tensor &shift);
Tensor batchNorm(const Tensor &input, const Tensor &mean,
                 const Tensor &variance, const Tensor &scale,
                 const Tensor &offset, double epsilon);
Tensor layerNorm(const Tensor &input, const Tensor &scale, const Tensor &offset,
                 double epsilon);
Tensor l2Normalize(const Tensor &input, double epsilon);
Tensor weightNorm(const Tensor &direction, const Tensor &gain);
Tensor runningAverage(const Tensor &average, const Tensor &value,
                      double momentum, double correction);

// Pointwise.cpp
Tensor gelu(const Tensor &input);
Tensor geluGrad(const Tensor &input, const Tensor &outputGrad);
Tensor relu(const Tensor &input);
Tensor reluGrad(const Tensor &input, const Tensor &outputGrad);
Tensor layerScale(const Tensor &input, const Tensor &gamma);
Tensor dropPath(const Tensor &input, const Tensor &draw, double rate);
Tensor globalAveragePool(const Tensor &input);
/// `state` is (seed low, seed high, step low, step high) as 32-bit integers.
Tensor randomUniform(const Tensor &state, uint32_t stream, int64_t count);

// Movement.cpp
Tensor broadcast(const Tensor &input, const Shape &dims, const Shape &shape);
Tensor reduceSum(const Tensor &input, const Shape &dims);
Tensor reduceMax(const Tensor &input, const Shape &dims);
Tensor reducePartial(const Tensor &input, int64_t rows);
Tensor concat(const std::vector<Tensor> &inputs);
Tensor slice(const Tensor &input, int64_t offset, int64_t length);
Tensor pad(const Tensor &input, int64_t offset, int64_t length);

// Loss.cpp
Tensor softmax(const Tensor &input);
Tensor logSoftmax(const Tensor &input);
Tensor sinkhorn(const Tensor &input, int64_t iterations);
Tensor crossViewTargets(const Tensor &probabilities, int64_t views,
                        int64_t teacherViews);
Tensor crossViewCrossEntropy(const Tensor &logits, const Tensor &probabilities,
                             int64_t views, int64_t teacherViews);
Tensor oneHot(const Tensor &labels, int64_t classes);
Tensor crossEntropy(const Tensor &logits, const Tensor &labels,
                    double smoothing);

// Update.cpp: learning rates, weight decays and counts are scalars.
Tensor clipByNorm(const Tensor &input, double maxNorm);
struct AdamW {
  Tensor param, moment1, moment2;
};
AdamW adamw(const AdamW &state, const Tensor &grad, double count,
            double learningRate, double weightDecay, bool active, double beta1,
            double beta2, double epsilon);
struct Momentum {
  Tensor param, velocity;
};
Momentum sgd(const Momentum &state, const Tensor &grad, double learningRate,
             double weightDecay, double momentum);
Momentum lars(const Momentum &state, const Tensor &grad, double learningRate,
              double weightDecay, double momentum, double eta);
Tensor ema(const Tensor &average, const Tensor &value, double momentum);

} // namespace bcssl::reference

#endif // BCSSL_TEST_REFERENCE_LOOPS_H
