//===- Passes.h - from emitted kernels to machine code ----------*- C++ -*-===//

#ifndef BCSSL_PASSES_TARGET_PASSES_H
#define BCSSL_PASSES_TARGET_PASSES_H

#include "mlir/Pass/Pass.h"

namespace bcssl {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/target/Passes.h.inc"

/// The patterns of `bcssl-expand-math`.
void populateExpandMathPatterns(mlir::RewritePatternSet &patterns);

} // namespace bcssl

#endif // BCSSL_PASSES_TARGET_PASSES_H
