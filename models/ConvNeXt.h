//===- ConvNeXt.h - ConvNeXt ------------------------------------*- C++ -*-===//

#ifndef BCSSL_MODELS_CONVNEXT_H
#define BCSSL_MODELS_CONVNEXT_H

#include "models/Trunk.h"

namespace bcssl::models {

/// One residual block of ConvNeXt (arXiv 2201.03545, figure 4): a depthwise
/// convolution with bias and no batch normalisation.
struct ConvNeXtBlock {
  Scope scope;
  BlockOptions options;

  int64_t dim = options.dim;
  DepthwiseConv2d dwconv{scope / "dwconv",
                         {.channels = dim, .kernel = options.kernel}};
  LayerNorm norm{scope / "norm", {.channels = dim}};
  Linear expand{scope / "pwconv1", {.in = dim, .out = 4 * dim}};
  Linear shrink{scope / "pwconv2", {.in = 4 * dim, .out = dim}};
  LayerScale gamma{scope / "gamma",
                   {.channels = dim, .init = options.layerScale}};
  DropPath drop{options.dropRate};

  Tensor operator()(Tensor x) const {
    Tensor y = norm(dwconv(x));
    y = shrink(gelu(expand(y)));
    return x + drop(gamma(y));
  }
};

using ConvNeXt = Trunk<ConvNeXtBlock>;

/// Kernel size of the published networks, for all stages.
inline constexpr int64_t kConvNeXtKernel = 7;

} // namespace bcssl::models

#endif // BCSSL_MODELS_CONVNEXT_H
