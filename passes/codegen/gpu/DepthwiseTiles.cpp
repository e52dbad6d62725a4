//===- DepthwiseTiles.cpp - the cost model's tiles of convolutions --------===//
//
// Until a tuning table is measured, a model of a block's cost chooses among all
// tiles of a small grid. None of its constants has been measured on a GPU; they
// only order the candidates.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/gpu/Depthwise.h"

#include <cmath>
#include <limits>
#include <optional>

using namespace mlir;

namespace bcssl {
namespace {

/// Time of all blocks in multiply-adds of one vector: the useful and the idle
/// outputs, and the ways between the two memories.
double costOf(const GpuDepthwiseTile &tile, const GpuDepthwiseShape &shape,
              const GpuLimits &limits) {
  // Memory moves whole sectors of 32 bytes, each of them slower than
  // arithmetic.
  constexpr double sectorBytes = 32, sectorCost = 16;
  double sectors = std::ceil(tile.channels * shape.elementBytes / sectorBytes);
  double blocks = llvm::divideCeil(shape.height, tile.height) *
                  llvm::divideCeil(shape.width, tile.width) *
                  llvm::divideCeil(shape.channels, tile.channels);
  blocks *= shape.images;
  double taps = tile.filterRows() * tile.filterColumns();
  double sites = tile.inputRows(shape.height) * tile.inputColumns() + taps +
                 tile.height * tile.width;
  // Each tap also loads its weight and one column of the window; warps are
  // full.
  double threads = llvm::alignTo(tile.threads(), 32);
  double compute = threads * taps * (tile.outputs + 2);
  double cost = blocks * (compute + sectorCost * sectors * sites);

  // A multiprocessor hides waiting with 16 warps or more, of several blocks.
  constexpr double busyThreads = 512, registers = 65536, multiprocessors = 128;
  double registersOfThread = 24 + 2 * gpuLanes * tile.outputs;
  double resident = std::min(
      {32.0, std::floor(registers / (registersOfThread * threads)),
       std::floor(2.0 * limits.threads / threads),
       std::floor(static_cast<double>(limits.sharedBytes) /
                  tile.sharedBytes(shape.height, shape.elementBytes))});
  if (resident < 1)
    return std::numeric_limits<double>::infinity();
  cost *= std::max(1.0, busyThreads / (resident * threads));
  if (resident < 2)
    cost *= 1.25; // nothing computes while this block copies
  return cost * std::max(1.0, multiprocessors / blocks);
}

/// The cheapest legal tile. With four channels and one output a filter of 61 x
/// 61 fits chips of 163 KiB, whatever the map.
std::optional<GpuDepthwiseTile> chooseTile(const GpuDepthwiseShape &shape,
                                           const GpuLimits &limits) {
  std::optional<GpuDepthwiseTile> best;
  double least = std::numeric_limits<double>::infinity();
  GpuDepthwiseTile tile;
  tile.reachHeight = shape.reachHeight();
  tile.reachWidth = shape.reachWidth();
  // 7 outputs of a sliding window of 4 channels take about 80 registers.
  constexpr int64_t mostOutputs = 7;
  for (tile.channels = gpuLanes; tile.channels <= 64; tile.channels *= 2)
    for (tile.outputs = 1; tile.outputs <= std::min(mostOutputs, shape.width);
         ++tile.outputs)
      for (int64_t groups = 1;
           groups <= int64_t(llvm::divideCeil(shape.width, tile.outputs));
           ++groups) {
        tile.width = groups * tile.outputs;
        for (tile.height = 1; tile.height <= shape.height; ++tile.height) {
          if (!isLegal(tile, shape.height, shape.elementBytes, limits))
            break; // More rows only need more.
          if (double cost = costOf(tile, shape, limits); cost < least) {
            least = cost;
            best = tile;
          }
        }
      }
  return best;
}

} // namespace

DictionaryAttr chooseGpuDepthwiseTile(KernelOp kernel,
                                      const GpuLimits &limits) {
  auto tile = chooseTile(GpuDepthwiseShape(anchorOf(kernel)), limits);
  return tile ? toAttribute(kernel.getContext(), *tile) : DictionaryAttr();
}

LogicalResult checkGpuDepthwiseTile(KernelOp kernel, const GpuLimits &limits) {
  GpuDepthwiseShape shape(anchorOf(kernel));
  GpuDepthwiseTile tile;
  fromAttribute(kernel.getTileAttr(), tile);
  if (tile.reachHeight != shape.reachHeight() ||
      tile.reachWidth != shape.reachWidth())
    return kernel.emitOpError()
           << "expects a tile that reaches " << shape.reachHeight() << " x "
           << shape.reachWidth() << " pixels, got " << tile.reachHeight << " x "
           << tile.reachWidth;
  if (isLegal(tile, shape.height, shape.elementBytes, limits))
    return success();
  return kernel.emitOpError()
         << "expects a tile of at most " << limits.threads << " threads and "
         << limits.sharedBytes << " bytes of shared memory, its outputs "
         << "dividing the width and " << gpuLanes
         << " dividing the channels, got " << kernel.getTileAttr();
}

} // namespace bcssl
