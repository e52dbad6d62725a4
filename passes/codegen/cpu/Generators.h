//===- Generators.h - one code generator per kernel family ------*- C++ -*-===//
//
// Each generator emits the body of one kernel function: the code of one tile,
// on rank-1 memrefs, with scf, vector and arith operations.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_PASSES_CODEGEN_CPU_GENERATORS_H
#define BCSSL_PASSES_CODEGEN_CPU_GENERATORS_H

#include "passes/codegen/KernelRegion.h"
#include "passes/codegen/Tiles.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace bcssl {

/// What a generator works on.
struct KernelContext {
  mlir::ImplicitLocOpBuilder &builder; ///< inside the kernel's function
  KernelOp kernel;
  mlir::ValueRange buffers; ///< one rank-1 memref per operand and result
  mlir::Value tile;         ///< index of the tile
  RegisterFile registers;   ///< of the CPU that the code is for
};

void emitRowwise(KernelContext context);
void emitColumnwise(KernelContext context);
void emitContraction(KernelContext context);
void emitWeightGrad(KernelContext context);
void emitDepthwise(KernelContext context);
void emitDepthwiseFilterGrad(KernelContext context);
void emitMovement(KernelContext context);

/// Size of the grid.
int64_t rowwiseTiles(KernelOp kernel);
int64_t columnwiseTiles(KernelOp kernel);
int64_t contractionTiles(KernelOp kernel);
int64_t weightGradTiles(KernelOp kernel);
int64_t depthwiseTiles(KernelOp kernel);
int64_t depthwiseFilterGradTiles(KernelOp kernel);
int64_t movementTiles(KernelOp kernel);

/// Reports a region that no generator of the CPU can emit.
mlir::LogicalResult checkCpuRegion(KernelOp kernel);

/// Reports also element types that the CPU's generators lack, and tiles that
/// are missing or break their family's rules.
mlir::LogicalResult checkEmittable(KernelOp kernel);

/// The number of tiles of any kernel.
int64_t tilesOf(KernelOp kernel);

} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_CPU_GENERATORS_H
