//===- Executable.h - a planned module to a .bcx file -----------*- C++ -*-===//

#ifndef BCSSL_PASSES_TARGET_EXECUTABLE_H
#define BCSSL_PASSES_TARGET_EXECUTABLE_H

#include "passes/codegen/gpu/TensorMap.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

#include <string>
#include <utility>
#include <vector>

namespace bcssl {

/// How a kernel starts on a GPU.
struct KernelLaunch {
  uint64_t blocks = 0;
  uint32_t threads = 0;
  uint32_t sharedBytes = 0; ///< dynamic ones of a block
  llvm::SmallVector<GpuTensorMap, 0> tensorMaps = {};
};

/// By the kernel's symbol.
using LaunchTable = llvm::StringMap<KernelLaunch>;

/// Machine code for one kind of device: of all kernels, or on GPUs of some.
struct KernelImage {
  std::string target; ///< "cpu:x86-64-v4", "cuda:sm_90a"
  std::string format; ///< "elf", "cubin", "ptx"
  llvm::SmallVector<char> bytes;
  /// Of every kernel of the module, the same in all images of a target and
  /// format; empty on CPUs.
  LaunchTable launches = {};
};

/// A planned module may come from a file: reports what the passes before have
/// not left.
mlir::LogicalResult checkPlanned(mlir::ModuleOp module);

/// Serialises a module after `bcssl-plan-memory`, which checkPlanned() has
/// accepted, by runtime/schema/Executable.fbs. `properties` says how the file
/// was made. The bytes are a function of the arguments alone.
mlir::FailureOr<std::string> serializeExecutable(
    mlir::ModuleOp module, const std::vector<KernelImage> &images,
    const std::vector<std::pair<std::string, std::string>> &properties);

} // namespace bcssl

#endif // BCSSL_PASSES_TARGET_EXECUTABLE_H
