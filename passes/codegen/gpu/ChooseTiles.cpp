//===- ChooseTiles.cpp - the cost model's GPU tiles -----------------------===//
//
// Until a tuning table is measured, a model of a block's cost chooses among all
// tiles of a small grid. None of its constants has been measured on a GPU; they
// only order the candidates.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/gpu/Generators.h"
#include "passes/codegen/gpu/Passes.h"

using namespace mlir;

namespace bcssl {
#define GEN_PASS_DEF_CHOOSEGPUTILES
#include "passes/codegen/gpu/Passes.h.inc"

namespace {

/// Time of all blocks in multiply-adds of one vector: the useful and the idle
/// outputs, and the copies into shared memory.
double costOf(const GpuDepthwiseTile &tile, const GpuDepthwiseShape &shape,
              const GpuLimits &limits) {
  // A copied vector waits for memory; a multiply-add of the window does not.
  constexpr double copyCost = 8;
  // Fewer threads than four warps leave schedulers of a multiprocessor idle.
  constexpr double busyThreads = 128;
  double blocks = llvm::divideCeil(shape.height, tile.height) *
                  llvm::divideCeil(shape.width, tile.width) *
                  llvm::divideCeil(shape.channels, tile.channels);
  // Each tap also loads its weight and one column of the window.
  double outputs = tile.height * tile.width * tile.channels / gpuLanes;
  double taps = tile.filterRows() * tile.filterColumns();
  double compute = outputs * taps * (tile.outputs + 2) / tile.outputs;
  double copies = copyCost *
                  (tile.inputElements(shape.height) + tile.filterElements()) /
                  gpuLanes;
  double cost = blocks * (compute + copies);
  if (tile.threads() < busyThreads)
    cost *= busyThreads / tile.threads();
  // One block alone cannot compute while it copies.
  if (2 * tile.sharedBytes(shape.height, shape.elementBytes) >
      limits.sharedBytes)
    cost *= 1.5;
  return cost;
}

/// The cheapest legal tile; with four channels, one output row and a few
/// columns a filter of 61 x 61 fits every chip.
std::optional<GpuDepthwiseTile> chooseTile(const GpuDepthwiseShape &shape,
                                           const GpuLimits &limits) {
  std::optional<GpuDepthwiseTile> best;
  GpuDepthwiseTile tile;
  tile.reachHeight = shape.reachHeight();
  tile.reachWidth = shape.reachWidth();
  // 7 outputs of a sliding window of 4 channels take about 80 registers.
  constexpr int64_t mostOutputs = 7;
  for (tile.channels = gpuLanes; tile.channels <= 64; tile.channels *= 2)
    for (tile.outputs = 1; tile.outputs <= std::min(mostOutputs, shape.width);
         ++tile.outputs)
      for (int64_t groups = 1;
           groups <= llvm::divideCeil(shape.width, tile.outputs); ++groups) {
        tile.width = groups * tile.outputs;
        for (tile.height = 1; tile.height <= shape.height; ++tile.height) {
          if (!isLegal(tile, shape.height, shape.elementBytes, limits))
            break; // More rows only need more.
          if (!best ||
              costOf(tile, shape, limits) < costOf(*best, shape, limits))
            best = tile;
        }
      }
  return best;
}

struct ChooseGpuTiles : impl::ChooseGpuTilesBase<ChooseGpuTiles> {
  using ChooseGpuTilesBase::ChooseGpuTilesBase;

  void runOnOperation() override {
    GpuLimits limits = gpuLimitsOf(chip);
    getOperation().walk([&](KernelOp kernel) {
      if (kernel.getTileAttr() || !missingGpuGenerator(kernel).empty())
        return;
      GpuDepthwiseShape shape(gpuAnchorOf(kernel));
      if (auto tile = chooseTile(shape, limits))
        kernel.setTileAttr(toAttribute(&getContext(), *tile));
      else
        kernel.emitRemark()
            << "no tile of the kernel fits the shared memory of " << chip;
    });
  }
};

} // namespace
} // namespace bcssl
