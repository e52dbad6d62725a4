//===- Sequence.h - layers one after another --------------------*- C++ -*-===//

#ifndef BCSSL_FRONTEND_SEQUENCE_H
#define BCSSL_FRONTEND_SEQUENCE_H

#include "frontend/Tensor.h"

#include <type_traits>

namespace bcssl::frontend {

/// Layers of one kind called one after another. Layers that take a place are
/// told the caller's; a model's own blocks name their own lines.
template <class Layer> struct Sequence {
  std::vector<Layer> layers;

  Tensor operator()(Tensor input, Where where = Where::current()) const {
    for (const Layer &layer : layers) {
      if constexpr (std::is_invocable_v<const Layer &, Tensor, Where>)
        input = layer(input, where);
      else
        input = layer(input);
    }
    return input;
  }
};

/// The sequence make(0), ..., make(count - 1).
template <class Make> auto repeat(int64_t count, const Make &make) {
  Sequence<decltype(make(int64_t{0}))> sequence;
  for (int64_t i = 0; i < count; ++i)
    sequence.layers.push_back(make(i));
  return sequence;
}

} // namespace bcssl::frontend

#endif // BCSSL_FRONTEND_SEQUENCE_H
