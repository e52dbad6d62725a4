//===- NetworkState.h - the weights that features need ----------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_EVAL_NETWORKSTATE_H
#define BCSSL_RUNTIME_EVAL_NETWORKSTATE_H

#include "runtime/executable/Session.h"
#include "runtime/train/StateAccess.h"

namespace bcssl {

/// The variables of a session's feature network, for loadWeights. A program
/// computes features of the teacher; with `key` "student" the student's
/// weights of a file are loaded in its place.
class NetworkState : public StateAccess {
public:
  /// Variables below "teacher.backbone.", or below "model." where there is no
  /// teacher. `key` is "teacher", "student" or empty for the program's own.
  NetworkState(Session &session, const std::string &key);

  std::span<const artifact::Variable> variables() const override {
    return list;
  }
  Status read(size_t variable, std::span<std::byte> out) override;
  Status write(size_t variable, std::span<const std::byte> bytes) override;

private:
  Session &session;
  std::vector<artifact::Variable> list;
  std::vector<size_t> numbers; ///< in the session, for each of the list
};

} // namespace bcssl

#endif // BCSSL_RUNTIME_EVAL_NETWORKSTATE_H
