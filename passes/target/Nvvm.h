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
/// Reports unknown chips, calls of functions that are not there, and kernels
/// that need local memory.
mlir::FailureOr<std::string> compilePtx(mlir::gpu::GPUModuleOp module);

/// The path of NVIDIA's assembler: `given`, else the variable BCSSL_PTXAS, else
/// the bin folders of CUDA_HOME, CUDA_PATH, CUDA_ROOT and /usr/local/cuda, else
/// PATH. Empty if it is nowhere; `given` is returned as it is.
std::string findPtxas(llvm::StringRef given);

struct Cubin {
  std::string bytes;
  std::string notes; ///< what `ptxas -v` said: registers, spills, shared memory
};

/// Assembles PTX for a chip. Errors carry what ptxas said.
mlir::FailureOr<Cubin>
assemblePtx(llvm::StringRef ptx, llvm::StringRef chip, llvm::StringRef ptxas,
            llvm::function_ref<mlir::InFlightDiagnostic()> error);

} // namespace bcssl

#endif // BCSSL_PASSES_TARGET_NVVM_H
