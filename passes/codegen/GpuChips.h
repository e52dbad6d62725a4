//===- GpuChips.h - what is known of CUDA chips -----------------*- C++ -*-===//

#ifndef BCSSL_PASSES_CODEGEN_GPUCHIPS_H
#define BCSSL_PASSES_CODEGEN_GPUCHIPS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <string>

namespace bcssl {

/// What a block of a chip may use, and how many run beside each other.
struct GpuLimits {
  int64_t sharedBytes = 48 << 10; ///< dynamic shared memory
  int64_t threads = 1024;
  /// Those of an H100 or H200 for every chip: one plan of split sums and merged
  /// kernels is for all chips of an artifact.
  int64_t multiprocessors = 132;
  bool warpgroups = false; ///< whether warp groups multiply by wgmma
  bool specialized = true; ///< whether one of them may copy for the others
};

/// A chip that kernels are compiled for.
struct GpuChip {
  llvm::StringLiteral name; ///< "sm_90a"
  /// The oldest version of PTX that knows the chip and what its kernels use,
  /// 80 for 8.0: old drivers can compile it, too.
  unsigned ptxVersion;
  GpuLimits limits;
};

/// All chips, oldest first.
llvm::ArrayRef<GpuChip> gpuChips();

/// Null for an unknown name.
const GpuChip *findGpuChip(llvm::StringRef name);

/// "sm_80, sm_86, ...".
std::string gpuChipNames();

/// The limits of the chip; those that every chip has for unknown names.
GpuLimits gpuLimitsOf(llvm::StringRef name);

} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_GPUCHIPS_H
