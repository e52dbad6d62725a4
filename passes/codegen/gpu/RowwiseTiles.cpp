//===- RowwiseTiles.cpp - the cost model's tiles of rowwise kernels -------===//

#include "passes/codegen/gpu/Rowwise.h"

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
};

Form::Form(KernelOp kernel) : flat(isFlat(kernel)) {
  SmallVector<int64_t> space = iterationSpace(kernel);
  int64_t total = llvm::product_of(space);
  columns = flat ? total : (space.empty() ? 1 : space.back());
  rows = total / columns;
  needsWholeRows = hasRowResults(kernel);
  for (Operation &op : kernel.getBody().front()) {
    needsWholeRows |= isa<ReduceOp>(op);
    if (auto partial = dyn_cast<ReducePartialOp>(op))
      partialRows = partial.getRows();
  }
}

/// The widest vectors of which rows hold a whole number.
int64_t lanesOf(int64_t columns) {
  int64_t lanes = gpuLanes;
  while (columns % lanes != 0)
    lanes /= 2;
  return lanes;
}

/// Threads that share a row of so many vectors: few that are idle, and not
/// more vectors a thread than are unrolled.
int64_t chooseTeam(int64_t vectors, int64_t most) {
  int64_t best = 1, leastWork = INT64_MAX;
  for (int64_t team = 1; team <= most; team *= 2) {
    int64_t steps = llvm::divideCeil(vectors, team);
    // Half of what could be unrolled leaves registers for other values.
    if (steps > rowwiseUnrolled / 2 && team < most)
      continue;
    if (int64_t work = steps * team; work < leastWork) {
      best = team;
      leastWork = work;
    }
  }
  return best;
}

GpuRowwiseTile chooseTile(const Form &form) {
  constexpr int64_t threads = 256, mostThreads = 1024;
  GpuRowwiseTile tile;
  tile.lanes = lanesOf(form.columns);
  tile.flat = form.flat;
  if (form.flat) {
    tile.threads = std::min<int64_t>(
        threads,
        llvm::alignTo(llvm::divideCeil(form.columns, tile.lanes), warp));
    // A team is a power of two.
    tile.threads = llvm::PowerOf2Ceil(tile.threads);
    tile.team = tile.threads;
    tile.rows = 1;
    tile.columns = tile.threads * tile.lanes;
    return tile;
  }
  int64_t vectors = form.columns / tile.lanes;
  tile.columns = form.columns;
  if (form.needsWholeRows) {
    tile.team = chooseTeam(vectors, warp);
    if (llvm::divideCeil(vectors, tile.team) > rowwiseUnrolled)
      tile.team = std::clamp<int64_t>(
          llvm::PowerOf2Ceil(llvm::divideCeil(vectors, rowwiseUnrolled)),
          2 * warp, mostThreads);
  } else {
    tile.team = chooseTeam(std::min(vectors, warp * rowwiseUnrolled / 2), warp);
    if (vectors > warp * rowwiseUnrolled / 2)
      tile.columns = warp * rowwiseUnrolled / 2 * tile.lanes;
  }
  tile.threads = std::max(tile.team, threads);
  if (tile.team > warp)
    tile.threads = tile.team;
  constexpr int64_t rowsOfTeam = 4;
  tile.rows = form.partialRows ? form.partialRows
                               : std::min(form.rows, tile.teams() * rowsOfTeam);
  return tile;
}

} // namespace

DictionaryAttr chooseGpuRowwiseTile(KernelOp kernel, const GpuLimits &limits) {
  GpuRowwiseTile tile = chooseTile(Form(kernel));
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
