//===- RowwiseTiles.cpp - the cost model's tiles of rowwise kernels -------===//

#include "passes/codegen/gpu/Rowwise.h"

#include "llvm/ADT/bit.h"

#include <climits>

using namespace mlir;

namespace bcssl {
namespace {

constexpr int64_t warp = 32;

/// What of a kernel decides on its tile.
struct Form {
  explicit Form(KernelOp kernel);

  bool flat;
  bool needsWholeRows = false; ///< reductions and results of rows
  int64_t partialRows = 0;     ///< 0: there are no partial sums
  int64_t rows, columns;
  /// Bytes that a kernel reads at each place of its space, of the narrowest
  /// tensor and of all.
  int64_t narrowest = sizeof(float), bytes = 0;
  int64_t partials = 0, results = 0; ///< of columns, of every place
};

Form::Form(KernelOp kernel) : flat(isFlat(kernel)) {
  SmallVector<int64_t> space = iterationSpace(kernel);
  int64_t total = llvm::product_of(space);
  columns = flat ? total : (space.empty() ? 1 : space.back());
  rows = total / columns;
  needsWholeRows = hasRowResults(kernel);
  for (Type type : kernel.getInputs().getTypes()) {
    auto tensor = cast<RankedTensorType>(type);
    if (tensor.getShape() != ArrayRef<int64_t>(space))
      continue;
    int64_t element =
        llvm::divideCeil(tensor.getElementTypeBitWidth(), CHAR_BIT);
    narrowest = std::min(narrowest, element);
    bytes += element;
  }
  for (Type type : kernel.getResultTypes())
    results += cast<RankedTensorType>(type).getShape() == ArrayRef(space);
  for (Operation &op : kernel.getBody().front()) {
    needsWholeRows |= isa<ReduceOp>(op);
    if (auto partial = dyn_cast<ReducePartialOp>(op)) {
      partialRows = partial.getRows();
      ++partials;
    }
  }
}

/// The widest vectors of which rows hold a whole number.
int64_t lanesOf(int64_t columns) {
  int64_t lanes = gpuLanes;
  while (columns % lanes != 0)
    lanes /= 2;
  return lanes;
}

/// Threads that share a row of so many vectors: as few as can be idle, not more
/// vectors a thread than are unrolled, and neighbours that read `line` vectors
/// in one piece.
int64_t chooseTeam(int64_t vectors, int64_t line, int64_t most) {
  int64_t best = 1, leastWork = INT64_MAX;
  for (int64_t team = 1; team <= most; team *= 2) {
    int64_t steps = llvm::divideCeil(vectors, team);
    // Half of what could be unrolled leaves registers for other values.
    if (steps > rowwiseUnrolled / 2 && team < most)
      continue;
    int64_t work = steps * team;
    if (work < leastWork || (work == leastWork && best < line)) {
      best = team;
      leastWork = work;
    }
  }
  return best;
}

/// Bytes that a thread reads before it waits. 4 TB/s of an H200 take 24 to 32
/// KiB of a multiprocessor under way all the time, but 512 to 1,024 threads
/// have a place there and compute for half of it. With 24 bytes a sum of
/// columns took 50 us where memory takes 19.
constexpr int64_t bytesUnderWay = 96;
/// Blocks of a multiprocessor that hide how long the last ones take.
constexpr int64_t manyBlocks = 16;

/// How many rows, or vectors of a flat kernel, a thread reads before it waits.
int64_t chooseTogether(const Form &form, const GpuRowwiseTile &tile,
                       int64_t most) {
  int64_t values = tile.steps() * tile.lanes, together = 1;
  // What is read and what is stored stand in registers, and sums of columns.
  constexpr int64_t mostValues = 80;
  int64_t ofRow = values * (1 + form.results), ofSums = values * form.partials;
  while (together < 4 && 2 * together <= most && form.bytes > 0 &&
         together * values * form.bytes < bytesUnderWay &&
         2 * together * ofRow + ofSums <= mostValues)
    together *= 2;
  return together;
}

GpuRowwiseTile chooseTile(const Form &form, const GpuLimits &limits) {
  constexpr int64_t threads = 256, mostThreads = 1024;
  GpuRowwiseTile tile;
  tile.lanes = lanesOf(form.columns);
  tile.flat = form.flat;
  if (form.flat) {
    // All that is read stands in registers before the first result is stored:
    // the averages of a network's running statistics are some sixty tensors.
    constexpr int64_t mostRead = 160 * sizeof(float);
    while (tile.lanes > 1 && tile.lanes * form.bytes > mostRead)
      tile.lanes /= 2;
    tile.threads = std::min<int64_t>(
        threads,
        llvm::alignTo(llvm::divideCeil(form.columns, tile.lanes), warp));
    // A team is a power of two.
    tile.threads = llvm::PowerOf2Ceil(tile.threads);
    tile.team = tile.threads;
    tile.rows = 1;
    tile.columns = tile.threads * tile.lanes;
    int64_t blocks = form.columns / tile.columns;
    tile.columns *= chooseTogether(
        form, tile, blocks / (manyBlocks * limits.multiprocessors));
    return tile;
  }
  int64_t vectors = form.columns / tile.lanes;
  constexpr int64_t lineBytes = 64;
  int64_t line = lineBytes / (tile.lanes * form.narrowest);
  tile.columns = form.columns;
  if (form.needsWholeRows) {
    tile.team = chooseTeam(vectors, line, warp);
    if (llvm::divideCeil(vectors, tile.team) > rowwiseUnrolled)
      tile.team = std::clamp<int64_t>(
          llvm::PowerOf2Ceil(llvm::divideCeil(vectors, rowwiseUnrolled)),
          2 * warp, mostThreads);
    // Sums of columns stand in registers over all rows, beside what a row needs
    // at a time; there are 255.
    constexpr int64_t mostSummed = 200, ofRow = 4;
    while (form.partials > 0 && tile.steps() <= rowwiseUnrolled &&
           tile.steps() * tile.lanes * (form.partials + ofRow) > mostSummed &&
           tile.team < mostThreads)
      tile.team *= 2;
  } else {
    tile.team =
        chooseTeam(std::min(vectors, warp * rowwiseUnrolled / 2), line, warp);
    if (vectors > warp * rowwiseUnrolled / 2)
      tile.columns = warp * rowwiseUnrolled / 2 * tile.lanes;
  }
  tile.threads = std::max(tile.team, threads);
  if (tile.team > warp)
    tile.threads = tile.team;
  // A team's rows: those of a partial sum, else as many as leave many blocks.
  int64_t ofTeam = llvm::divideCeil(form.partialRows, tile.teams()),
          together = ofTeam;
  if (!form.partialRows) {
    constexpr uint64_t mostRows = 8;
    uint64_t inAll = llvm::divideCeil(form.rows, tile.teams());
    ofTeam = std::clamp<uint64_t>(
        llvm::bit_floor(inAll / (manyBlocks * limits.multiprocessors)), 1,
        mostRows);
    together = inAll / (4 * limits.multiprocessors);
  }
  if (tile.steps() <= rowwiseUnrolled)
    tile.together = chooseTogether(form, tile, together);
  tile.rows =
      form.partialRows
          ? form.partialRows
          : std::min<int64_t>(form.rows,
                              tile.teams() * std::max(ofTeam, tile.together));
  tile.together = std::min(tile.together, tile.rows);
  return tile;
}

} // namespace

DictionaryAttr chooseGpuRowwiseTile(KernelOp kernel, const GpuLimits &limits) {
  GpuRowwiseTile tile = chooseTile(Form(kernel), limits);
  return isLegal(tile, limits) ? toAttribute(kernel.getContext(), tile)
                               : DictionaryAttr();
}

LogicalResult checkGpuRowwiseTile(KernelOp kernel, const GpuLimits &limits) {
  Form form(kernel);
  GpuRowwiseTile tile;
  fromAttribute(kernel.getTileAttr(), tile);
  bool fits = isLegal(tile, limits) && tile.flat == form.flat &&
              form.columns % tile.lanes == 0;
  if (form.needsWholeRows)
    fits &= tile.columns == form.columns;
  if (tile.steps() > rowwiseUnrolled)
    fits &= tile.together == 1;
  if (form.partialRows)
    fits &= tile.rows == form.partialRows &&
            (tile.steps() <= rowwiseUnrolled || tile.teams() == 1);
  if (!fits || gpuRowwise.launch(kernel).sharedBytes > limits.sharedBytes)
    return kernel.emitOpError()
           << "expects a legal tile of a rowwise kernel, got "
           << kernel.getTileAttr();
  return success();
}

} // namespace bcssl
