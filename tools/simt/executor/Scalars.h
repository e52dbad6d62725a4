//===- Scalars.h - instructions of one thread -------------------*- C++ -*-===//

#ifndef BCSSL_TOOLS_SIMT_EXECUTOR_SCALARS_H
#define BCSSL_TOOLS_SIMT_EXECUTOR_SCALARS_H

#include "llvm/IR/IRBuilder.h"

namespace bcssl::simt {

/// Replaces a call of an NVVM intrinsic that concerns one thread alone
/// (ex2.approx, fma.rn, fmin.nan, ...) by LLVM IR of any target. Approximations
/// become exact functions, and numbers too small for a normal float are kept
/// where the GPU makes them zero (".ftz").
/// Null where the intrinsic is none of these.
llvm::Value *expandScalar(llvm::IRBuilderBase &builder, llvm::CallInst &call);

/// Whether expandScalar knows the intrinsic.
bool isScalar(llvm::StringRef intrinsic);

/// Rounds f32 (a scalar or a vector) to bf16, to nearest even.
llvm::Value *roundToBf16(llvm::IRBuilderBase &builder, llvm::Value *value);

} // namespace bcssl::simt

#endif // BCSSL_TOOLS_SIMT_EXECUTOR_SCALARS_H
