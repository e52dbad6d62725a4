//===- Layers.h - layers with variables -------------------------*- C++ -*-===//
//
// A layer declares its variables under the published PyTorch names when it is
// made and records its operations when it is called; calling one object twice
// shares its variables.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_FRONTEND_LAYERS_H
#define BCSSL_FRONTEND_LAYERS_H

#include "frontend/Ops.h"
#include "frontend/Scope.h"

namespace bcssl::frontend {

/// Depthwise convolution of stride 1 and same size. `weight` is [C,1,K,K] in
/// PyTorch and [K,K,C] here.
class DepthwiseConv2d {
public:
  struct Options {
    int64_t channels;
    int64_t kernel;
    bool bias = true;
  };
  DepthwiseConv2d(Scope scope, Options options, Where where = Where::current());
  Tensor operator()(Tensor input, Where where = Where::current()) const;

private:
  Variable weight;
  std::optional<Variable> bias;
};

/// Convolution whose stride equals its kernel. `weight` is [O,I,P,P] in
/// PyTorch and [O,P,P,I] here.
class PatchifyConv2d {
public:
  struct Options {
    int64_t in;
    int64_t out;
    int64_t patch;
    Initializer biasInitializer = Initializer::zeros();
  };
  PatchifyConv2d(Scope scope, Options options, Where where = Where::current());
  Tensor operator()(Tensor input, Where where = Where::current()) const;

private:
  Variable weight;
  Variable bias;
};

/// Batch normalisation. In training and calibration the statistics are those
/// of the batch over all ranks, and the running ones move towards them (the
/// variance unbiased); in evaluation the running ones are used. The number of
/// batches is kept as f32, exact up to 2^24.
class BatchNorm {
public:
  struct Options {
    int64_t channels;
    double epsilon = 1e-5;
    double momentum = 0.1;
  };
  BatchNorm(Scope scope, Options options, Where where = Where::current());
  Tensor operator()(Tensor input, Where where = Where::current()) const;

private:
  /// `count` is that of the values of a channel over all ranks.
  void updateStatistics(const BatchMoments &moments, Tensor count,
                        Where where) const;

  Options options;
  Variable weight, bias, runningMean, runningVariance, batches;
};

/// Layer normalisation over the last dimension.
class LayerNorm {
public:
  struct Options {
    int64_t channels;
    double epsilon = 1e-6;
  };
  LayerNorm(Scope scope, Options options, Where where = Where::current());
  Tensor operator()(Tensor input, Where where = Where::current()) const;

private:
  Options options;
  Variable weight, bias;
};

/// Linear layer over the last dimension; `weight` is [out, in].
class Linear {
public:
  struct Options {
    int64_t in;
    int64_t out;
    bool bias = true;
  };
  Linear(Scope scope, Options options, Where where = Where::current());
  Tensor operator()(Tensor input, Where where = Where::current()) const;

private:
  Variable weight;
  std::optional<Variable> bias;
};

/// Linear layer without bias whose weight is weight_g * weight_v / |weight_v|
/// by rows (torch.nn.utils.weight_norm), the gain starting at 1.
class WeightNormLinear {
public:
  struct Options {
    int64_t in;
    int64_t out;
    /// Keeps the gain at 1.
    bool frozenGain = false;
  };
  WeightNormLinear(Scope scope, Options options,
                   Where where = Where::current());
  Tensor operator()(Tensor input, Where where = Where::current()) const;

private:
  Variable gain, direction;
};

/// One factor per channel; the variable is the scope itself.
class LayerScale {
public:
  struct Options {
    int64_t channels;
    double init = 1e-6;
  };
  LayerScale(Scope scope, Options options, Where where = Where::current());
  Tensor operator()(Tensor input, Where where = Where::current()) const;

private:
  Variable gamma;
};

/// Stochastic depth in training, otherwise the identity.
struct DropPath {
  double rate;

  Tensor operator()(Tensor input, Where where = Where::current()) const {
    return input.program().mode == Mode::Training ? dropPath(input, rate, where)
                                                  : input;
  }
};

} // namespace bcssl::frontend

#endif // BCSSL_FRONTEND_LAYERS_H
