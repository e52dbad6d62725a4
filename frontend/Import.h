//===- Import.h - from a recorded graph to MLIR -----------------*- C++ -*-===//
//
// The compiler's side of the frontend; model files never include it.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_FRONTEND_IMPORT_H
#define BCSSL_FRONTEND_IMPORT_H

#include "frontend/Graph.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace bcssl::frontend {

/// Builds `bcssl.variable` symbols and one `func.func` per procedure, whose
/// arguments and results carry `bcssl.variable`, `bcssl.input` or
/// `bcssl.output`. Loads the dialects it needs. Locations are the model's own
/// lines. Returns null after a diagnostic where the verifier rejects the
/// module.
mlir::OwningOpRef<mlir::ModuleOp> importModule(mlir::MLIRContext &context,
                                               const Graph &graph);

} // namespace bcssl::frontend

#endif // BCSSL_FRONTEND_IMPORT_H
