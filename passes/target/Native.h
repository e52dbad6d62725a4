//===- Native.h - kernels to machine code of the CPU ------------*- C++ -*-===//

#ifndef BCSSL_PASSES_TARGET_NATIVE_H
#define BCSSL_PASSES_TARGET_NATIVE_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SmallVector.h"

#include <string>

namespace bcssl {

/// The CPU levels that images are made for.
enum class CpuLevel { X86_64_V3, X86_64_V4 };

/// "x86-64-v3", "x86-64-v4": LLVM's name and the target's suffix in the file.
llvm::StringRef nameOf(CpuLevel level);

/// The highest level that this machine runs.
CpuLevel nativeLevel();

/// Lowers the module of kernel functions (scf, vector, memref) to the LLVM
/// dialect, in place.
mlir::LogicalResult lowerKernels(mlir::ModuleOp kernels);

/// Compiles lowered kernels to one ELF shared object without imports, linked by
/// ld.lld. Each kernel exports `void symbol(void *const *arguments, int64_t
/// tile)`.
mlir::FailureOr<llvm::SmallVector<char>> compileNative(mlir::ModuleOp kernels,
                                                       CpuLevel level);

} // namespace bcssl

#endif // BCSSL_PASSES_TARGET_NATIVE_H
