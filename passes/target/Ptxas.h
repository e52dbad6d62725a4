//===- Ptxas.h - NVIDIA's assembler -----------------------------*- C++ -*-===//

#ifndef BCSSL_PASSES_TARGET_PTXAS_H
#define BCSSL_PASSES_TARGET_PTXAS_H

#include "mlir/IR/Diagnostics.h"

#include <string>

namespace bcssl {

/// The path of NVIDIA's assembler: `given`, else the variable BCSSL_PTXAS, else
/// the bin folders of CUDA_HOME, CUDA_PATH, CUDA_ROOT and /usr/local/cuda, else
/// PATH. `given` and the variable are a path, a program of PATH, or "none".
/// Empty for none, and if it is nowhere.
std::string findPtxas(llvm::StringRef given);

/// Machine code of a chip.
struct Cubin {
  std::string bytes;
  std::string notes; ///< what `ptxas -v` said: registers, spills, shared memory
};

/// Assembles PTX for a chip. Errors carry what ptxas said.
mlir::FailureOr<Cubin>
assemblePtx(llvm::StringRef ptx, llvm::StringRef chip, llvm::StringRef ptxas,
            llvm::function_ref<mlir::InFlightDiagnostic()> error);

/// What the assembler calls itself; other versions make other code.
mlir::FailureOr<std::string>
ptxasVersion(llvm::StringRef ptxas,
             llvm::function_ref<mlir::InFlightDiagnostic()> error);

/// Something that makes a kernel slow.
struct PerformanceNote {
  std::string kernel; ///< empty where the note names none
  std::string text;
};

/// What the notes of `ptxas -v` say of stacks, spills and products of matrices
/// that wait for each other (C75xx).
llvm::SmallVector<PerformanceNote> performanceNotes(llvm::StringRef notes);

} // namespace bcssl

#endif // BCSSL_PASSES_TARGET_PTXAS_H
