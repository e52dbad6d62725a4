//===- Bcssl.h - BC-SSL -----------------------------------------*- C++ -*-===//

#ifndef BCSSL_MODELS_BCSSL_H
#define BCSSL_MODELS_BCSSL_H

#include "models/Trunk.h"

namespace bcssl::models {

/// One residual block: depthwise mixing of space by a large kernel, then an
/// inverted bottleneck over channels (arXiv 2312.05695, section 3).
struct BcsslBlock {
  Scope scope;
  BlockOptions options;

  int64_t dim = options.dim;
  DepthwiseConv2d dwconv{
      scope / "dwconv",
      {.channels = dim, .kernel = options.kernel, .bias = false}};
  BatchNorm bn{scope / "bn", {.channels = dim}};
  LayerNorm norm{scope / "norm", {.channels = dim}};
  Linear expand{scope / "pwconv1", {.in = dim, .out = 4 * dim}};
  Linear shrink{scope / "pwconv2", {.in = 4 * dim, .out = dim}};
  LayerScale gamma{scope / "gamma",
                   {.channels = dim, .init = options.layerScale}};
  DropPath drop{options.dropRate};

  Tensor operator()(Tensor x) const {
    Tensor y = norm(activate(bn(dwconv(x))));
    y = shrink(gelu(expand(y)));
    return x + drop(gamma(y));
  }

  Tensor activate(Tensor x) const {
    switch (options.bnActivation) {
    case BnActivation::None:
      return x;
    case BnActivation::Relu:
      return relu(x);
    case BnActivation::Gelu:
      return gelu(x);
    }
    return x;
  }
};

using Bcssl = Trunk<BcsslBlock>;

/// Kernel size of the published networks, for all stages.
inline constexpr int64_t kBcsslKernel = 9;

} // namespace bcssl::models

#endif // BCSSL_MODELS_BCSSL_H
