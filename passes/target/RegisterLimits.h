//===- RegisterLimits.h - registers of a GPU thread -------------*- C++ -*-===//
//
// ptxas chooses for each kernel how many warps shall share a scheduler, gives
// their threads the registers that this leaves, and spills what does not fit,
// however little that is. A limit in the PTX overrides its choice.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_PASSES_TARGET_REGISTERLIMITS_H
#define BCSSL_PASSES_TARGET_REGISTERLIMITS_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <string>

namespace bcssl {

/// A kernel that has fewer registers than it needs.
struct SpillingKernel {
  llvm::StringRef name;
  unsigned registers; ///< that a thread has
};

/// The kernels that spill by the notes of `ptxas -v`, in their order.
llvm::SmallVector<SpillingKernel> spillingKernels(llvm::StringRef notes);

/// Registers that a thread of a kernel starts with by the notes; 0 where they
/// do not say.
unsigned registersOf(llvm::StringRef notes, llvm::StringRef kernel);

/// The least number of registers above `registers` that costs warps, and with
/// which a block of `threads` still starts: as many as fewer warps leave to
/// each. 0 where there is none.
unsigned nextRegisterLimit(unsigned registers, unsigned threads);

/// The same PTX, in which the kernel's threads may have so many registers.
std::string limitRegisters(llvm::StringRef ptx, llvm::StringRef kernel,
                           unsigned registers);

} // namespace bcssl

#endif // BCSSL_PASSES_TARGET_REGISTERLIMITS_H
