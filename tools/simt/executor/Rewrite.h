//===- Rewrite.h - LLVM IR of GPUs for the host -----------------*- C++ -*-===//

#ifndef BCSSL_TOOLS_SIMT_EXECUTOR_REWRITE_H
#define BCSSL_TOOLS_SIMT_EXECUTOR_REWRITE_H

#include "tools/simt/executor/Operations.h"

#include "llvm/IR/Module.h"

namespace bcssl::simt {

/// Whether the function is an entry that a host can launch.
bool isKernel(const llvm::Function &function);

/// Names of instructions that the executor does not know, each with its place.
std::vector<std::string> unknownInstructions(const llvm::Module &module,
                                             bool checks);

/// What a rewritten kernel calls, by the names that its code uses.
using CalledOperations = std::map<std::string, Operation>;

/// Rewrites `function` in its module to `void simt.NAME(ThreadState *)`:
/// registers are read from the state, shared memory from its place there,
/// operations are called with widened operands, and with checks each access
/// calls bcsslSimtAccess first. Returns everything but the machine code; debug
/// locations are used up.
Kernel rewriteKernel(llvm::Function &function, bool checks,
                     CalledOperations &called);

/// The name of the rewritten function.
std::string rewrittenName(llvm::StringRef kernel);

} // namespace bcssl::simt

extern "C" {
/// The address to use in place of `address`: itself, or, where the access must
/// not be done, one of bytes that nobody else has.
void *bcsslSimtAccess(bcssl::simt::ThreadState *thread, void *address,
                      uint32_t site);
}

#endif // BCSSL_TOOLS_SIMT_EXECUTOR_REWRITE_H
