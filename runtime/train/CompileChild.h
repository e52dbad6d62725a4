//===- CompileChild.h - from a model's name to a program --------*- C++ -*-===//
//
// Training needs the compiler only to make the program file once, so it is
// started as a child: bcssl-train itself links neither LLVM nor MLIR.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_TRAIN_COMPILECHILD_H
#define BCSSL_RUNTIME_TRAIN_COMPILECHILD_H

#include "runtime/base/Status.h"

#include <string>
#include <vector>

namespace bcssl {

/// The path of bcssl-compile: beside the running tool, else in PATH.
/// Errors: "compiler-missing" (NoInput).
Result<std::string> findCompiler();

/// Runs a command and waits for it. A stop request ends the child too.
/// Errors: "compiler-start" (NoResource), "compiler-failed" with the child's
/// exit code, "stopped" (Stopped).
Status runChild(const std::vector<std::string> &command);

} // namespace bcssl

#endif // BCSSL_RUNTIME_TRAIN_COMPILECHILD_H
