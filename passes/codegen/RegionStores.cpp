//===- RegionStores.cpp - results of a kernel's body ----------------------===//

#include "passes/codegen/RegionEmitter.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
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

void RegionEmitter::storeRows(Value row) {
  auto yield = cast<YieldOp>(kernel.getBody().front().getTerminator());
  for (auto [number, value] : llvm::enumerate(yield.getValues()))
    if (isRow(value) && !isFull(value) &&
        !value.getDefiningOp<ReducePartialOp>()) {
      Value scalar = scalarAt(value, row);
      Value memref = resultBuffer(number);
      Type element = cast<MemRefType>(memref.getType()).getElementType();
      if (element.isInteger(8))
        scalar = arith::ExtUIOp::create(builder, element, scalar);
      if (element.isBF16())
        scalar = arith::TruncFOp::create(builder, element, scalar);
      memref::StoreOp::create(builder, scalar, memref, row);
    }
}

} // namespace bcssl
