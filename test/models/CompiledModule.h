//===- CompiledModule.h - a model's programs as machine code ----*- C++ -*-===//

#ifndef BCSSL_TEST_MODELS_COMPILEDMODULE_H
#define BCSSL_TEST_MODELS_COMPILEDMODULE_H

#include "frontend/Graph.h"
#include "runtime/executable/Session.h"
#include "test/reference/Tensor.h"

#include "mlir/IR/BuiltinOps.h"

namespace bcssl {

/// The programs of a module, compiled for this machine and run by the runtime
/// as the reference interpreter would run them.
class CompiledModule {
public:
  /// Compiles `module` in place. Throws std::runtime_error where that fails.
  explicit CompiledModule(mlir::ModuleOp module);

  /// Runs `procedure` on one tensor per argument, rounded to its type, and
  /// returns one per result.
  std::vector<reference::Tensor>
  run(const frontend::Procedure &procedure,
      const std::vector<reference::Tensor> &arguments);

private:
  std::unique_ptr<Session> session;
};

} // namespace bcssl

#endif // BCSSL_TEST_MODELS_COMPILEDMODULE_H
