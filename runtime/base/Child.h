//===- Child.h - starting another tool --------------------------*- C++ -*-===//
//
// Tools that hold no compiler start `bcssl-compile` where they need one.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_BASE_CHILD_H
#define BCSSL_RUNTIME_BASE_CHILD_H

#include "runtime/base/Status.h"

#include <string>
#include <vector>

namespace bcssl {

/// Where a tool of ours is: in the folder that BCSSL_TOOLS names, beside the
/// running program, or the first of that name in PATH. Errors: "tool-missing"
/// (NoInput).
Result<std::string> findTool(const std::string &name);

/// How a child ended.
struct ChildResult {
  int exitCode = 0;   ///< 128 + the signal's number where one killed it
  std::string output; ///< stdout, where it was captured
};

/// Runs a program and waits for it. Its stderr is ours, and so is its stdout
/// unless it is captured (at most 64 MiB; more is an error). The child gets
/// SIGTERM when the descriptor `stop`, if there is one, becomes readable.
/// Errors: "child-start" (NoResource), "child-output" (BadData).
Result<ChildResult> runChild(const std::string &program,
                             const std::vector<std::string> &arguments,
                             bool captureOutput, int stop = -1);

} // namespace bcssl

#endif // BCSSL_RUNTIME_BASE_CHILD_H
