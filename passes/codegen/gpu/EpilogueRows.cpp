//===- EpilogueRows.cpp - a contraction's body, row by row ----------------===//

#include "passes/codegen/gpu/EpilogueRows.h"

#include "passes/codegen/KernelRegion.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

#include <vector>

using namespace mlir;

namespace bcssl {

static int64_t widthOf(KernelOp kernel, int64_t columns, int64_t most) {
  int64_t bits = 32;
  for (Type type : kernel->getResultTypes())
    bits = std::min<int64_t>(
        bits, cast<RankedTensorType>(type).getElementTypeBitWidth());
  int64_t width = std::min<int64_t>(bits < 32 ? 8 : 4, most);
  while (columns % width != 0)
    width /= 2;
  return width;
}

EpilogueRows::EpilogueRows(GpuKernelContext context, ContractOp anchor,
                           int64_t columns, int64_t mostWidth)
    : width(widthOf(context.kernel, columns, mostWidth)), context(context),
      anchor(anchor) {}

RegionEmitter EpilogueRows::region() const {
  return RegionEmitter(context.builder, context.kernel, context.buffers,
                       iterationSpace(context.kernel),
                       VectorForm{.width = width, .aligned = true});
}

/// Rows `row`, `row + step`, ... of a piece, `count` of them together.
SmallVector<Value> EpilogueRows::emitRows(KernelBuilder &kernel,
                                          const Piece &piece, Value row,
                                          int64_t count, ValueRange before,
                                          Sums sums) {
  ImplicitLocOpBuilder &builder = context.builder;
  auto yield = cast<YieldOp>(context.kernel.getBody().front().getTerminator());
  // All loads come before the first store, which might change what they read
  // for all that the compiler knows.
  std::vector<RegionEmitter> regions(count, region());
  SmallVector<Site> sites;
  for (auto [number, region] : llvm::enumerate(regions)) {
    Value inPiece = kernel.add(row, static_cast<int64_t>(number) * piece.step);
    sites.push_back({kernel.add(piece.firstRow, inPiece), piece.column});
    region.bind(anchor.getOutput(), sums(inPiece));
    for (Value value : yield.getValues())
      if (!value.getDefiningOp<ReducePartialOp>())
        region.vectorAt(value, sites.back());
  }
  SmallVector<Value> after(before);
  for (auto [region, site] : llvm::zip_equal(regions, sites)) {
    for (auto [sum, partial] : llvm::zip_equal(after, region.partials())) {
      Value term =
          region.vectorAt(ReducePartialOp(partial.first).getInput(), site);
      sum = arith::AddFOp::create(builder, sum, term);
    }
    region.storeFull(site);
  }
  return after;
}

SmallVector<Value> EpilogueRows::emitLoop(KernelBuilder &kernel,
                                          const Piece &piece, Value end,
                                          int64_t unroll, Sums sums) {
  auto loop = scf::ForOp::create(
      context.builder, piece.row, end, kernel.index(piece.step * unroll),
      zeros(), [&](OpBuilder &, Location, Value row, ValueRange before) {
        scf::YieldOp::create(context.builder, emitRows(kernel, piece, row,
                                                       unroll, before, sums));
      });
  return SmallVector<Value>(loop.getResults());
}

SmallVector<Value> EpilogueRows::zeros() const {
  RegionEmitter none = region();
  return SmallVector<Value>(none.partials().size(), none.zero());
}

SmallVector<Value> EpilogueRows::run(KernelBuilder &kernel, const Piece &piece,
                                     int64_t unroll, Sums sums) {
  ImplicitLocOpBuilder &builder = context.builder;
  while (piece.rows % (piece.step * unroll) != 0)
    unroll /= 2;
  auto choose = [&](Value condition, auto then, auto otherwise) {
    if (!condition)
      return then();
    auto choice = scf::IfOp::create(
        builder, condition,
        [&](OpBuilder &, Location) { scf::YieldOp::create(builder, then()); },
        [&](OpBuilder &, Location) {
          scf::YieldOp::create(builder, otherwise());
        });
    return SmallVector<Value>(choice.getResults());
  };
  Value isWhole;
  if (piece.rowsLeft)
    isWhole = arith::CmpIOp::create(builder, arith::CmpIPredicate::sge,
                                    piece.rowsLeft, kernel.index(piece.rows));
  return choose(
      piece.takesRows,
      [&] {
        return choose(
            isWhole,
            [&] {
              return emitLoop(kernel, piece, kernel.index(piece.rows), unroll,
                              sums);
            },
            [&] { return emitLoop(kernel, piece, piece.rowsLeft, 1, sums); });
      },
      [&] { return zeros(); });
}

} // namespace bcssl
