//===- Published.h - tensors as PyTorch stores them -------------*- C++ -*-===//
//
// Programs keep tensors in the layout that their kernels like (a depthwise
// filter as [k, k, C]); files hold them as PyTorch does ([C, 1, k, k]), so that
// weights can be exchanged.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_TRAIN_PUBLISHED_H
#define BCSSL_RUNTIME_TRAIN_PUBLISHED_H

#include "runtime/train/StateAccess.h"

namespace bcssl {

/// How one variable is published. BatchNorm's `num_batches_tracked` counter is
/// an I64 scalar there and a 32-bit number in memory; everything else keeps its
/// type.
class Published {
public:
  /// Errors: "state-layout" (BadData) where shape, published shape and
  /// permutation contradict each other.
  static Result<Published> of(const StateVariable &variable);

  TensorType type() const { return fileType; }
  std::span<const int64_t> shape() const { return fileShape; }
  uint64_t fileBytes() const { return elements * typeSize(fileType); }
  uint64_t memoryBytes() const { return elements * typeSize(memoryType); }

  /// Copies between the two forms; both spans have their full size.
  void toFile(std::span<const std::byte> memory,
              std::span<std::byte> file) const;
  void toMemory(std::span<const std::byte> file,
                std::span<std::byte> memory) const;

private:
  TensorType memoryType = TensorType::F32;
  TensorType fileType = TensorType::F32;
  std::vector<int64_t> fileShape;
  /// Elements between neighbours in memory, per published dimension.
  std::vector<int64_t> strides;
  uint64_t elements = 0;
  bool contiguous = true;
};

} // namespace bcssl

#endif // BCSSL_RUNTIME_TRAIN_PUBLISHED_H
