//===- Random.h - Philox in vector operations -------------------*- C++ -*-===//

#ifndef BCSSL_PASSES_CODEGEN_RANDOM_H
#define BCSSL_PASSES_CODEGEN_RANDOM_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace bcssl {

/// Uniform draws in [0, 1) for a vector of element indices (vector<16xi32>);
/// `state` holds seed low, seed high, step low, step high as i32. The same bits
/// as runtime/base/Philox.h (see bcssl.random_uniform).
mlir::Value emitPhiloxUniform(mlir::ImplicitLocOpBuilder &builder,
                              mlir::ValueRange state, mlir::Value elements,
                              int32_t stream);

} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_RANDOM_H
