//===- StateAccess.h - the variables of a running program -------*- C++ -*-===//
//
// What a checkpoint saves and loads: a list of named tensors wherever they
// live: in a session (SessionState.h) or, in tests, in plain memory.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_TRAIN_STATEACCESS_H
#define BCSSL_RUNTIME_TRAIN_STATEACCESS_H

#include "runtime/base/Status.h"
#include "runtime/executable/Contents.h"

namespace bcssl {

/// Gives access to all variables. Both copies take exactly the variable's
/// bytes in memory order and are done when they return.
class StateAccess {
public:
  virtual ~StateAccess() = default;
  virtual std::span<const artifact::Variable> variables() const = 0;
  virtual Status read(size_t variable, std::span<std::byte> out) = 0;
  virtual Status write(size_t variable, std::span<const std::byte> bytes) = 0;
};

} // namespace bcssl

#endif // BCSSL_RUNTIME_TRAIN_STATEACCESS_H
