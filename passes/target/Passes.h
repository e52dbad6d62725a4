//===- Passes.h - from emitted kernels to machine code ----------*- C++ -*-===//

#ifndef BCSSL_PASSES_TARGET_PASSES_H
#define BCSSL_PASSES_TARGET_PASSES_H

#include "mlir/Pass/Pass.h"

namespace bcssl {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/target/Passes.h.inc"

/// Adds the passes that lower a module of kernel functions (scf, vector,
/// memref, math) to the LLVM dialect: the pipeline `--bcssl-lower-cpu`. Buffers
/// become bare pointers.
void buildCpuLowering(mlir::OpPassManager &manager);

/// Registers the passes of MLIR that the lowerings of CPU and GPU kernels add,
/// so that each can be run by its name.
void registerLoweringPasses();

} // namespace bcssl

#endif // BCSSL_PASSES_TARGET_PASSES_H
