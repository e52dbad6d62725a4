//===- Trunk.h - the trunk that BC-SSL and ConvNeXt share -------*- C++ -*-===//
//
// A stem of patches, stages of residual blocks at falling resolution, and the
// pooled, normalised features (arXiv 2201.03545, section 2).
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_MODELS_TRUNK_H
#define BCSSL_MODELS_TRUNK_H

#include "frontend/Dsl.h"

namespace bcssl::models {

using namespace frontend;

/// What stands between batch normalisation and layer normalisation in a block.
enum class BnActivation { None, Relu, Gelu };

struct TrunkOptions {
  int64_t inChannels = 3;
  int64_t patch = 4;
  /// Channels and blocks of each stage.
  std::vector<int64_t> dims;
  std::vector<int64_t> depths;
  int64_t kernel = 9;
  double layerScale = 1e-6;
  /// Drop rates rise evenly from 0 in the first block to this in the last.
  double dropPath = 0.0;
  BnActivation bnActivation = BnActivation::None;
  Initializer stemBias = Initializer::zeros();
};

/// What distinguishes one block from another.
struct BlockOptions {
  int64_t dim;
  int64_t kernel;
  double layerScale;
  double dropRate;
  BnActivation bnActivation;
};

/// Options of block `j` of stage `i`.
BlockOptions blockOptions(const TrunkOptions &options, int64_t i, int64_t j);

/// The options as they are. Throws ModelError where stages lack channels or
/// blocks.
const TrunkOptions &checkStages(const TrunkOptions &options,
                                Where where = Where::current());

/// Halves the resolution.
struct Downsample {
  Scope scope;
  int64_t in;
  int64_t out;

  LayerNorm norm{scope / 0, {.channels = in}};
  PatchifyConv2d reduce{scope / 1, {.in = in, .out = out, .patch = 2}};

  Tensor operator()(Tensor x) const { return reduce(norm(x)); }
};

/// Images [N, H, W, inChannels] to features [N, dims.back()].
template <class Block> struct Trunk {
  Scope scope;
  TrunkOptions options;

  Scope samplers = scope / "downsample_layers";
  PatchifyConv2d stem{samplers / 0 / 0,
                      {.in = options.inChannels,
                       .out = checkStages(options).dims.front(),
                       .patch = options.patch,
                       .biasInitializer = options.stemBias}};
  LayerNorm stemNorm{samplers / 0 / 1, {.channels = options.dims.front()}};
  Sequence<Downsample> downsample =
      repeat(std::ssize(options.dims) - 1, [&](int64_t i) {
        return Downsample{samplers / (i + 1), options.dims[i],
                          options.dims[i + 1]};
      });
  Sequence<Sequence<Block>> stages =
      repeat(std::ssize(options.dims), [&](int64_t i) {
        return repeat(options.depths[i], [&](int64_t j) {
          return Block{scope / "stages" / i / j, blockOptions(options, i, j)};
        });
      });
  LayerNorm norm{scope / "norm", {.channels = options.dims.back()}};

  Tensor operator()(Tensor images) const {
    Tensor x = stages.layers[0](stemNorm(stem(images)));
    for (size_t i = 1; i < stages.layers.size(); ++i)
      x = stages.layers[i](downsample.layers[i - 1](x));
    return norm(globalAveragePool(x));
  }
};

} // namespace bcssl::models

#endif // BCSSL_MODELS_TRUNK_H
