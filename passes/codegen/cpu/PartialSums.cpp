//===- PartialSums.cpp - column sums of a tile ----------------------------===//

#include "passes/codegen/cpu/PartialSums.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace bcssl {

Value PartialSums::sumsAt(Value tile, Value column) {
  return region.add(region.mul(tile, region.columnCount()), column);
}

void PartialSums::accumulate(const Site &site, Value tile) {
  for (auto [partial, number] : region.partials()) {
    Value vector = region.vectorAt(partial.getInput(), site);
    Value memref = region.resultBuffer(number);
    Value at = sumsAt(tile, site.column);
    Value sum = arith::AddFOp::create(
        builder, region.loadVector(memref, at, site.lanes), vector);
    region.storeVector(sum, memref, at, site.lanes);
  }
}

void PartialSums::clear(Value tile, int64_t columns) {
  for (auto [partial, number] : region.partials()) {
    (void)partial;
    for (int64_t column = 0; column < columns; column += vectorLanes)
      region.storeVector(region.zero(), region.resultBuffer(number),
                         sumsAt(tile, region.index(column)),
                         std::min(vectorLanes, columns - column));
  }
}

void PartialSums::clearPanel(Value tile, Value panel) {
  Value first = region.mul(panel, panelWidth);
  Value columns = region.index(region.columnCount());
  for (int64_t offset = 0; offset < panelWidth; offset += vectorLanes) {
    Value column = region.add(first, region.index(offset));
    Value inside = arith::CmpIOp::create(builder, arith::CmpIPredicate::ult,
                                         column, columns);
    scf::IfOp::create(builder, inside, [&](OpBuilder &, Location) {
      Value left = arith::SubIOp::create(builder, columns, column);
      auto maskType = VectorType::get({vectorLanes}, builder.getI1Type());
      Value mask = vector::CreateMaskOp::create(builder, maskType, left);
      for (auto [partial, number] : region.partials()) {
        (void)partial;
        vector::MaskedStoreOp::create(builder, region.resultBuffer(number),
                                      sumsAt(tile, column), mask,
                                      region.zero());
      }
      scf::YieldOp::create(builder);
    });
  }
}

} // namespace bcssl
