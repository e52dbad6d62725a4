//===- ChooseTiles.cpp - the cost model's tile configurations -------------===//

#include "passes/codegen/Tiles.h"
#include "passes/codegen/cpu/Generators.h"
#include "passes/schedule/Passes.h"

using namespace mlir;

namespace bcssl {
#define GEN_PASS_DEF_CHOOSETILES
#include "passes/schedule/Passes.h.inc"

namespace {

int64_t product(ArrayRef<int64_t> sizes) {
  int64_t result = 1;
  for (int64_t size : sizes)
    result *= size;
  return result;
}

/// Tiles of about this many elements: long enough to hide a claim (about a
/// hundred cycles), short enough to share among threads.
constexpr int64_t tileElements = 1 << 14;

RowwiseTile chooseRowwise(KernelOp kernel) {
  RowwiseTile tile;
  for (Operation &op : kernel.getBody().front())
    if (auto partial = dyn_cast<ReducePartialOp>(op)) {
      tile.rows = partial.getRows();
      return tile;
    }
  SmallVector<int64_t> space = iterationSpace(kernel);
  int64_t total = product(space);
  if (isFlat(kernel)) {
    tile.flat = true;
    tile.rows =
        std::min(tileElements, static_cast<int64_t>(llvm::alignTo(total, 16)));
    return tile;
  }
  int64_t columns = space.empty() ? 1 : space.back();
  tile.rows = std::clamp<int64_t>(tileElements / columns, 1,
                                  std::max<int64_t>(1, total / columns));
  return tile;
}

ContractionTile chooseContraction(KernelOp kernel) {
  ContractionTile tile;
  for (Operation &op : kernel.getBody().front())
    if (auto partial = dyn_cast<ReducePartialOp>(op))
      tile.rows = partial.getRows();
  // Few rows: more tiles along the columns, so that all threads have work.
  SmallVector<int64_t> space = iterationSpace(kernel);
  int64_t rowTiles = llvm::divideCeil(product(space) / space.back(), tile.rows);
  int64_t panels = llvm::divideCeil(space.back(), panelWidth);
  constexpr int64_t wantedTiles = 64;
  tile.panels = std::clamp<int64_t>(panels * rowTiles / wantedTiles, 1, panels);
  return tile;
}

/// The register tile that wastes least of `rows`: 13 for powers of two.
int64_t chooseRegisterRows(int64_t rows) {
  constexpr int64_t most = 14, least = 10;
  int64_t best = std::min(rows, most), bestWork = llvm::alignTo(rows, best);
  for (int64_t candidate = most; candidate >= least; --candidate)
    if (int64_t work = llvm::alignTo(rows, candidate);
        rows >= candidate && work < bestWork) {
      best = candidate;
      bestWork = work;
    }
  return best;
}

/// Columns of a tile: those that waste least of the last one, wide ones first.
int64_t chooseColumns(int64_t columns) {
  int64_t best = 96;
  for (int64_t candidate : {128, 64, 32})
    if (llvm::alignTo(columns, candidate) < llvm::alignTo(columns, best))
      best = candidate;
  return best;
}

/// Tiles of about 100 x 100 copy little and leave the first-level cache room:
/// 1568 x (1536, 384) takes 14.4 ms with 96 x 96 and 17.2 ms with 52 x 64 on
/// one Sapphire Rapids core; 25088 x (384, 96) takes 15 and 28 ms.
WeightGradTile chooseWeightGrad(KernelOp kernel) {
  WeightGradTile tile;
  SmallVector<int64_t> space = iterationSpace(kernel);
  tile.registerRows = chooseRegisterRows(space[0]);
  tile.columns = chooseColumns(space[1]);
  int64_t blocks = llvm::divideCeil(space[0], tile.registerRows);
  // Fewer rows when there is too little work for all threads. Equal parts.
  constexpr int64_t wantedTiles = 4, largest = 8;
  int64_t columnTiles = llvm::divideCeil(space[1], tile.columns);
  int64_t rowTiles = std::max<int64_t>(
      llvm::divideCeil(blocks, largest),
      std::min<int64_t>(blocks, llvm::divideCeil(wantedTiles, columnTiles)));
  tile.rows = llvm::divideCeil(blocks, rowTiles) * tile.registerRows;
  return tile;
}

struct ChooseTiles : impl::ChooseTilesBase<ChooseTiles> {
  void runOnOperation() override {
    WalkResult result = getOperation().walk([&](KernelOp kernel) {
      if (failed(checkCpuRegion(kernel)))
        return WalkResult::interrupt();
      if (kernel.getTileAttr())
        return WalkResult::advance();
      MLIRContext *context = &getContext();
      if (kernel.getFamily() == KernelFamily::Rowwise)
        kernel.setTileAttr(toAttribute(context, chooseRowwise(kernel)));
      else if (kernel.getFamily() == KernelFamily::Contraction)
        kernel.setTileAttr(
            isa<ContractOp>(anchorOf(kernel))
                ? toAttribute(context, chooseWeightGrad(kernel))
                : toAttribute(context, chooseContraction(kernel)));
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};

} // namespace
} // namespace bcssl
