//===- Target.h - what code is made for -------------------------*- C++ -*-===//

#ifndef BCSSL_PASSES_TARGET_H
#define BCSSL_PASSES_TARGET_H

#include "mlir/IR/Diagnostics.h"

#include <string>
#include <vector>

namespace bcssl {

/// One kind of device that kernels are emitted for.
struct Target {
  enum class Kind {
    Cpu,
    Cuda,
    Simt, ///< a chip's kernels as LLVM bitcode, for an emulator
  };
  Kind kind = Kind::Cpu;
  std::string chip = "x86-64-v4"; ///< the CPU's level or the GPU's chip

  bool isGpu() const { return kind != Kind::Cpu; }
  /// As in the artifact: "cpu:x86-64-v4", "cuda:sm_90a", "cuda:simt".
  std::string name() const;
};

/// The targets that `names` ask for, each once: "cpu:native", "cuda:sm_90a",
/// and several after commas. Reports unknown ones, none at all, and CPUs beside
/// GPUs: kernels are formed differently for them. The kernels of "cuda:simt"
/// are those of the first chip, or of sm_90a.
mlir::FailureOr<std::vector<Target>>
parseTargets(llvm::ArrayRef<std::string> names,
             llvm::function_ref<mlir::InFlightDiagnostic()> error);

/// What parseTargets() knows, for messages: "cpu:native, cpu:x86-64-v3, ...".
std::string knownTargets();

} // namespace bcssl

#endif // BCSSL_PASSES_TARGET_H
