//===- Ops.h - operations on tensors ----------------------------*- C++ -*-===//
//
// Free functions that record one operation each, with the names and formulas
// of dialects/bcssl. Feature maps are [N, H, W, C]. Each throws ModelError at
// the caller's line where the shapes do not fit.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_FRONTEND_OPS_H
#define BCSSL_FRONTEND_OPS_H

#include "frontend/Tensor.h"

#include <optional>

namespace bcssl::frontend {

class Program;

// Convolutions and products.

/// Stride 1, same size; `filter` is [K, K, C] with odd K.
Tensor depthwiseConv2d(Tensor input, Tensor filter,
                       Where where = Where::current());
/// Stride equal to the kernel's size P; `filter` is [O, P, P, C].
Tensor patchifyConv2d(Tensor input, Tensor filter,
                      std::optional<Tensor> bias = {},
                      Where where = Where::current());
/// Over the last dimension; `weight` is [out, in].
Tensor linear(Tensor input, Tensor weight, std::optional<Tensor> bias = {},
              Where where = Where::current());

// Normalisation.

/// Count, sum and sum of squares of each channel about `shift`.
struct ChannelStatistics {
  Tensor count, sum, squareSum;
};
ChannelStatistics channelStatistics(Tensor input, Tensor shift,
                                    Where where = Where::current());
/// Mean and biased variance of each channel.
struct BatchMoments {
  Tensor mean, variance;
};
BatchMoments batchMoments(const ChannelStatistics &statistics, Tensor shift,
                          Where where = Where::current());
Tensor batchNorm(Tensor input, const BatchMoments &moments, Tensor scale,
                 Tensor offset, double epsilon, Where where = Where::current());
/// (1 - momentum) * average + momentum * value.
Tensor runningAverage(Tensor average, Tensor value, double momentum,
                      Where where = Where::current());
Tensor layerNorm(Tensor input, Tensor scale, Tensor offset, double epsilon,
                 Where where = Where::current());
/// Each row divided by max(its Euclidean norm, epsilon).
Tensor l2Normalize(Tensor input, double epsilon = 1e-12,
                   Where where = Where::current());
/// gain[o] * direction[o, i] / norm of direction's row o; `gain` is [out, 1].
Tensor weightNorm(Tensor direction, Tensor gain,
                  Where where = Where::current());

// Pointwise.

Tensor gelu(Tensor input, Where where = Where::current());
Tensor relu(Tensor input, Where where = Where::current());
Tensor log(Tensor input, Where where = Where::current());
Tensor sqrt(Tensor input, Where where = Where::current());
Tensor maximum(Tensor lhs, Tensor rhs, Where where = Where::current());
Tensor layerScale(Tensor input, Tensor gamma, Where where = Where::current());
/// Drops whole samples with probability `rate` and scales the others up.
Tensor dropPath(Tensor input, double rate, Where where = Where::current());
/// `active` (a scalar) above 0 ? yes : no.
Tensor select(Tensor active, Tensor yes, Tensor no,
              Where where = Where::current());
/// Passes the value on, lets no gradient back.
Tensor stopGradient(Tensor input, Where where = Where::current());

// Shapes.

/// All elements equal `value`.
Tensor constant(Program &program, const TensorType &type, double value,
                Where where = Where::current());
/// Repeats a scalar, or a vector along the last dimension.
Tensor broadcastTo(Tensor input, const Shape &shape,
                   Where where = Where::current());
/// Same elements in row-major order, other shape.
Tensor reshape(Tensor input, const Shape &shape,
               Where where = Where::current());
/// The same values in another floating-point precision.
Tensor cast(Tensor input, ElementType element, Where where = Where::current());
/// Bytes (u8) as f32; carries no gradient.
Tensor toFloat(Tensor bytes, Where where = Where::current());
/// Joins along, and takes `size` entries of, the first dimension.
Tensor concat(const std::vector<Tensor> &inputs,
              Where where = Where::current());
Tensor slice(Tensor input, int64_t offset, int64_t size,
             Where where = Where::current());

// Reductions.

/// Sum over a run of neighbouring dimensions, which vanish.
Tensor reduceSum(Tensor input, std::vector<int64_t> dims,
                 Where where = Where::current());
Tensor globalAveragePool(Tensor input, Where where = Where::current());
/// Sum over all ranks.
Tensor allReduce(Tensor input, Where where = Where::current());

// Losses.

Tensor softmax(Tensor input, Where where = Where::current());
Tensor logSoftmax(Tensor input, Where where = Where::current());
/// Rows of `input` assigned evenly to columns; carries no gradient.
Tensor sinkhorn(Tensor input, int64_t iterations,
                Where where = Where::current());
/// DINO's loss; `logits` has `views` blocks of rows, `probabilities` the first
/// `teacherViews` of them.
Tensor crossViewCrossEntropy(Tensor logits, Tensor probabilities, int64_t views,
                             int64_t teacherViews,
                             Where where = Where::current());
/// Mean over the batch; `labels` is [N] of i32.
Tensor crossEntropy(Tensor logits, Tensor labels, double smoothing = 0.0,
                    Where where = Where::current());

// Training.

/// Gradients of a scalar with respect to each of `values`.
std::vector<Tensor> gradients(Tensor loss, const std::vector<Tensor> &values,
                              Where where = Where::current());
/// Scales a tensor down to a norm of at most `maxNorm`.
Tensor clipByNorm(Tensor input, double maxNorm, Where where = Where::current());
/// momentum * average + (1 - momentum) * value, momentum a scalar.
Tensor ema(Tensor average, Tensor value, Tensor momentum,
           Where where = Where::current());

} // namespace bcssl::frontend

#endif // BCSSL_FRONTEND_OPS_H
