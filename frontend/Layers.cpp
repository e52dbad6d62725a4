//===- Layers.cpp - layers with variables ---------------------------------===//

#include "frontend/Layers.h"
#include "frontend/Error.h"

#include <cmath>

using namespace bcssl::frontend;

static std::optional<Variable> optionalBias(bool wanted, const Scope &scope,
                                            int64_t size, Where where) {
  if (!wanted)
    return std::nullopt;
  return Variable(scope / "bias", {.shape = {size}}, where);
}

static std::optional<Tensor> valueIn(const std::optional<Variable> &variable,
                                     Tensor user) {
  if (!variable)
    return std::nullopt;
  return variable->in(user);
}

DepthwiseConv2d::DepthwiseConv2d(Scope scope, Options options, Where where)
    : weight(
          scope / "weight",
          {.shape = {options.kernel, options.kernel, options.channels},
           .initializer = scope.weights(options.kernel * options.kernel),
           .published = {{options.channels, 1, options.kernel, options.kernel},
                         {2, -1, 0, 1}}},
          where),
      bias(optionalBias(options.bias, scope, options.channels, where)) {}

Tensor DepthwiseConv2d::operator()(Tensor input, Where where) const {
  Tensor output = depthwiseConv2d(input, weight.in(input), where);
  return bias ? Located(output, where) + bias->in(input) : output;
}

PatchifyConv2d::PatchifyConv2d(Scope scope, Options options, Where where)
    : weight(scope / "weight",
             {.shape = {options.out, options.patch, options.patch, options.in},
              .initializer =
                  scope.weights(options.patch * options.patch * options.in),
              .published = {{options.out, options.in, options.patch,
                             options.patch},
                            {0, 3, 1, 2}}},
             where),
      bias(scope / "bias",
           {.shape = {options.out}, .initializer = options.biasInitializer},
           where) {}

Tensor PatchifyConv2d::operator()(Tensor input, Where where) const {
  return patchifyConv2d(input, weight.in(input), bias.in(input), where);
}

BatchNorm::BatchNorm(Scope scope, Options options, Where where)
    : options(options),
      weight(scope / "weight",
             {.shape = {options.channels}, .initializer = Initializer::ones()},
             where),
      bias(scope / "bias", {.shape = {options.channels}}, where),
      runningMean(scope / "running_mean",
                  {.shape = {options.channels}, .role = Role::Buffer}, where),
      runningVariance(scope / "running_var",
                      {.shape = {options.channels},
                       .initializer = Initializer::ones(),
                       .role = Role::Buffer},
                      where),
      batches(scope / "num_batches_tracked",
              {.shape = {}, .role = Role::Buffer}, where) {}

Tensor BatchNorm::operator()(Tensor input, Where where) const {
  Tensor scale = weight.in(input);
  Tensor offset = bias.in(input);
  Tensor mean = runningMean.in(input);
  if (input.program().mode == Mode::Evaluation)
    return batchNorm(input, {mean, runningVariance.in(input)}, scale, offset,
                     options.epsilon, where);

  // About the running mean the batch mean is found, about the batch mean the
  // squares: a channel whose mean is far from the running one keeps its digits.
  // Shifts carry no gradient: a second call would send it through the average
  // that the first one updated.
  auto statisticsAbout = [&](const Tensor &shift) -> ChannelStatistics {
    ChannelStatistics local = channelStatistics(input, shift, where);
    return {allReduce(local.count, where), allReduce(local.sum, where),
            allReduce(local.squareSum, where)};
  };
  int64_t rows = input.type().elements() / input.size(-1);
  if (rows < 2)
    fail(where,
         "batch_norm expects more than one value per channel in "
         "training, got ",
         rows);
  Tensor shift = stopGradient(mean, where);
  Tensor center = batchMoments(statisticsAbout(shift), shift, where).mean;
  shift = stopGradient(center, where);
  ChannelStatistics statistics = statisticsAbout(shift);
  BatchMoments moments = batchMoments(statistics, shift, where);
  updateStatistics(moments, statistics.count, where);
  return batchNorm(input, moments, scale, offset, options.epsilon, where);
}

void BatchNorm::updateStatistics(const BatchMoments &moments, Tensor count,
                                 Where where) const {
  Program &program = moments.mean.program();
  Tensor correction = Located(count, where) / (Located(count, where) - 1.0);
  Tensor unbiased = Located(moments.variance, where) * correction;
  Tensor mean = program.read(runningMean);
  Tensor variance = program.read(runningVariance);
  if (program.mode == Mode::Calibration) {
    Tensor momentum = program.input("momentum", {}, ElementType::F32, where);
    Tensor keep = 1.0 - Located(momentum, where);
    program.assign(runningMean, ema(mean, moments.mean, keep, where), where);
    program.assign(runningVariance, ema(variance, unbiased, keep, where),
                   where);
    return;
  }
  program.assign(runningMean,
                 runningAverage(mean, moments.mean, options.momentum, where),
                 where);
  program.assign(runningVariance,
                 runningAverage(variance, unbiased, options.momentum, where),
                 where);
  program.assign(batches, Located(program.read(batches), where) + 1.0, where);
}

LayerNorm::LayerNorm(Scope scope, Options options, Where where)
    : options(options),
      weight(scope / "weight",
             {.shape = {options.channels}, .initializer = Initializer::ones()},
             where),
      bias(scope / "bias", {.shape = {options.channels}}, where) {}

Tensor LayerNorm::operator()(Tensor input, Where where) const {
  return layerNorm(input, weight.in(input), bias.in(input), options.epsilon,
                   where);
}

Linear::Linear(Scope scope, Options options, Where where)
    : weight(scope / "weight",
             {.shape = {options.out, options.in},
              .initializer = scope.weights(options.in)},
             where),
      bias(optionalBias(options.bias, scope, options.out, where)) {}

Tensor Linear::operator()(Tensor input, Where where) const {
  return linear(input, weight.in(input), valueIn(bias, input), where);
}

// The direction keeps PyTorch's own default for linear layers, kaiming_uniform
// with a = sqrt(5): DINO's head makes this layer after its own initialisation.
WeightNormLinear::WeightNormLinear(Scope scope, Options options, Where where)
    : gain(scope / "weight_g",
           {.shape = {options.out, 1},
            .initializer = Initializer::ones(),
            .role =
                options.frozenGain ? Role::FrozenParameter : Role::Parameter},
           where),
      direction(scope / "weight_v",
                {.shape = {options.out, options.in},
                 .initializer = Initializer::uniform(
                     1.0 / std::sqrt(static_cast<double>(options.in)))},
                where) {}

Tensor WeightNormLinear::operator()(Tensor input, Where where) const {
  Tensor weight = weightNorm(direction.in(input), gain.in(input), where);
  return linear(input, weight, std::nullopt, where);
}

LayerScale::LayerScale(Scope scope, Options options, Where where)
    : gamma(scope,
            {.shape = {options.channels},
             .initializer = Initializer::constant(options.init)},
            where) {}

Tensor LayerScale::operator()(Tensor input, Where where) const {
  return layerScale(input, gamma.in(input), where);
}
