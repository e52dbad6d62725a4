//===- TensorMap.h - a tensor as GPUs copy boxes of it ----------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_DEVICE_TENSORMAP_H
#define BCSSL_RUNTIME_DEVICE_TENSORMAP_H

#include <array>
#include <cstdint>

namespace bcssl {

/// A view of one argument of a kernel for the copy engine of GPUs (TMA), from
/// the argument's address on. Dimension 0 is the innermost: its elements are
/// neighbours. What a copy asks for outside the sizes becomes zero.
struct TensorMap {
  uint32_t argument = 0;
  uint32_t rank = 0; ///< 1 to 5; what stands in arrays behind it is 0
  uint32_t elementBytes = 0;
  uint32_t swizzleBytes = 0;         ///< 0 for none, 32, 64, 128
  std::array<uint32_t, 5> box{};     ///< elements of one copy
  std::array<uint64_t, 5> sizes{};   ///< elements
  std::array<uint64_t, 4> strides{}; ///< bytes, of dimensions 1, 2, ...

  bool operator==(const TensorMap &) const = default;
};

} // namespace bcssl

#endif // BCSSL_RUNTIME_DEVICE_TENSORMAP_H
