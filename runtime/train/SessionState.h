//===- SessionState.h - a session's variables for checkpoints ---*- C++ -*-===//

#ifndef BCSSL_RUNTIME_TRAIN_SESSIONSTATE_H
#define BCSSL_RUNTIME_TRAIN_SESSIONSTATE_H

#include "runtime/executable/Session.h"
#include "runtime/train/StateAccess.h"

namespace bcssl {

/// All variables of a session, which outlives this.
class SessionState final : public StateAccess {
public:
  explicit SessionState(Session &session) : session(session) {}
  std::span<const artifact::Variable> variables() const override {
    return session.executable().variables();
  }
  Status read(size_t variable, std::span<std::byte> out) override {
    return session.readVariable(variable, out);
  }
  Status write(size_t variable, std::span<const std::byte> bytes) override {
    return session.writeVariable(variable, bytes);
  }

private:
  Session &session;
};

} // namespace bcssl

#endif // BCSSL_RUNTIME_TRAIN_SESSIONSTATE_H
