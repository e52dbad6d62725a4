//===- DepthwiseTiles.cpp - the cost model's tiles of convolutions --------===//
//
// The time of a kernel is estimated from what a multiprocessor does for one
// block: instructions that it issues, bytes that it reads from its shared
// memory, sectors that it moves to and from memory. The constants are those of
// an H100 (NVIDIA H100 Tensor Core GPU Architecture, and its clock of 1.7 GHz);
// none has been fitted to measurements. They only order the candidates.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/gpu/Depthwise.h"

#include <array>
#include <cmath>
#include <limits>

using namespace mlir;

namespace bcssl {
namespace {

// Of a multiprocessor: instructions of a warp that it issues a cycle, bytes of
// shared memory a cycle, bytes of memory a cycle (its share of the bandwidth).
constexpr double issuesPerCycle = 4, sharedBytesPerCycle = 128,
                 memoryBytesPerCycle = 16;
constexpr int64_t warpThreads = 32, registersOfProcessor = 64 << 10,
                  mostThreadsOfProcessor = 2048, mostRegisters = 240;

/// What one block does.
struct BlockWork {
  double issues = 0;      ///< instructions of warps
  double sharedBytes = 0; ///< read from shared memory by all threads
  double memoryBytes = 0; ///< moved from and to memory, in whole sectors
  int64_t threads = 0, registers = 0, shared = 0;
};

/// Whether a block can have so many registers for each thread: a scheduler has
/// a quarter of all for its warps.
bool hasRegisters(int64_t registers, int64_t threads) {
  return registers <= mostRegisters &&
         registers * llvm::alignTo(threads, 4 * warpThreads) <=
             registersOfProcessor;
}

/// Cycles that all blocks take; infinite if a block does not fit.
double cyclesOf(const BlockWork &work, double blocks, const GpuLimits &limits) {
  int64_t threads = llvm::alignTo(work.threads, warpThreads);
  if (!hasRegisters(work.registers, threads))
    return std::numeric_limits<double>::infinity();
  // The system takes 1 KiB of each block.
  int64_t fitting =
      std::min({int64_t{32}, registersOfProcessor / (work.registers * threads),
                mostThreadsOfProcessor / threads,
                (limits.sharedBytes + 1024) / (work.shared + 1024)});
  double count = std::ceil( // of one multiprocessor
      blocks / static_cast<double>(limits.multiprocessors));
  double resident = std::min<double>(static_cast<double>(fitting), count);
  // Three warps keep a scheduler busy: one waits for shared memory or for the
  // end of its row now and then.
  double warps =
      resident * static_cast<double>(threads) / warpThreads / issuesPerCycle;
  double busy = warps < 1 ? 0.6 * warps : std::min(1.0, 0.4 + 0.2 * warps);
  double issue = work.issues / issuesPerCycle / busy,
         shared = work.sharedBytes / sharedBytesPerCycle;
  double compute = std::max(issue, shared) + std::min(issue, shared) / 4;
  // A thread has four loads of 16 bytes under way; memory answers after some
  // 700 cycles.
  double underWay = resident * static_cast<double>(threads) * 64 / 700;
  double memory = work.memoryBytes / std::min(memoryBytesPerCycle, underWay);
  // Other blocks compute while one waits for memory.
  double cycles =
      std::max(compute, memory) + std::min(compute, memory) / resident;
  constexpr double startCycles = 1500;
  return count * cycles + std::ceil(count / resident) * startCycles;
}

/// How often a warp reads a bank of shared memory at once, where its threads
/// read pieces of so many bytes, at multiples of their size.
double conflictsOf(int64_t bytes, llvm::function_ref<int64_t(int64_t)> piece) {
  int64_t count = std::min<int64_t>(
      warpThreads, static_cast<int64_t>(sharedBytesPerCycle) / bytes);
  std::array<int64_t, warpThreads> pieces, readers{};
  int64_t most = 1;
  for (int64_t t = 0; t < count; ++t) {
    pieces[t] = piece(t);
    if (!llvm::is_contained(ArrayRef(pieces).take_front(t), pieces[t]))
      most = std::max(most, ++readers[pieces[t] % count]);
  }
  return static_cast<double>(most);
}

/// Pairs of a map's position and a filter's that meet, along one direction.
double meetings(int64_t size, int64_t reach) {
  return static_cast<double>(size * (2 * reach + 1) - reach * (reach + 1));
}

/// Bytes of `count` runs of so many bytes, in sectors.
double sectorBytes(double count, int64_t bytes) {
  return count * static_cast<double>(llvm::alignTo(bytes, 32));
}

double costOf(const GpuDepthwiseTile &tile, const GpuDepthwiseShape &shape,
              const GpuLimits &limits) {
  const GpuDepthwiseMap &map = shape.map;
  auto parts = [](int64_t size, int64_t part) {
    return static_cast<double>(llvm::divideCeil(size, part));
  };
  double rowPieces = parts(map.height, tile.height),
         columnPieces = parts(map.width, tile.width);
  double bands = std::min<double>(tile.bands, rowPieces),
         strips = std::min<double>(tile.strips, columnPieces),
         images = std::min(tile.images, shape.images);
  double blocks =
      std::ceil(shape.images / images) * std::ceil(rowPieces / bands) *
      std::ceil(columnPieces / strips) * parts(shape.channels, tile.channels);
  double pieces = images * bands * strips;
  bool whole = tile.hasWholeRows(map);
  double narrow = map.elementBytes < 4; // values that are widened

  // Of a thread and piece: input rows, and pairs of output and filter rows.
  double rowPairs =
      meetings(map.height, tile.reachHeight) / map.height * tile.rows;
  double inputRows =
      std::min<double>(map.height, rowPairs / tile.rows + tile.rows - 1);
  double products =
      whole ? meetings(map.width, tile.reachWidth)
            : static_cast<double>(tile.outputs * tile.filterColumns());
  double inputLoads =
      inputRows * (whole ? map.width : tile.outputs + tile.filterColumns() - 1);
  double filterLoads = rowPairs * tile.filterColumns();
  double warps =
      static_cast<double>(llvm::divideCeil(tile.threads(), warpThreads));
  BlockWork work;
  work.threads = tile.threads();
  work.shared = tile.sharedBytes(map);
  work.registers = tile.registers();
  double issues = rowPairs * products * tile.lanes +
                  inputLoads * (1.5 + narrow * tile.lanes) + 1.5 * filterLoads +
                  inputRows * 12 + tile.rows * tile.outputs * 12;
  work.issues = pieces * warps * issues;
  int64_t vectors = tile.channels / tile.lanes,
          groups = tile.width / tile.outputs;
  double conflicts =
      conflictsOf(tile.lanes * map.elementBytes, [&](int64_t thread) {
        int64_t group = thread / vectors % groups,
                row = thread / vectors / groups * tile.rows;
        int64_t site = row * tile.inputColumns(map) + group * tile.outputs;
        return site * vectors + thread % vectors;
      });
  work.sharedBytes =
      pieces * warps * warpThreads * tile.lanes *
      (inputLoads * conflicts * static_cast<double>(map.elementBytes) +
       filterLoads * 4);

  // Copies: a row comes once as long as the block goes on below it.
  double columns = static_cast<double>(tile.inputColumns(map));
  double rows =
      std::min<double>(map.height, bands * tile.height + 2 * tile.reachHeight);
  int64_t runBytes = tile.channels * map.elementBytes;
  double copied = images * strips * rows * columns,
         taps = static_cast<double>(tile.filterRows() * tile.filterColumns());
  work.memoryBytes =
      sectorBytes(images * strips * rows * std::min<double>(columns, map.width),
                  runBytes) +
      sectorBytes(taps, runBytes) / 4 + // from the second-level cache
      sectorBytes(pieces * tile.height * tile.width, runBytes);
  constexpr double copyIssues = 30;
  work.issues += (copied + taps) * tile.channels * map.elementBytes /
                 (gpuWideBytes * warpThreads) * copyIssues;
  if (map.partials)
    work.issues += images * warps * 40 * std::log2(work.threads);
  return cyclesOf(work, blocks, limits);
}

double costOf(const GpuFilterGradTile &tile, const GpuDepthwiseShape &shape,
              const GpuLimits &limits) {
  const GpuDepthwiseMap &map = shape.map;
  double groups =
      static_cast<double>(llvm::divideCeil(tile.reachRows(), tile.filterRows));
  double blocks =
      static_cast<double>(shape.parts) * groups *
      static_cast<double>(llvm::divideCeil(shape.channels, tile.channels));
  double images =
      static_cast<double>(llvm::divideCeil(shape.images, shape.parts));
  bool whole = tile.hasWholeRows(map);
  double warps =
      static_cast<double>(llvm::divideCeil(tile.threads(), warpThreads));
  // Input rows that meet the gradient under the block's filter rows.
  double inputRows = std::min<double>(
      map.height, meetings(map.height, tile.reachHeight) / tile.reachRows() +
                      tile.filterRows - 1);
  double bands = std::ceil(inputRows / tile.height);
  double meetingRows =
      meetings(map.height, tile.reachHeight) / tile.reachRows() + tile.rows - 1;
  double rowsOfThread = std::ceil(meetingRows / bands / tile.splits) * bands;
  double gradColumns = static_cast<double>(tile.gradColumns(map));
  double products =
      whole ? meetings(map.width, tile.reachWidth) : gradColumns * tile.taps;
  double inputLoads =
      whole ? static_cast<double>(map.width) : gradColumns + tile.taps - 1;
  double gradLoads = gradColumns * tile.rows;
  BlockWork work;
  work.threads = tile.threads();
  work.shared = tile.sharedElements(map) * 4;
  int64_t window = whole ? std::min(tile.taps, map.width) : tile.taps;
  work.registers =
      44 + tile.lanes * (tile.rows * tile.taps + window + tile.rows);
  // ptxas asks for up to so many more, for gradients that it loads ahead. A
  // block that fills the multiprocessor cannot have them, and would spill.
  constexpr int64_t ahead = 36;
  if (!hasRegisters(std::min(work.registers + ahead, mostRegisters),
                    work.threads))
    return std::numeric_limits<double>::infinity();
  work.issues = images * warps * rowsOfThread *
                (products * tile.rows * tile.lanes +
                 1.5 * (inputLoads + gradLoads) + 15 + 10 * tile.rows);
  int64_t vectors = tile.channels / tile.lanes,
          rowGroups = tile.filterRows / tile.rows;
  auto conflicts = [&](int64_t columns, int64_t tapStep, int64_t rowStep) {
    return conflictsOf(tile.lanes * 4, [&](int64_t thread) {
      int64_t tap = thread / vectors % tile.tapGroups(),
              rest = thread / vectors / tile.tapGroups();
      int64_t row = rest % rowGroups * rowStep + rest / rowGroups;
      int64_t site = row * columns + tap * tapStep;
      return site * vectors + thread % vectors;
    });
  };
  work.sharedBytes =
      images * warps * warpThreads * rowsOfThread * tile.lanes * 4 *
      (inputLoads * conflicts(tile.inputColumns(map), tile.taps, 0) +
       gradLoads * conflicts(tile.gradColumns(map), 0, tile.rows));
  double gradRows =
      std::min<double>(map.height, inputRows + tile.filterRows - 1);
  int64_t runBytes = tile.channels * map.elementBytes;
  work.memoryBytes =
      sectorBytes(images * (inputRows + gradRows) * map.width, runBytes);
  constexpr double copyIssues = 30;
  work.issues += images *
                 (inputRows * tile.inputColumns(map) + gradRows * gradColumns) *
                 tile.channels * map.elementBytes /
                 (gpuWideBytes * warpThreads) * copyIssues;
  // Barriers, and the sums that splits add at last.
  work.issues += images * bands * warps * 50 +
                 (tile.splits + 1) * warps * tile.rows * tile.taps * 4;
  return cyclesOf(work, blocks, limits);
}

/// The cheapest of the tiles that it is shown.
template <typename Tile> class Cheapest {
public:
  Cheapest(const GpuDepthwiseShape &shape, const GpuLimits &limits)
      : shape(shape), limits(limits) {}

  /// Returns whether the tile is legal.
  bool consider(const Tile &tile) {
    if (!isLegal(tile, shape.map, limits))
      return false;
    if (double cost = costOf(tile, shape, limits); cost < least) {
      least = cost;
      best = tile;
    }
    return true;
  }
  DictionaryAttr get(MLIRContext *context) const {
    return least < std::numeric_limits<double>::infinity()
               ? toAttribute(context, best)
               : DictionaryAttr();
  }

private:
  const GpuDepthwiseShape &shape;
  const GpuLimits &limits;
  Tile best;
  double least = std::numeric_limits<double>::infinity();
};

/// The widest vector of channels.
int64_t lanesOf(int64_t channels) {
  return channels % 4 == 0 ? 4 : channels % 2 == 0 ? 2 : 1;
}

/// Sizes 1, 2, 4, ... and the whole.
SmallVector<int64_t> powersUpTo(int64_t whole) {
  SmallVector<int64_t> sizes;
  for (int64_t size = 1; size < whole; size *= 2)
    sizes.push_back(size);
  sizes.push_back(whole);
  return sizes;
}

/// Sizes of 1, 2, 4, ... equal parts of a whole, in multiples of `unit`.
SmallVector<int64_t> partsOf(int64_t whole, int64_t unit) {
  SmallVector<int64_t> sizes;
  for (int64_t count :
       llvm::reverse(powersUpTo(llvm::divideCeil(whole, unit)))) {
    int64_t size = llvm::alignTo(llvm::divideCeil(whole, count), unit);
    if (sizes.empty() || sizes.back() != size)
      sizes.push_back(size);
  }
  return sizes;
}

constexpr int64_t mostChannels = 128;

} // namespace

DictionaryAttr chooseGpuDepthwiseTile(KernelOp kernel,
                                      const GpuLimits &limits) {
  GpuDepthwiseShape shape(kernel);
  const GpuDepthwiseMap &map = shape.map;
  Cheapest<GpuDepthwiseTile> cheapest(shape, limits);
  GpuDepthwiseTile tile;
  tile.reachHeight = shape.reachHeight();
  tile.reachWidth = shape.reachWidth();
  tile.lanes = lanesOf(shape.channels);
  constexpr int64_t mostOutputs = 14, mostSums = 28, mostThreads = 512;
  for (tile.channels = tile.lanes;
       tile.channels <= mostChannels &&
       tile.channels < shape.channels + tile.lanes * 8;
       tile.channels *= 2)
    for (tile.outputs = 1; tile.outputs <= std::min(mostOutputs, map.width);
         ++tile.outputs) {
      int64_t groups = llvm::divideCeil(map.width, tile.outputs);
      for (int64_t strips : powersUpTo(groups)) {
        tile.width = llvm::divideCeil(groups, strips) * tile.outputs;
        tile.strips = map.partials ? strips : 1;
        for (tile.rows = 1; tile.rows <= std::min<int64_t>(4, map.height) &&
                            tile.rows * tile.outputs <= mostSums;
             ++tile.rows)
          for (int64_t height : partsOf(map.height, tile.rows)) {
            tile.height = height;
            tile.bands = tile.images = 1;
            if (tile.threads() > mostThreads)
              break;
            int64_t bands = llvm::divideCeil(map.height, height);
            for (int64_t count : powersUpTo(bands)) {
              if (map.partials && count != bands)
                continue;
              tile.bands = count;
              for (tile.images = 1;
                   tile.images <= std::min<int64_t>(16, shape.images);
                   tile.images *= 2)
                cheapest.consider(tile);
            }
          }
      }
    }
  return cheapest.get(kernel.getContext());
}

DictionaryAttr chooseGpuFilterGradTile(KernelOp kernel,
                                       const GpuLimits &limits) {
  GpuDepthwiseShape shape(kernel);
  const GpuDepthwiseMap &map = shape.map;
  Cheapest<GpuFilterGradTile> cheapest(shape, limits);
  GpuFilterGradTile tile;
  tile.reachHeight = shape.reachHeight();
  tile.reachWidth = shape.reachWidth();
  constexpr int64_t mostColumns = 14, mostTaps = 17, mostSums = 28,
                    mostThreads = 512;
  tile.columns = equalPart(map.width, mostColumns);
  for (tile.lanes = lanesOf(shape.channels); tile.lanes >= 1; tile.lanes /= 2)
    for (tile.channels = tile.lanes;
         tile.channels <= mostChannels &&
         tile.channels < shape.channels + tile.lanes * 8;
         tile.channels *= 2)
      for (int64_t tapGroups = 1; tapGroups <= tile.reachColumns();
           ++tapGroups) {
        tile.taps = llvm::divideCeil(tile.reachColumns(), tapGroups);
        // Beside the sums there is a window of as many columns, or a whole row.
        if (tile.taps > mostTaps && !tile.hasWholeRows(map))
          continue;
        for (tile.rows = 1; tile.rows <= 4 && tile.rows * tile.taps <= mostSums;
             ++tile.rows)
          for (int64_t filterRows : partsOf(tile.reachRows(), tile.rows)) {
            tile.filterRows = filterRows;
            tile.splits = 1;
            if (tile.threads() > mostThreads)
              break;
            for (int64_t height : partsOf(map.height, 1)) {
              tile.height = height;
              for (tile.splits = 1; tile.splits <= std::min<int64_t>(8, height);
                   tile.splits *= 2)
                if (tile.threads() > mostThreads || !cheapest.consider(tile))
                  break;
            }
          }
      }
  return cheapest.get(kernel.getContext());
}

} // namespace bcssl
