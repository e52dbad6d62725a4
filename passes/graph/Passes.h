//===- Passes.h - passes on whole programs ----------------------*- C++ -*-===//

#ifndef BCSSL_PASSES_GRAPH_PASSES_H
#define BCSSL_PASSES_GRAPH_PASSES_H

#include "dialects/bcssl/Bcssl.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace bcssl {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/graph/Passes.h.inc"
} // namespace bcssl

#endif // BCSSL_PASSES_GRAPH_PASSES_H
