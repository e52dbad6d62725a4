//===- Columnwise.cpp - reductions over rows ------------------------------===//
//
// [outer, rows, columns] -> [outer, columns]: one tile is one outer index and a
// run of columns; the rows are added in order, so the sum does not depend on
// the number of threads.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/RegionEmitter.h"
#include "passes/codegen/cpu/Generators.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace bcssl {

static int64_t wholeVectors(int64_t columns) { return columns / vectorLanes; }

void emitColumnwise(KernelContext context) {
  ImplicitLocOpBuilder &builder = context.builder;
  RegionEmitter region(builder, context.kernel, context.buffers,
                       iterationSpace(context.kernel));
  int64_t columns = region.columnCount();
  int64_t perRow = llvm::divideCeil(columns, vectorLanes);
  Value row =
      arith::DivUIOp::create(builder, context.tile, region.index(perRow));
  Value part =
      arith::RemUIOp::create(builder, context.tile, region.index(perRow));
  Value column = region.mul(part, vectorLanes);
  auto emitAt = [&](int64_t lanes) {
    region.enter();
    region.storeFull(Site{row, column, lanes});
  };
  int64_t tail = columns % vectorLanes;
  if (tail == 0)
    return emitAt(vectorLanes);
  if (wholeVectors(columns) == 0)
    return emitAt(tail);
  Value isTail = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, part,
                                       region.index(wholeVectors(columns)));
  scf::IfOp::create(
      builder, isTail,
      [&](OpBuilder &, Location) {
        emitAt(tail);
        scf::YieldOp::create(builder);
      },
      [&](OpBuilder &, Location) {
        emitAt(vectorLanes);
        scf::YieldOp::create(builder);
      });
}

int64_t columnwiseTiles(KernelOp kernel) {
  SmallVector<int64_t> space = iterationSpace(kernel);
  int64_t columns = space.empty() ? 1 : space.pop_back_val();
  int64_t rows = 1;
  for (int64_t size : space)
    rows *= size;
  return rows * llvm::divideCeil(columns, vectorLanes);
}

} // namespace bcssl
