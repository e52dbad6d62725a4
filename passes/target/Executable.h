//===- Executable.h - a planned module to a .bcx file -----------*- C++ -*-===//

#ifndef BCSSL_PASSES_TARGET_EXECUTABLE_H
#define BCSSL_PASSES_TARGET_EXECUTABLE_H

#include "mlir/IR/BuiltinOps.h"

#include <string>
#include <utility>
#include <vector>

namespace bcssl {

/// Machine code of all kernels for one kind of device.
struct KernelImage {
  std::string target; ///< "cpu:x86-64-v4"
  std::string format; ///< "elf"
  llvm::SmallVector<char> bytes;
};

/// Serialises a module after `bcssl-plan-memory` by
/// runtime/schema/Executable.fbs. `properties` says how the file was made. The
/// bytes are a function of the arguments alone.
mlir::FailureOr<std::string> serializeExecutable(
    mlir::ModuleOp module, const std::vector<KernelImage> &images,
    const std::vector<std::pair<std::string, std::string>> &properties);

} // namespace bcssl

#endif // BCSSL_PASSES_TARGET_EXECUTABLE_H
