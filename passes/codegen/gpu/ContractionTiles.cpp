//===- ContractionTiles.cpp - tiles of GPU contractions -------------------===//
//
// Until a tuning table is measured, a model of a block's cost chooses among the
// legal tiles. None of its constants has been measured on a GPU; they only
// order the candidates.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/gpu/TensorRing.h"

#include "passes/codegen/KernelPlan.h"
#include "passes/codegen/KernelRegion.h"

#include <cmath>
#include <limits>
#include <optional>

using namespace mlir;

namespace bcssl {
namespace {

/// Rows that one partial sum covers; 0 without partial sums.
int64_t partialRowsOf(KernelOp kernel) {
  for (Operation &op : kernel.getBody().front())
    if (auto partial = dyn_cast<ReducePartialOp>(op))
      return static_cast<int64_t>(partial.getRows());
  return 0;
}

std::string missing(KernelOp kernel) {
  ContractOp anchor = gpuContractionOf(kernel);
  if (!anchor)
    return "a packed operand";
  Type element = GpuContractionShape(anchor).element;
  if (!element.isF32() && !element.isBF16())
    return "a contraction of other numbers than f32 and bf16";
  int64_t partials = 0, rows = partialRowsOf(kernel);
  for (Operation &op : kernel.getBody().front())
    if (auto partial = dyn_cast<ReducePartialOp>(op)) {
      ++partials;
      if (static_cast<int64_t>(partial.getRows()) != rows)
        return "partial sums of different numbers of rows";
    }
  // Partial sums of all threads lie in shared memory beside each other.
  constexpr int64_t mostPartials = 4;
  if (partials > mostPartials)
    return "more than 4 partial sums";
  if (partials != 0 && rows != 64 && rows != 128)
    return "partial sums of other than 64 or 128 rows";
  return "";
}

/// Time of all blocks in multiply-adds.
double costOf(const GpuContractionTile &tile, const GpuContractionShape &shape,
              int64_t multiprocessors) {
  // Each term of the sum is brought into shared memory for all rows and
  // columns; each result goes through shared memory at the end.
  constexpr double copyCost = 16, resultCost = 32;
  double perTerm =
      tile.rows * tile.columns + copyCost * (tile.rows + tile.columns);
  double slices = std::ceil(1.0 * shape.partDepth / tile.depth);
  double block =
      slices * tile.depth * perTerm + resultCost * tile.rows * tile.columns;
  // A multiprocessor works on its blocks together. Its four schedulers are busy
  // with one warp each: a thread has many independent sums.
  constexpr double busyThreads = 128;
  auto blocks = static_cast<double>(shape.tiles(tile));
  double rounds = std::ceil(blocks / static_cast<double>(multiprocessors));
  double threads = rounds * tile.threads(shape.elementBytes());
  double cost = rounds * block * std::max(1.0, busyThreads / threads);
  // In f32 these take about 140 registers, with `nt` 128: the largest block is
  // alone on its multiprocessor, and nothing multiplies while it waits.
  if (shape.elementBytes() == 4 && !shape.rightAlongDepth &&
      tile.columns == 128)
    cost *= 1.2;
  return cost;
}

/// Terms of a slice of bf16: as many as leave room for two blocks of the
/// largest tile on a multiprocessor. Copies of less than 16 bytes are many, and
/// the addresses of those of 64 terms take more registers than there are.
int64_t depthFor(const GpuContractionShape &shape, const GpuLimits &limits) {
  GpuContractionTile tile;
  if (shape.elementBytes() != 2)
    return tile.depth;
  tile.depth = 64;
  int64_t leftRun = shape.leftAlongDepth ? shape.depth : shape.rows,
          rightRun = shape.rightAlongDepth ? shape.depth : shape.columns;
  int64_t lanes = gpuWideBytes / shape.elementBytes();
  bool isWide = leftRun % lanes == 0 && rightRun % lanes == 0;
  bool isShort = shape.partDepth <= 32;
  bool fits = 2 * tile.sharedBytes(2) <= limits.sharedBytes;
  return isWide && !isShort && fits ? 64 : 32;
}

/// Whether warp groups can multiply the operands: the copy engine takes rows of
/// whole 16 bytes, and parts along them of whole slices.
bool suitsWarpgroups(const GpuContractionShape &shape) {
  constexpr int64_t lanes = gpuWideBytes / 2, slice = 64;
  auto isWide = [&](bool alongDepth, int64_t across) {
    bool isCut = shape.parts != 1 && shape.partDepth % slice != 0;
    return alongDepth ? shape.depth % lanes == 0 && !isCut
                      : across % lanes == 0;
  };
  return shape.element.isBF16() && isWide(shape.leftAlongDepth, shape.rows) &&
         isWide(shape.rightAlongDepth, shape.columns);
}

/// Clocks of one multiprocessor for its share of a contraction by warp groups.
double warpgroupCostOf(const GpuContractionTile &tile,
                       const GpuContractionShape &shape,
                       int64_t multiprocessors) {
  // A clock has 2048 multiply-adds and 128 bytes of shared memory, which the
  // copies write and each product reads: 64 rows and all columns.
  constexpr double products = 2048, bytesPerClock = 128, rowsOfProduct = 64;
  double multiply = tile.rows * tile.columns * tile.depth / products;
  double bytes =
      2.0 * tile.depth *
      (2 * tile.rows + tile.columns * (1 + tile.rows / rowsOfProduct));
  // Barriers of a slice, for which warps that copy for others need not stop;
  // the way of the first slices and of the last results; and what a result
  // takes in shared memory and arithmetic.
  constexpr double sliceCost = 64, blockCost = 1500, resultCost = 0.3;
  double slices = std::ceil(1.0 * shape.partDepth / tile.depth),
         slice = std::max(multiply, bytes / bytesPerClock),
         results = resultCost * tile.rows * tile.columns;
  auto tiles = static_cast<double>(shape.tiles(tile)),
       rounds = std::ceil(tiles / static_cast<double>(multiprocessors));
  if (tile.blocks != 0)
    return rounds * (slices * slice + results) + blockCost;
  // One block's latencies are hidden by the other of its multiprocessor.
  return rounds * (slices * (slice + sliceCost) + results) +
         std::ceil(rounds / 2) * blockCost;
}

/// Tiles that multiply in warps, or in warp groups with a block for each.
void addTiles(const GpuContractionShape &shape, const GpuLimits &limits,
              bool warpgroups, int64_t partialRows,
              SmallVectorImpl<GpuContractionTile> &tiles) {
  GpuContractionTile tile;
  tile.warpgroups = warpgroups;
  tile.depth = warpgroups ? 64 : depthFor(shape, limits);
  for (tile.rows = 128; tile.rows >= 64; tile.rows /= 2)
    for (tile.columns = 128; tile.columns >= 32; tile.columns -= 32)
      if (partialRows == 0 || tile.rows == partialRows)
        tiles.push_back(tile);
}

/// Tiles for blocks that go through all of them in turns of equal length, one
/// block on a multiprocessor, where each has more than one.
void addSpecializedTiles(KernelOp kernel, const GpuContractionShape &shape,
                         const GpuLimits &limits,
                         SmallVectorImpl<GpuContractionTile> &tiles) {
  // Sums wait in registers while the first of them go through the body, which
  // needs more for each tensor: with more tensors than these, kernels spill.
  constexpr unsigned mostTensors = 7;
  GpuContractionTile tile;
  tile.warpgroups = true;
  tile.depth = 64;
  tile.rows = 256;
  if (!limits.specialized || shape.endsInsideSlice(tile) ||
      kernel->getNumOperands() + kernel->getNumResults() > mostTensors)
    return;
  for (tile.columns = 128; tile.columns >= 32; tile.columns -= 32) {
    int64_t all = shape.tiles(tile),
            turns = llvm::divideCeil(all, limits.multiprocessors);
    tile.blocks = llvm::divideCeil(all, turns);
    if (turns > 1)
      tiles.push_back(tile);
  }
}

DictionaryAttr choose(KernelOp kernel, const GpuLimits &limits) {
  GpuContractionShape shape(gpuContractionOf(kernel));
  bool warpgroups = limits.warpgroups && suitsWarpgroups(shape);
  SmallVector<GpuContractionTile> tiles;
  addTiles(shape, limits, warpgroups, partialRowsOf(kernel), tiles);
  if (warpgroups)
    addSpecializedTiles(kernel, shape, limits, tiles);
  std::optional<GpuContractionTile> best;
  double least = std::numeric_limits<double>::infinity();
  for (const GpuContractionTile &tile : tiles) {
    if (!isLegal(tile, shape.elementBytes(), limits))
      continue;
    double cost = (warpgroups ? warpgroupCostOf
                              : costOf)(tile, shape, limits.multiprocessors);
    if (cost < least) {
      least = cost;
      best = tile;
    }
  }
  return best ? toAttribute(kernel.getContext(), *best) : DictionaryAttr();
}

LogicalResult check(KernelOp kernel, const GpuLimits &limits) {
  GpuContractionShape shape(gpuContractionOf(kernel));
  GpuContractionTile tile;
  fromAttribute(kernel.getTileAttr(), tile);
  if (!isLegal(tile, shape.elementBytes(), limits))
    return kernel.emitOpError()
           << "expects a tile of 64 or 128 rows, 32, 64, 96 or 128 columns and "
           << (shape.elementBytes() == 2 ? "32 or 64" : "8, 16 or 32")
           << " terms, or of 256 rows for warp groups with blocks, of at most "
           << limits.threads << " threads and " << limits.sharedBytes
           << " bytes of shared memory, got " << kernel.getTileAttr();
  if (tile.warpgroups && !suitsWarpgroups(shape))
    return kernel.emitOpError(
        "expects operands of bf16 with rows of whole 16 bytes, and parts along "
        "them of whole 128, for a tile of warp groups");
  if (tile.blocks > shape.tiles(tile))
    return kernel.emitOpError()
           << "expects at most as many blocks as there are tiles, "
           << shape.tiles(tile) << ", got " << tile.blocks;
  if (tile.blocks != 0 && shape.endsInsideSlice(tile))
    return kernel.emitOpError("expects a block for each tile where parts end "
                              "inside a slice");
  int64_t partialRows = partialRowsOf(kernel);
  if (partialRows != 0 && tile.blocks == 0 && tile.rows != partialRows)
    return kernel.emitOpError()
           << "expects a tile of as many rows as a partial sum covers, "
           << partialRows << ", got " << tile.rows;
  return success();
}

GpuLaunch launchOf(KernelOp kernel) {
  GpuContractionShape shape(gpuContractionOf(kernel));
  GpuContractionTile tile;
  fromAttribute(kernel.getTileAttr(), tile);
  GpuLaunch launch;
  launch.blocks = tile.blocks == 0 ? shape.tiles(tile) : tile.blocks;
  launch.threads = tile.threads(shape.elementBytes());
  launch.sharedBytes = tile.sharedBytes(shape.elementBytes());
  if (tile.warpgroups)
    launch.tensorMaps = contractionTensorMaps(gpuContractionOf(kernel), tile);
  return launch;
}

void emit(GpuKernelContext context) {
  GpuContractionShape shape(gpuContractionOf(context.kernel));
  GpuContractionTile tile;
  fromAttribute(context.kernel.getTileAttr(), tile);
  GpuContractionTile multipliers = tile;
  multipliers.blocks = 0; // without the warp that only asks for slices
  planProducts(context.builder, tile.rows * tile.columns * tile.depth /
                                    multipliers.threads(shape.elementBytes()));
  if (tile.blocks != 0)
    return emitGpuContractionSpecialized(context);
  if (tile.warpgroups)
    return emitGpuContractionWgmma(context);
  return shape.element.isBF16() ? emitGpuContractionMma(context)
                                : emitGpuContractionFma(context);
}

} // namespace

const GpuGenerator gpuContraction = {missing, choose, check, launchOf, emit};

} // namespace bcssl
