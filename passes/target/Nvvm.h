//===- Nvvm.h - kernels to code of NVIDIA GPUs ------------------*- C++ -*-===//

#ifndef BCSSL_PASSES_TARGET_NVVM_H
#define BCSSL_PASSES_TARGET_NVVM_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/PassManager.h"

#include <string>

namespace bcssl {

/// Registers the dialects and interfaces that the functions below need.
void registerNvvmTarget(mlir::DialectRegistry &registry);

/// Adds the passes that lower every GPU module (gpu, scf, vector, memref, math)
/// to the LLVM and NVVM dialects. Buffers become bare pointers.
void buildNvvmLowering(mlir::OpPassManager &manager);

/// Compiles a lowered GPU module to PTX for the chip of its target attribute.
/// Reports unknown chips and calls of functions that are not there. May run for
/// several modules of a context at a time.
mlir::FailureOr<std::string> compilePtx(mlir::gpu::GPUModuleOp module);

/// The LLVM bitcode that compilePtx() would make PTX from, with the lines of
/// the model, for an emulator. Not for several threads at a time.
mlir::FailureOr<std::string> compileSimtBitcode(mlir::gpu::GPUModuleOp module);

/// The kernels of PTX that keep values of a thread in memory: registers cannot
/// be indexed.
llvm::SmallVector<llvm::StringRef> kernelsWithLocalMemory(llvm::StringRef ptx);

} // namespace bcssl

#endif // BCSSL_PASSES_TARGET_NVVM_H
