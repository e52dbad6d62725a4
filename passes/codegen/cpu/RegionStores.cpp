//===- RegionStores.cpp - results of a kernel's body ----------------------===//

#include "passes/codegen/cpu/RegionEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace bcssl {

void RegionEmitter::storeFull(const Site &site) {
  auto yield = cast<YieldOp>(kernel.getBody().front().getTerminator());
  Value at;
  for (auto [number, value] : llvm::enumerate(yield.getValues())) {
    if (!isFull(value) || value.getDefiningOp<ReducePartialOp>())
      continue;
    Value vector = vectorAt(value, site);
    if (!at)
      at = add(mul(site.row, columns), site.column);
    storeVector(vector, resultBuffer(number), at, site.lanes);
  }
}

void RegionEmitter::accumulatePartials(const Site &site, Value tile) {
  for (auto [partial, number] : partials) {
    Value vector = vectorAt(partial.getInput(), site);
    Value memref = resultBuffer(number);
    Value at = add(mul(tile, columns), site.column);
    Value sum = arith::AddFOp::create(
        builder, loadVector(memref, at, site.lanes), vector);
    storeVector(sum, memref, at, site.lanes);
  }
}

void RegionEmitter::clearPartials(Value tile, int64_t columnCount) {
  for (auto [partial, number] : partials) {
    (void)partial;
    for (int64_t column = 0; column < columnCount; column += vectorLanes)
      storeVector(zero(), resultBuffer(number),
                  add(mul(tile, columns), index(column)),
                  std::min(vectorLanes, columnCount - column));
  }
}

void RegionEmitter::clearPartials(Value tile, Value panel) {
  Value first = mul(panel, panelWidth);
  for (int64_t offset = 0; offset < panelWidth; offset += vectorLanes) {
    Value column = add(first, index(offset));
    Value inside = arith::CmpIOp::create(builder, arith::CmpIPredicate::ult,
                                         column, index(columns));
    scf::IfOp::create(builder, inside, [&](OpBuilder &, Location) {
      Value left = arith::SubIOp::create(builder, index(columns), column);
      auto maskType = VectorType::get({vectorLanes}, builder.getI1Type());
      Value mask = vector::CreateMaskOp::create(builder, maskType, left);
      for (auto [partial, number] : partials) {
        (void)partial;
        vector::MaskedStoreOp::create(builder, resultBuffer(number),
                                      add(mul(tile, columns), column), mask,
                                      zero());
      }
      scf::YieldOp::create(builder);
    });
  }
}

void RegionEmitter::storeRows(Value row) {
  auto yield = cast<YieldOp>(kernel.getBody().front().getTerminator());
  for (auto [number, value] : llvm::enumerate(yield.getValues()))
    if (isRow(value) && !isFull(value) &&
        !value.getDefiningOp<ReducePartialOp>()) {
      Value scalar = scalarAt(value, row);
      if (scalar.getType().isInteger(1))
        scalar = arith::ExtUIOp::create(builder, builder.getI8Type(), scalar);
      memref::StoreOp::create(builder, scalar, resultBuffer(number), row);
    }
}

} // namespace bcssl
