//===- TileLargeKernels.cpp - tiles of depthwise kernels ------------------===//

#include "passes/codegen/Tiles.h"
#include "passes/codegen/cpu/Generators.h"
#include "passes/schedule/Passes.h"

using namespace mlir;

namespace bcssl {
#define GEN_PASS_DEF_TILELARGEKERNELS
#include "passes/schedule/Passes.h.inc"

namespace {

/// Few outputs leave registers for more filter columns and the other way
/// round; 14 outputs and 15 columns are the most that 32 registers hold beside
/// one input vector and the address arithmetic.
DepthwiseTile chooseTile(ArrayRef<int64_t> map, ArrayRef<int64_t> filter) {
  DepthwiseTile tile;
  tile.reachHeight = std::min(filter[0] / 2, map[1] - 1);
  tile.reachWidth = std::min(filter[1] / 2, map[2] - 1);
  // Equal parts: 16 columns are better cut in 8 and 8 than in 14 and 2.
  int64_t parts = llvm::divideCeil(map[2], int64_t{14});
  tile.width = llvm::divideCeil(map[2], parts);
  int64_t columns = 2 * tile.reachWidth + 1;
  int64_t groups = llvm::divideCeil(columns, int64_t{15});
  tile.taps = llvm::divideCeil(columns, groups);
  tile.height = map[1];
  return tile;
}

/// All filter rows in one tile read each image once; fewer give all threads
/// work when there are few channels.
int64_t filterRowsPerTile(ArrayRef<int64_t> filter) {
  constexpr int64_t wantedTiles = 8;
  int64_t blocks = llvm::divideCeil(filter[2], vectorLanes);
  int64_t bands =
      std::clamp<int64_t>(llvm::divideCeil(wantedTiles, blocks), 1, filter[0]);
  return llvm::divideCeil(filter[0], bands);
}

struct TileLargeKernels : impl::TileLargeKernelsBase<TileLargeKernels> {
  void runOnOperation() override {
    WalkResult result = getOperation().walk([&](KernelOp kernel) {
      if (failed(checkCpuRegion(kernel)))
        return WalkResult::interrupt();
      for (Operation &op : kernel.getBody().front()) {
        if (!isa<DepthwiseConv2dOp, DepthwiseConv2dInputGradOp,
                 DepthwiseConv2dFilterGradOp>(op))
          continue;
        auto shapeOf = [](Value value) {
          return cast<RankedTensorType>(value.getType()).getShape();
        };
        bool isFilterGrad = isa<DepthwiseConv2dFilterGradOp>(op);
        Value filter = isFilterGrad ? op.getResult(0) : op.getOperand(1);
        DepthwiseTile tile =
            chooseTile(shapeOf(op.getOperand(0)), shapeOf(filter));
        if (isFilterGrad)
          tile.height = filterRowsPerTile(shapeOf(filter));
        assert(isLegal(tile));
        kernel.setTileAttr(toAttribute(&getContext(), tile));
      }
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};

} // namespace
} // namespace bcssl
