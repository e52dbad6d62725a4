//===- Passes.h - code generation for the CPU -------------------*- C++ -*-===//

#ifndef BCSSL_PASSES_CODEGEN_CPU_PASSES_H
#define BCSSL_PASSES_CODEGEN_CPU_PASSES_H

#include "mlir/Pass/Pass.h"

namespace bcssl {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/codegen/cpu/Passes.h.inc"
} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_CPU_PASSES_H
