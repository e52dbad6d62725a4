//===- DinoHead.h - DINO's projection head ----------------------*- C++ -*-===//

#ifndef BCSSL_MODELS_DINOHEAD_H
#define BCSSL_MODELS_DINOHEAD_H

#include "frontend/Dsl.h"

namespace bcssl::models {

using namespace frontend;

struct DinoHeadOptions {
  int64_t in;
  int64_t hidden = 2048;
  int64_t bottleneck = 256;
  int64_t outDim = 65536;
  /// Keeps the gain of the last layer at 1.
  bool normLastLayer = true;
};

/// Three linear layers to a normalised bottleneck and a weight-normalised last
/// layer (arXiv 2104.14294, appendix C). Names follow the published head,
/// whose `mlp` also counts the activations.
struct DinoHead {
  Scope scope;
  DinoHeadOptions options;

  Linear first{scope / "mlp" / 0, {.in = options.in, .out = options.hidden}};
  Linear second{scope / "mlp" / 2,
                {.in = options.hidden, .out = options.hidden}};
  Linear third{scope / "mlp" / 4,
               {.in = options.hidden, .out = options.bottleneck}};
  WeightNormLinear last{scope / "last_layer",
                        {.in = options.bottleneck,
                         .out = options.outDim,
                         .frozenGain = options.normLastLayer}};

  Tensor operator()(Tensor x) const {
    x = gelu(first(x));
    x = gelu(second(x));
    return last(l2Normalize(third(x)));
  }
};

} // namespace bcssl::models

#endif // BCSSL_MODELS_DINOHEAD_H
