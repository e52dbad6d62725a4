//===- Rowwise.cpp - pointwise kernels with row reductions ----------------===//
//
// A team of threads shares a row, each thread with vectors of columns a team's
// width apart. As on the CPU there is one pass over the row per level of row
// reductions and a last one that stores; the row comes from the first-level
// cache then, or stands in registers where the passes are unrolled. Sums of a
// row are butterflies, whose order is the same in every thread. Partial column
// sums stay in registers over all rows of the block; those of several teams are
// added in the order of the teams.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/gpu/Rowwise.h"

#include "passes/codegen/RegionEmitter.h"
#include "passes/codegen/gpu/KernelBuilder.h"
#include "passes/codegen/gpu/TeamReduction.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace bcssl {
namespace {

class RowwiseGenerator {
public:
  explicit RowwiseGenerator(GpuKernelContext context);
  void run();

private:
  using Vectors = SmallVector<Value>;

  void emitRow(Value row, Value valid, Vectors &sums);
  void emitReductions(ArrayRef<ReduceOp> reductions, Value row);
  void computeRowValues(Value row);
  bool isReady(Value value);
  void forColumns(llvm::function_ref<void(int64_t, const Site &)> body,
                  Value row);
  Value insideAt(int64_t step, Value vector);
  void addPartials(int64_t step, const Site &site, Value valid, Vectors &sums);
  void storePartials(ValueRange sums);
  void combineTeams(ValueRange sums, size_t number);
  bool sumsInMemory() const { return tile.steps() > rowwiseUnrolled; }

  ImplicitLocOpBuilder &builder;
  KernelBuilder kernel;
  KernelOp op;
  GpuRowwiseTile tile;
  RegionEmitter region;
  TeamReduction reduction;
  int64_t rows, columns;
  GpuLaunch launch;
  Value thread, member, team;
  Value rowBlock, firstColumn;
  DenseSet<Operation *> known; // reductions of this row so far
};

RegionEmitter regionOf(GpuKernelContext context, const GpuRowwiseTile &tile) {
  return RegionEmitter(context.builder, context.kernel, context.buffers,
                       iterationSpace(context.kernel),
                       {tile.lanes, /*aligned=*/true});
}

GpuRowwiseTile tileOf(KernelOp kernel) {
  GpuRowwiseTile tile;
  fromAttribute(kernel.getTileAttr(), tile);
  return tile;
}

RowwiseGenerator::RowwiseGenerator(GpuKernelContext context)
    : builder(context.builder), kernel(context.builder), op(context.kernel),
      tile(tileOf(context.kernel)), region(regionOf(context, tile)),
      reduction(kernel, tile.team, tile.threads), rows(region.rowCount()),
      columns(region.columnCount()), launch(gpuRowwise.launch(context.kernel)) {
  if (!tile.flat)
    return;
  columns *= rows;
  rows = 1;
}

void RowwiseGenerator::run() {
  thread = kernel.thread(tile.threads);
  member = kernel.remainder(thread, tile.team);
  team = kernel.quotient(thread, tile.team);
  Value block = kernel.block(launch.blocks);
  int64_t columnBlocks = llvm::divideCeil(columns, tile.columns);
  rowBlock = kernel.quotient(block, columnBlocks);
  firstColumn = kernel.mul(kernel.remainder(block, columnBlocks), tile.columns);
  Value firstRow = kernel.mul(rowBlock, tile.rows);

  Vectors none;
  if (!sumsInMemory())
    none.assign(region.partials().size() * tile.steps(), region.zero());
  // All threads of a warp take part in its shuffles: where a team has no row
  // left it computes the last one again and stores nothing.
  int64_t steps = llvm::divideCeil(tile.rows, tile.teams());
  bool ragged = tile.rows % tile.teams() != 0 || rows % tile.rows != 0;
  auto loop = scf::ForOp::create(
      builder, kernel.index(0), kernel.index(steps), kernel.index(1), none,
      [&](OpBuilder &, Location, Value step, ValueRange before) {
        Value local = kernel.add(kernel.mul(step, tile.teams()), team);
        Value row = kernel.add(firstRow, local), valid;
        if (rows == 1)
          row = kernel.index(0);
        if (ragged) {
          Value counted = kernel.add(firstRow, local);
          valid = kernel.both(kernel.within(local, tile.rows),
                              kernel.within(counted, rows));
          row = kernel.min(row, kernel.index(rows - 1));
        }
        Vectors sums(before);
        emitRow(row, valid, sums);
        scf::YieldOp::create(builder, sums);
      });
  if (!region.partials().empty() && !sumsInMemory())
    storePartials(loop.getResults());
}

/// The condition that a thread's vector number `step` lies in the block and in
/// the row; null if it always does.
Value RowwiseGenerator::insideAt(int64_t step, Value vector) {
  Value inside;
  if ((step + 1) * tile.team > tile.vectors() || step < 0)
    inside = kernel.within(vector, tile.vectors());
  if (columns % tile.columns != 0) {
    Value column = kernel.add(firstColumn, kernel.mul(vector, tile.lanes));
    inside = kernel.both(inside, kernel.within(column, columns));
  }
  return inside;
}

/// Emits the body for each of the thread's vectors; `step` is -1 in a loop.
void RowwiseGenerator::forColumns(
    llvm::function_ref<void(int64_t, const Site &)> body, Value row) {
  auto emitAt = [&](int64_t step, Value vector) {
    kernel.when(insideAt(step, vector), [&] {
      region.enter(/*keepRows=*/true);
      body(step,
           {row, kernel.add(firstColumn, kernel.mul(vector, tile.lanes))});
    });
  };
  if (sumsInMemory())
    return kernel.forRange(member, kernel.index(tile.vectors()), tile.team,
                           [&](Value vector) { emitAt(-1, vector); });
  for (int64_t step = 0; step < tile.steps(); ++step)
    emitAt(step, kernel.add(member, step * tile.team));
}

void RowwiseGenerator::emitRow(Value row, Value valid, Vectors &sums) {
  region.enter();
  known.clear();
  for (ArrayRef<ReduceOp> level : reductionLevels(op))
    emitReductions(level, row);
  computeRowValues(row);
  Value first = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, member,
                                      kernel.index(0));
  if (hasRowResults(op))
    kernel.when(kernel.both(valid, first), [&] { region.storeRows(row); });
  kernel.when(valid, [&] {
    forColumns([&](int64_t, const Site &site) { region.storeFull(site); }, row);
  });
  if (region.partials().empty())
    return;
  if (!sumsInMemory()) {
    for (int64_t step = 0; step < tile.steps(); ++step) {
      Value vector = kernel.add(member, step * tile.team);
      Value column = kernel.add(firstColumn, kernel.mul(vector, tile.lanes));
      addPartials(step, {row, column},
                  kernel.both(valid, insideAt(step, vector)), sums);
    }
    return;
  }
  // One team: the thread alone reads and writes its columns of the sums.
  Value isFirst = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, row,
                                        kernel.mul(rowBlock, tile.rows));
  kernel.when(valid, [&] {
    forColumns(
        [&](int64_t, const Site &site) {
          for (auto [partial, number] : region.partials()) {
            Value value = region.vectorAt(partial.getInput(), site);
            Value memref = region.resultBuffer(number);
            Value at = kernel.add(kernel.mul(rowBlock, columns), site.column);
            Value before = region.loadVector(memref, at);
            before = arith::SelectOp::create(builder, isFirst, region.zero(),
                                             before);
            region.storeVector(arith::AddFOp::create(builder, before, value),
                               memref, at);
          }
        },
        row);
  });
}

/// Adds the values at a site to the thread's sums, where `valid`.
void RowwiseGenerator::addPartials(int64_t step, const Site &site, Value valid,
                                   Vectors &sums) {
  size_t count = region.partials().size();
  auto add = [&] {
    Vectors next;
    region.enter(/*keepRows=*/true);
    for (size_t number = 0; number < count; ++number) {
      ReducePartialOp partial = region.partials()[number].first;
      next.push_back(
          arith::AddFOp::create(builder, sums[step * count + number],
                                region.vectorAt(partial.getInput(), site)));
    }
    return next;
  };
  Vectors next;
  if (!valid) {
    next = add();
  } else {
    auto begin = sums.begin() + step * count;
    Vectors before(begin, begin + count);
    auto choice = scf::IfOp::create(
        builder, valid,
        [&](OpBuilder &, Location) { scf::YieldOp::create(builder, add()); },
        [&](OpBuilder &, Location) { scf::YieldOp::create(builder, before); });
    next.assign(choice.result_begin(), choice.result_end());
  }
  std::copy(next.begin(), next.end(), sums.begin() + step * count);
}

void RowwiseGenerator::storePartials(ValueRange sums) {
  size_t count = region.partials().size();
  for (size_t number = 0; number < count; ++number) {
    if (tile.teams() > 1) {
      combineTeams(sums, number);
      continue;
    }
    for (int64_t step = 0; step < tile.steps(); ++step) {
      Value vector = kernel.add(member, step * tile.team);
      kernel.when(insideAt(step, vector), [&, step = step] {
        Value column = kernel.add(firstColumn, kernel.mul(vector, tile.lanes));
        region.storeVector(
            sums[step * count + number],
            region.resultBuffer(region.partials()[number].second),
            kernel.add(kernel.mul(rowBlock, columns), column));
      });
    }
  }
}

/// Adds one partial sum over the teams: through shared memory, each vector by
/// one thread.
void RowwiseGenerator::combineTeams(ValueRange sums, size_t number) {
  size_t count = region.partials().size();
  Value shared = reduction.sharedSums(tile.teams() * tile.columns);
  kernel.barrier(); // the sums before these have been read
  for (int64_t step = 0; step < tile.steps(); ++step) {
    Value vector = kernel.add(member, step * tile.team);
    kernel.when(insideAt(step, vector), [&, step = step] {
      Value at = kernel.add(kernel.mul(team, tile.columns),
                            kernel.mul(vector, tile.lanes));
      kernel.store(sums[step * count + number], shared, at);
    });
  }
  kernel.barrier();
  kernel.forRange(
      thread, kernel.index(tile.vectors()), tile.threads, [&](Value vector) {
        Value lane = kernel.mul(vector, tile.lanes);
        Value column = kernel.add(firstColumn, lane);
        Value inside;
        if (columns % tile.columns != 0)
          inside = kernel.within(column, columns);
        kernel.when(inside, [&] {
          Value sum = kernel.load(shared, lane, tile.lanes);
          for (int64_t other = 1; other < tile.teams(); ++other)
            sum = arith::AddFOp::create(
                builder, sum,
                kernel.load(shared, kernel.add(lane, other * tile.columns),
                            tile.lanes));
          region.storeVector(
              sum, region.resultBuffer(region.partials()[number].second),
              kernel.add(kernel.mul(rowBlock, columns), column));
        });
      });
}

/// Whether a row value depends only on reductions that are known by now.
bool RowwiseGenerator::isReady(Value value) {
  Operation *defining = value.getDefiningOp();
  if (!defining)
    return true;
  if (auto reduce = dyn_cast<ReduceOp>(defining))
    return known.contains(reduce);
  return llvm::all_of(defining->getOperands(),
                      [&](Value operand) { return isReady(operand); });
}

/// Computes the row values that the next pass reads, outside of its loop.
void RowwiseGenerator::computeRowValues(Value row) {
  op.getBody().walk([&](BroadcastOp broadcast) {
    Value input = broadcast.getInput();
    if (region.isFull(broadcast.getOutput()) && region.isRow(input) &&
        !isa<BlockArgument>(input) &&
        !input.getDefiningOp<arith::ConstantOp>() && isReady(input))
      region.scalarAt(input, row);
  });
}

void RowwiseGenerator::emitReductions(ArrayRef<ReduceOp> reductions,
                                      Value row) {
  computeRowValues(row);
  Vectors sums;
  for (ReduceOp reduce : reductions)
    sums.push_back(kernel.splat(
        builder.getF32FloatAttr(TeamReduction::neutral(reduce.getKind())),
        tile.lanes));
  auto step = [&](const Site &site, ValueRange carried) {
    region.enter(/*keepRows=*/true);
    Vectors next;
    for (auto [number, sum] : llvm::enumerate(carried)) {
      ReduceOp reduce = reductions[number];
      next.push_back(reduction.combine(
          reduce.getKind(), sum, region.vectorAt(reduce.getInput(), site)));
    }
    return next;
  };
  auto stepWhere = [&](Value inside, const Site &site, ValueRange carried) {
    if (!inside)
      return step(site, carried);
    auto choice = scf::IfOp::create(
        builder, inside,
        [&](OpBuilder &, Location) {
          scf::YieldOp::create(builder, step(site, carried));
        },
        [&](OpBuilder &, Location) { scf::YieldOp::create(builder, carried); });
    return Vectors(choice.result_begin(), choice.result_end());
  };
  auto siteOf = [&](Value vector) {
    return Site{row, kernel.add(firstColumn, kernel.mul(vector, tile.lanes))};
  };
  if (sumsInMemory()) {
    auto loop = scf::ForOp::create(
        builder, member, kernel.index(tile.vectors()), kernel.index(tile.team),
        sums, [&](OpBuilder &, Location, Value vector, ValueRange carried) {
          scf::YieldOp::create(builder, stepWhere(insideAt(-1, vector),
                                                  siteOf(vector), carried));
        });
    sums.assign(loop.result_begin(), loop.result_end());
  } else {
    for (int64_t number = 0; number < tile.steps(); ++number) {
      Value vector = kernel.add(member, number * tile.team);
      sums = stepWhere(insideAt(number, vector), siteOf(vector), sums);
    }
  }
  for (auto [number, sum] : llvm::enumerate(sums)) {
    ReduceOp reduce = reductions[number];
    region.bindRow(reduce.getOutput(), reduction.reduce(reduce.getKind(), sum));
    known.insert(reduce);
  }
}

std::string missing(KernelOp) { return ""; }

GpuLaunch launchOf(KernelOp kernel) {
  GpuRowwiseTile tile = tileOf(kernel);
  SmallVector<int64_t> space = iterationSpace(kernel);
  int64_t total = llvm::product_of(space);
  int64_t columns = tile.flat ? total : (space.empty() ? 1 : space.back());
  int64_t partials = 0, reductions = 0;
  for (Operation &op : kernel.getBody().front()) {
    partials += isa<ReducePartialOp>(op);
    reductions += isa<ReduceOp>(op);
  }
  GpuLaunch launch;
  launch.blocks = llvm::divideCeil(total / columns, tile.rows) *
                  llvm::divideCeil(columns, tile.columns);
  launch.threads = tile.threads;
  launch.sharedBytes = TeamReduction::sharedBytes(
      tile.team, tile.threads, reductions > 0,
      partials > 0 && tile.teams() > 1 ? tile.teams() * tile.columns : 0);
  return launch;
}

void emit(GpuKernelContext context) { RowwiseGenerator(context).run(); }

} // namespace

const GpuGenerator gpuRowwise = {missing, chooseGpuRowwiseTile,
                                 checkGpuRowwiseTile, launchOf, emit};

} // namespace bcssl
