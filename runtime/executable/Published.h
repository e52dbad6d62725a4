//===- Published.h - stored and published element order ---------*- C++ -*-===//
//
// Variables are stored in the layout that kernels want; checkpoints and first
// values go by the order of PyTorch's tensor.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_EXECUTABLE_PUBLISHED_H
#define BCSSL_RUNTIME_EXECUTABLE_PUBLISHED_H

#include "runtime/executable/Contents.h"

namespace bcssl {

/// Calls `visit(published, stored)` for every element of a verified variable,
/// in the order of the published tensor (row-major): the element's index there
/// and in memory here.
template <typename Visitor>
void forEachPublished(const artifact::Variable &variable, Visitor visit) {
  uint64_t count = variable.elements();
  if (variable.permutation.empty()) {
    for (uint64_t i = 0; i < count; ++i)
      visit(i, i);
    return;
  }
  // How far one step along a published dimension goes in memory.
  size_t rank = variable.publishedShape.size();
  std::vector<uint64_t> stride(rank, 0);
  for (size_t i = 0; i < rank; ++i) {
    if (variable.permutation[i] < 0)
      continue;
    stride[i] = 1;
    for (size_t j = variable.permutation[i] + 1; j < variable.shape.size(); ++j)
      stride[i] *= static_cast<uint64_t>(variable.shape[j]);
  }
  std::vector<int64_t> at(rank, 0);
  uint64_t stored = 0;
  for (uint64_t i = 0; i < count; ++i) {
    visit(i, stored);
    for (size_t d = rank; d-- > 0;) {
      stored += stride[d];
      if (++at[d] < variable.publishedShape[d])
        break;
      stored -= stride[d] * static_cast<uint64_t>(at[d]);
      at[d] = 0;
    }
  }
}

/// Copies a variable's bytes from the stored to the published order and back.
/// Both spans have variable.bytes() bytes.
void toPublished(const artifact::Variable &variable,
                 std::span<const std::byte> stored,
                 std::span<std::byte> published);
void fromPublished(const artifact::Variable &variable,
                   std::span<const std::byte> published,
                   std::span<std::byte> stored);

} // namespace bcssl

#endif // BCSSL_RUNTIME_EXECUTABLE_PUBLISHED_H
