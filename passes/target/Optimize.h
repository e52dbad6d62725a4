//===- Optimize.h - LLVM's passes on kernels --------------------*- C++ -*-===//

#ifndef BCSSL_PASSES_TARGET_OPTIMIZE_H
#define BCSSL_PASSES_TARGET_OPTIMIZE_H

#include "llvm/IR/Module.h"
#include "llvm/Passes/OptimizationLevel.h"
#include "llvm/Target/TargetMachine.h"

namespace bcssl {

/// Runs LLVM's default pipeline without its vectorisers and unrolling: kernels
/// are vectorised and unrolled by construction.
void optimizeModule(llvm::Module &module, llvm::TargetMachine &machine,
                    llvm::OptimizationLevel level);

} // namespace bcssl

#endif // BCSSL_PASSES_TARGET_OPTIMIZE_H
