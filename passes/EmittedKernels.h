//===- EmittedKernels.h - kernel functions of a planned module --*- C++ -*-===//

#ifndef BCSSL_PASSES_EMITTEDKERNELS_H
#define BCSSL_PASSES_EMITTEDKERNELS_H

#include "passes/Pipelines.h"
#include "passes/Target.h"

#include "mlir/IR/BuiltinOps.h"

namespace bcssl {

/// A copy of a planned module with the kernel functions of a target: those that
/// stand in it, or, where these are for another one, functions emitted anew
/// from its kernels under the same names. A GPU's chip also chooses its own
/// tiles. Reports a module without kernel functions or with those of the other
/// kind of device.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>>
kernelsFor(mlir::ModuleOp planned, KernelFormation formation,
           const Target &target);

} // namespace bcssl

#endif // BCSSL_PASSES_EMITTEDKERNELS_H
