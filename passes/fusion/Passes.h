//===- Passes.h - kernel formation ------------------------------*- C++ -*-===//

#ifndef BCSSL_PASSES_FUSION_PASSES_H
#define BCSSL_PASSES_FUSION_PASSES_H

#include "dialects/bcssl/Bcssl.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace bcssl {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/fusion/Passes.h.inc"
} // namespace bcssl

#endif // BCSSL_PASSES_FUSION_PASSES_H
