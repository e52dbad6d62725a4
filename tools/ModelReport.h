//===- ModelReport.h - a model of the zoo in the compiler -------*- C++ -*-===//

#ifndef BCSSL_TOOLS_MODELREPORT_H
#define BCSSL_TOOLS_MODELREPORT_H

#include "models/Options.h"
#include "passes/Driver.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <string>

namespace bcssl {

/// The programs of a model, with its options and the precision that they are
/// compiled in as `bcssl.properties`. Null after a diagnostic where the
/// verifier rejects them.
mlir::OwningOpRef<mlir::ModuleOp> moduleOf(mlir::MLIRContext &context,
                                           const models::Options &options,
                                           Precision precision);

/// One JSON object: parameters, multiply-adds, and the memory that the
/// plan for the targets gives to the state and to each program (bytes). Plans
/// the programs, but makes no machine code.
mlir::FailureOr<std::string> reportModel(mlir::MLIRContext &context,
                                         const models::Options &options,
                                         CompileOptions compile);

} // namespace bcssl

#endif // BCSSL_TOOLS_MODELREPORT_H
