//===- Marble.h - a backbone of a user's own --------------------*- C++ -*-===//

#ifndef MARBLE_H
#define MARBLE_H

#include "models/Trunk.h"

/// A stem of patches, one large kernel, and a mean over the map.
struct Marble {
  bcssl::frontend::Scope scope;
  bcssl::models::TrunkOptions options;

  int64_t dim = options.dims.front();
  bcssl::frontend::PatchifyConv2d stem{
      scope / "stem",
      {.in = options.inChannels, .out = dim, .patch = options.patch}};
  bcssl::frontend::DepthwiseConv2d mix{
      scope / "mix",
      {.channels = dim, .kernel = options.kernel, .bias = false}};
  bcssl::frontend::BatchNorm bn{scope / "bn", {.channels = dim}};
  bcssl::frontend::Linear project{scope / "project", {.in = dim, .out = dim}};

  bcssl::frontend::Tensor operator()(bcssl::frontend::Tensor images) const {
    bcssl::frontend::Tensor x = stem(images);
    x = x + gelu(bn(mix(x)));
    return project(globalAveragePool(x));
  }
};

#endif // MARBLE_H
