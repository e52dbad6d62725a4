//===- StateAccess.h - the variables of a running program -------*- C++ -*-===//
//
// What a checkpoint saves and loads: a list of named tensors wherever they
// live. The trainer gives one over its session, tests one over plain memory.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_TRAIN_STATEACCESS_H
#define BCSSL_RUNTIME_TRAIN_STATEACCESS_H

#include "runtime/train/Safetensors.h"

namespace bcssl {

/// One variable: how it lies in memory, and how PyTorch knows it.
struct StateVariable {
  std::string name;
  TensorType type = TensorType::F32;
  std::vector<int64_t> shape;          ///< in memory, row-major
  std::vector<int64_t> publishedShape; ///< empty: the same as shape
  /// Published dimension i is dimension permutation[i] in memory; -1: of size
  /// 1 and only there. Empty: the identity.
  std::vector<int> permutation;
};

/// Gives access to all variables. Both copies take exactly the variable's
/// bytes in memory order and wait until they are done.
class StateAccess {
public:
  virtual ~StateAccess() = default;
  virtual std::span<const StateVariable> variables() const = 0;
  virtual Status read(size_t variable, std::span<std::byte> out) = 0;
  virtual Status write(size_t variable, std::span<const std::byte> bytes) = 0;
};

} // namespace bcssl

#endif // BCSSL_RUNTIME_TRAIN_STATEACCESS_H
