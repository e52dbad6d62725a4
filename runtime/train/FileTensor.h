//===- FileTensor.h - a variable's form in a checkpoint ---------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_TRAIN_FILETENSOR_H
#define BCSSL_RUNTIME_TRAIN_FILETENSOR_H

#include "runtime/executable/Contents.h"
#include "runtime/train/Safetensors.h"

namespace bcssl {

/// How one variable stands in a file: in PyTorch's shape and order. BatchNorm's
/// `num_batches_tracked` counter is an I64 scalar there and a 32-bit number in
/// memory; everything else keeps its type.
class FileTensor {
public:
  /// `variable` comes from a verified executable and must outlive this.
  explicit FileTensor(const artifact::Variable &variable);

  TensorType type() const { return kind; }
  std::span<const int64_t> shape() const { return dimensions; }
  uint64_t bytes() const { return variable->elements() * typeSize(kind); }
  uint64_t memoryBytes() const { return variable->bytes(); }

  /// Copies between the two forms; both spans have their full size.
  void toFile(std::span<const std::byte> memory,
              std::span<std::byte> file) const;
  void toMemory(std::span<const std::byte> file,
                std::span<std::byte> memory) const;

private:
  const artifact::Variable *variable;
  TensorType kind = TensorType::F32;
  std::span<const int64_t> dimensions;
  bool counter = false;
};

} // namespace bcssl

#endif // BCSSL_RUNTIME_TRAIN_FILETENSOR_H
