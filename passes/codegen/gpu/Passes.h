//===- Passes.h - code generation for NVIDIA GPUs ---------------*- C++ -*-===//

#ifndef BCSSL_PASSES_CODEGEN_GPU_PASSES_H
#define BCSSL_PASSES_CODEGEN_GPU_PASSES_H

#include "mlir/Pass/Pass.h"

namespace bcssl {
/// What `bcssl-emit-gpu-kernels` does with a kernel that has no generator.
enum class MissingGenerator { Error, Remark };

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/codegen/gpu/Passes.h.inc"
} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_GPU_PASSES_H
