//===- Rowwise.cpp - pointwise kernels with row reductions ----------------===//
//
// A team of threads shares a row, each thread with vectors of columns a team's
// width apart; a team works on several rows together. As on the CPU there is
// one pass over the row per level of row reductions and a last one that stores;
// the row comes from the first-level cache then, or stands in registers where
// the passes are unrolled. All loads come before the first store, which might
// change what they read for all that the compiler knows. Sums of a row are
// butterflies, whose order is the same in every thread. Partial column sums
// stay in registers over all rows of the block; those of several teams are
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

  /// A row that a team works on. Where it has none left it computes the last
  /// one again and stores nothing: `valid` is null where it always has.
  struct Row {
    Value index, valid;
    RegionEmitter region;
  };

  /// A vector of columns of the thread, the number `step` of its row. Where
  /// there is none it reads the last one again and `inside` is false; null
  /// where there always is.
  struct Columns {
    int64_t step;
    Value first, inside;
  };

  Columns columnsAt(int64_t step, Value vector, bool mayBeBeyond);
  Vectors
  overColumns(ValueRange carried,
              llvm::function_ref<Vectors(ArrayRef<Columns>, ValueRange)> body);
  Row rowAt(Value number);
  void emitRows(MutableArrayRef<Row> rows, Vectors &sums);
  void emitReductions(ArrayRef<ReduceOp> reductions, MutableArrayRef<Row> rows);
  Vectors finish(MutableArrayRef<Row> rows, ArrayRef<Columns> columns,
                 ValueRange sums);
  void computeRowValues(Row &row);
  void computeResults(RegionEmitter &region, const Site &site);
  bool isReady(Value value);
  Value addPartial(RegionEmitter &region, ReducePartialOp partial,
                   const Site &site, Value valid, Value sum);
  void addInMemory(RegionEmitter &region, const Site &site);
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
  Value rowBlock, firstRow, firstColumn;
  DenseSet<Operation *> known; // reductions of these rows so far
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
  firstRow = kernel.mul(rowBlock, tile.rows);

  Vectors none;
  if (!sumsInMemory())
    none.assign(region.partials().size() * tile.steps(), region.zero());
  int64_t steps = llvm::divideCeil(tile.rows, tile.teams() * tile.together);
  auto loop = scf::ForOp::create(
      builder, kernel.index(0), kernel.index(steps), kernel.index(1), none,
      [&](OpBuilder &, Location, Value step, ValueRange before) {
        std::vector<Row> together;
        for (int64_t number = 0; number < tile.together; ++number)
          together.push_back(
              rowAt(kernel.add(kernel.mul(step, tile.together), number)));
        Vectors sums(before);
        emitRows(together, sums);
        scf::YieldOp::create(builder, sums);
      });
  if (!region.partials().empty() && !sumsInMemory())
    storePartials(loop.getResults());
}

/// The team's row of this number in the block. All threads of a warp take part
/// in its shuffles, so every team has one.
RowwiseGenerator::Row RowwiseGenerator::rowAt(Value number) {
  Value local = kernel.add(kernel.mul(number, tile.teams()), team), valid;
  if (tile.rows % (tile.teams() * tile.together) != 0) {
    valid = kernel.within(local, tile.rows);
    local = kernel.min(local, kernel.index(tile.rows - 1));
  }
  Value index = kernel.add(firstRow, local);
  if (rows % tile.rows != 0) {
    valid = kernel.both(valid, kernel.within(index, rows));
    index = kernel.min(index, kernel.index(rows - 1));
  }
  return {rows == 1 ? kernel.index(0) : index, valid, region};
}

RowwiseGenerator::Columns
RowwiseGenerator::columnsAt(int64_t step, Value vector, bool mayBeBeyond) {
  Value inside;
  if (mayBeBeyond) {
    inside = kernel.within(vector, tile.vectors());
    vector = kernel.min(vector, kernel.index(tile.vectors() - 1));
  }
  Value first = kernel.add(firstColumn, kernel.mul(vector, tile.lanes));
  if (columns % tile.columns != 0) {
    inside = kernel.both(inside, kernel.within(first, columns));
    first = kernel.min(first, kernel.index(columns - tile.lanes));
  }
  return {step, first, inside};
}

/// Emits the body for the thread's vectors of a row: for all at once, or in a
/// loop for a few at a time.
RowwiseGenerator::Vectors RowwiseGenerator::overColumns(
    ValueRange carried,
    llvm::function_ref<Vectors(ArrayRef<Columns>, ValueRange)> body) {
  SmallVector<Columns> places;
  if (!sumsInMemory()) {
    for (int64_t step = 0; step < tile.steps(); ++step)
      places.push_back(columnsAt(step, kernel.add(member, step * tile.team),
                                 (step + 1) * tile.team > tile.vectors()));
    return body(places, carried);
  }
  // Of 1,024 threads each has few registers, and ptxas unrolls the loop.
  int64_t atOnce = tile.threads > 512 ? 1 : rowwiseUnrolled / 2;
  int64_t stride = tile.team * atOnce;
  auto loop = scf::ForOp::create(
      builder, member, kernel.index(tile.vectors()), kernel.index(stride),
      carried, [&](OpBuilder &, Location, Value vector, ValueRange before) {
        for (int64_t step = 0; step < atOnce; ++step)
          places.push_back(columnsAt(step, kernel.add(vector, step * tile.team),
                                     step > 0 && tile.vectors() % stride != 0));
        scf::YieldOp::create(builder, body(places, before));
      });
  return Vectors(loop.getResults());
}

void RowwiseGenerator::emitRows(MutableArrayRef<Row> rows, Vectors &sums) {
  known.clear();
  for (ArrayRef<ReduceOp> level : reductionLevels(op))
    emitReductions(level, rows);
  auto yield = cast<YieldOp>(op.getBody().front().getTerminator());
  for (Row &row : rows) {
    computeRowValues(row);
    for (Value value : yield.getValues())
      if (row.region.isRow(value) && !row.region.isFull(value) &&
          !value.getDefiningOp<ReducePartialOp>())
        row.region.scalarAt(value, row.index);
  }
  sums = overColumns(sums, [&](ArrayRef<Columns> columns, ValueRange before) {
    return finish(rows, columns, before);
  });
  if (!hasRowResults(op))
    return;
  Value first = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, member,
                                      kernel.index(0));
  for (Row &row : rows)
    kernel.when(kernel.both(row.valid, first),
                [&] { row.region.storeRows(row.index); });
}

/// Computes and stores the results at these columns of all rows. Returns the
/// sums with theirs added, if those stand in registers.
RowwiseGenerator::Vectors RowwiseGenerator::finish(MutableArrayRef<Row> rows,
                                                   ArrayRef<Columns> columns,
                                                   ValueRange sums) {
  Vectors after(sums);
  size_t count = region.partials().size();
  // Results of a kernel that loads nothing need not wait for each other.
  bool readsRows = llvm::any_of(op.getBody().getArguments(), [&](Value value) {
    return region.isFull(value);
  });
  std::vector<RegionEmitter> regions;
  for (Row &row : rows)
    for (const Columns &place : columns) {
      regions.push_back(row.region);
      RegionEmitter &region = regions.back();
      region.enter(/*keepRows=*/true);
      Site site{row.index, place.first};
      if (readsRows)
        computeResults(region, site);
      for (auto [number, partial] : llvm::enumerate(region.partials()))
        if (!sumsInMemory()) {
          Value &sum = after[place.step * count + number];
          sum = addPartial(region, partial.first, site, row.valid, sum);
        }
    }
  auto next = regions.begin();
  for (Row &row : rows)
    kernel.when(row.valid, [&] {
      for (const Columns &place : columns) {
        RegionEmitter &region = *next++;
        kernel.when(place.inside, [&] {
          Site site{row.index, place.first};
          region.storeFull(site);
          if (sumsInMemory())
            addInMemory(region, site);
        });
      }
    });
  return after;
}

/// Computes what `storeFull` stores, and what is summed over rows.
void RowwiseGenerator::computeResults(RegionEmitter &region, const Site &site) {
  auto yield = cast<YieldOp>(op.getBody().front().getTerminator());
  for (Value value : yield.getValues()) {
    if (auto partial = value.getDefiningOp<ReducePartialOp>())
      region.vectorAt(partial.getInput(), site);
    else if (region.isFull(value))
      region.vectorAt(value, site);
  }
}

/// The sum with the value at a site added, where `valid`.
Value RowwiseGenerator::addPartial(RegionEmitter &region,
                                   ReducePartialOp partial, const Site &site,
                                   Value valid, Value sum) {
  Value more = arith::AddFOp::create(builder, sum,
                                     region.vectorAt(partial.getInput(), site));
  return valid ? Value(arith::SelectOp::create(builder, valid, more, sum))
               : more;
}

/// Adds the values at a site to the sums in memory. There is one team then, and
/// a thread alone reads and writes its columns.
void RowwiseGenerator::addInMemory(RegionEmitter &region, const Site &site) {
  Value isFirst = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq,
                                        site.row, firstRow);
  for (auto [partial, number] : region.partials()) {
    Value memref = region.resultBuffer(number);
    Value at = kernel.add(kernel.mul(rowBlock, columns), site.column);
    Value before = region.loadVector(memref, at);
    before = arith::SelectOp::create(builder, isFirst, region.zero(), before);
    Value sum = arith::AddFOp::create(
        builder, before, region.vectorAt(partial.getInput(), site));
    region.storeVector(sum, memref, at);
  }
}

void RowwiseGenerator::storePartials(ValueRange sums) {
  size_t count = region.partials().size();
  for (size_t number = 0; number < count; ++number) {
    if (tile.teams() > 1) {
      combineTeams(sums, number);
      continue;
    }
    overColumns({}, [&](ArrayRef<Columns> places, ValueRange) {
      for (const Columns &place : places)
        kernel.when(place.inside, [&] {
          region.storeVector(
              sums[place.step * count + number],
              region.resultBuffer(region.partials()[number].second),
              kernel.add(kernel.mul(rowBlock, columns), place.first));
        });
      return Vectors();
    });
  }
}

/// Adds one partial sum over the teams: through shared memory, each vector by
/// one thread.
void RowwiseGenerator::combineTeams(ValueRange sums, size_t number) {
  size_t count = region.partials().size();
  Value shared = reduction.sharedSums(tile.teams() * tile.columns);
  kernel.barrier(); // the sums before these have been read
  overColumns({}, [&](ArrayRef<Columns> places, ValueRange) {
    for (const Columns &place : places)
      kernel.when(place.inside, [&] {
        Value at = kernel.add(kernel.mul(team, tile.columns),
                              kernel.sub(place.first, firstColumn));
        kernel.store(sums[place.step * count + number], shared, at);
      });
    return Vectors();
  });
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
void RowwiseGenerator::computeRowValues(Row &row) {
  op.getBody().walk([&](BroadcastOp broadcast) {
    Value input = broadcast.getInput();
    if (region.isFull(broadcast.getOutput()) && region.isRow(input) &&
        !isa<BlockArgument>(input) &&
        !input.getDefiningOp<arith::ConstantOp>() && isReady(input))
      row.region.scalarAt(input, row.index);
  });
}

void RowwiseGenerator::emitReductions(ArrayRef<ReduceOp> reductions,
                                      MutableArrayRef<Row> rows) {
  Vectors neutral, sums;
  for (ReduceOp reduce : reductions)
    neutral.push_back(kernel.splat(
        builder.getF32FloatAttr(TeamReduction::neutral(reduce.getKind())),
        tile.lanes));
  for (Row &row : rows) {
    computeRowValues(row);
    llvm::append_range(sums, neutral);
  }
  auto add = [&](ArrayRef<Columns> columns, ValueRange before) {
    Vectors after(before);
    for (auto [place, row] : llvm::enumerate(rows))
      for (const Columns &at : columns) {
        row.region.enter(/*keepRows=*/true);
        for (size_t number = 0; number < reductions.size(); ++number) {
          ReduceOp reduce = reductions[number];
          Value value =
              row.region.vectorAt(reduce.getInput(), {row.index, at.first});
          if (at.inside)
            value = arith::SelectOp::create(builder, at.inside, value,
                                            neutral[number]);
          Value &sum = after[place * reductions.size() + number];
          sum = reduction.combine(reduce.getKind(), sum, value);
        }
      }
    return after;
  };
  sums = overColumns(sums, add);
  auto sum = sums.begin();
  for (Row &row : rows)
    for (ReduceOp reduce : reductions)
      row.region.bindRow(reduce.getOutput(),
                         reduction.reduce(reduce.getKind(), *sum++));
  for (ReduceOp reduce : reductions)
    known.insert(reduce);
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
