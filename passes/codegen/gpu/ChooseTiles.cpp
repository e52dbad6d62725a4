//===- ChooseTiles.cpp - the cost model's GPU tiles -----------------------===//
//
// Until a tuning table is measured, each family's model of a block's cost
// chooses among all tiles of a small grid.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/gpu/Generators.h"
#include "passes/codegen/gpu/Passes.h"

using namespace mlir;

namespace bcssl {
#define GEN_PASS_DEF_CHOOSEGPUTILES
#include "passes/codegen/gpu/Passes.h.inc"

namespace {

struct ChooseGpuTiles : impl::ChooseGpuTilesBase<ChooseGpuTiles> {
  using ChooseGpuTilesBase::ChooseGpuTilesBase;

  void runOnOperation() override {
    GpuLimits limits = gpuLimitsOf(chip);
    limits.specialized = specialize;
    WalkResult result = getOperation().walk([&](KernelOp kernel) {
      if (failed(checkRegion(kernel)))
        return WalkResult::interrupt();
      if (kernel.getTileAttr() || !missingGpuGenerator(kernel).empty())
        return WalkResult::advance();
      if (DictionaryAttr tile = gpuGeneratorOf(kernel).choose(kernel, limits))
        kernel.setTileAttr(tile);
      else
        kernel.emitRemark()
            << "no tile of the kernel fits the shared memory of " << chip;
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};

} // namespace
} // namespace bcssl
