//===- Rowwise.cpp - pointwise kernels with row reductions ----------------===//
//
// For each row of the tile: one pass over the columns per level of row
// reductions (a reduction that needs another's result is one level higher),
// then a last pass that stores. Values of the whole shape are computed again in
// every pass: a row is in the first-level cache, and storing it would cost
// more.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/RegionEmitter.h"
#include "passes/codegen/cpu/Generators.h"
#include "passes/codegen/cpu/PartialSums.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace bcssl {
namespace {

class RowwiseGenerator {
public:
  explicit RowwiseGenerator(KernelContext context)
      : builder(context.builder), kernel(context.kernel),
        tileIndex(context.tile),
        region(context.builder, context.kernel, context.buffers,
               iterationSpace(context.kernel)) {
    fromAttribute(kernel.getTileAttr(), tile);
  }

  void run() {
    if (tile.flat)
      emitFlat();
    else
      emitRows();
  }

private:
  void emitFlat();
  void emitRows();
  void emitRow(Value row);
  void emitReductions(ArrayRef<ReduceOp> reductions, Value row);
  void forColumns(function_ref<void(const Site &)> body, Value row);
  bool isReady(Value value);
  void computeRowValues(Value row);
  Value maskTail(Value vector, Value neutral, int64_t lanes);

  ImplicitLocOpBuilder &builder;
  KernelOp kernel;
  Value tileIndex;
  RegionEmitter region;
  PartialSums partials{builder, region};
  RowwiseTile tile;
  DenseSet<Operation *> known; // reductions of this row so far
};

/// Runs over all elements as one long row: `rows` counts elements here.
void RowwiseGenerator::emitFlat() {
  int64_t total = region.rowCount() * region.columnCount();
  Value first = region.mul(tileIndex, tile.rows);
  // Without row or column operands the row number plays no part.
  auto emitAt = [&](Value column, int64_t lanes) {
    region.enter();
    region.storeFull(Site{region.index(0), column, lanes});
  };
  int64_t whole = total / vectorLanes * vectorLanes;
  Value end = arith::MinUIOp::create(
      builder, region.add(first, region.index(tile.rows)), region.index(whole));
  scf::ForOp::create(builder, first, end, region.index(vectorLanes),
                     ValueRange{},
                     [&](OpBuilder &, Location, Value column, ValueRange) {
                       emitAt(column, vectorLanes);
                       scf::YieldOp::create(builder);
                     });
  if (total == whole)
    return;
  Value isLast =
      arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, tileIndex,
                            region.index((total - 1) / tile.rows));
  scf::IfOp::create(builder, isLast, [&](OpBuilder &, Location) {
    emitAt(region.index(whole), total - whole);
    scf::YieldOp::create(builder);
  });
}

void RowwiseGenerator::emitRows() {
  if (!partials.empty())
    partials.clear(tileIndex, region.columnCount());
  Value first = region.mul(tileIndex, tile.rows);
  Value end = arith::MinUIOp::create(builder,
                                     region.add(first, region.index(tile.rows)),
                                     region.index(region.rowCount()));
  scf::ForOp::create(builder, first, end, region.index(1), ValueRange{},
                     [&](OpBuilder &, Location, Value row, ValueRange) {
                       emitRow(row);
                       scf::YieldOp::create(builder);
                     });
}

/// Calls `body` once in a loop over whole vectors and once for the rest.
void RowwiseGenerator::forColumns(function_ref<void(const Site &)> body,
                                  Value row) {
  int64_t columns = region.columnCount();
  int64_t whole = columns / vectorLanes * vectorLanes;
  if (whole == vectorLanes) {
    body(Site{row, region.index(0), vectorLanes});
  } else if (whole > 0) {
    scf::ForOp::create(builder, region.index(0), region.index(whole),
                       region.index(vectorLanes), ValueRange{},
                       [&](OpBuilder &, Location, Value column, ValueRange) {
                         body(Site{row, column, vectorLanes});
                         scf::YieldOp::create(builder);
                       });
  }
  if (whole != columns)
    body(Site{row, region.index(whole), columns - whole});
}

void RowwiseGenerator::emitRow(Value row) {
  region.enter();
  known.clear();
  for (ArrayRef<ReduceOp> level : reductionLevels(kernel))
    emitReductions(level, row);
  region.storeRows(row);
  computeRowValues(row);
  forColumns(
      [&](const Site &site) {
        region.enter(/*keepRows=*/true);
        region.storeFull(site);
        partials.accumulate(site, tileIndex);
      },
      row);
}

static Value combine(ImplicitLocOpBuilder &builder, ReduceOp reduce, Value a,
                     Value b) {
  if (reduce.getKind() == ReduceKind::Sum)
    return arith::AddFOp::create(builder, a, b);
  return arith::MaximumFOp::create(builder, a, b);
}

/// Whether a row value depends only on reductions that are known by now.
bool RowwiseGenerator::isReady(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return true;
  if (auto reduce = dyn_cast<ReduceOp>(op))
    return known.contains(reduce);
  return llvm::all_of(op->getOperands(),
                      [&](Value operand) { return isReady(operand); });
}

/// Computes the row values that the next pass reads, outside of its loop.
void RowwiseGenerator::computeRowValues(Value row) {
  kernel.getBody().walk([&](BroadcastOp op) {
    Value input = op.getInput();
    if (region.isFull(op.getOutput()) && region.isRow(input) &&
        !isa<BlockArgument>(input) &&
        !input.getDefiningOp<arith::ConstantOp>() && isReady(input))
      region.scalarAt(input, row);
  });
}

/// Replaces the lanes from `lanes` on, which a masked load left undefined.
Value RowwiseGenerator::maskTail(Value vector, Value neutral, int64_t lanes) {
  SmallVector<bool> active(vectorLanes, false);
  std::fill(active.begin(), active.begin() + lanes, true);
  Value mask = arith::ConstantOp::create(
      builder,
      DenseElementsAttr::get(
          VectorType::get({vectorLanes}, builder.getI1Type()), active));
  return arith::SelectOp::create(builder, mask, vector, neutral);
}

void RowwiseGenerator::emitReductions(ArrayRef<ReduceOp> reductions,
                                      Value row) {
  int64_t columns = region.columnCount();
  int64_t whole = columns / vectorLanes * vectorLanes;
  computeRowValues(row);

  auto neutral = [&](ReduceOp reduce) -> float {
    return reduce.getKind() == ReduceKind::Sum
               ? 0.0f
               : -std::numeric_limits<float>::infinity();
  };
  auto constant = [&](float value) -> Value {
    return arith::ConstantOp::create(
        builder, DenseElementsAttr::get(region.vectorType(),
                                        builder.getF32FloatAttr(value)));
  };
  SmallVector<Value> sums;
  for (ReduceOp reduce : reductions)
    sums.push_back(constant(neutral(reduce)));
  auto step = [&](const Site &site, ValueRange carried) {
    region.enter(/*keepRows=*/true);
    SmallVector<Value> next;
    for (auto [number, sum] : llvm::enumerate(carried)) {
      ReduceOp reduce = reductions[number];
      Value vector = region.vectorAt(reduce.getInput(), site);
      if (site.lanes != vectorLanes)
        vector = maskTail(vector, constant(neutral(reduce)), site.lanes);
      next.push_back(combine(builder, reduce, sum, vector));
    }
    return next;
  };
  if (whole == vectorLanes) {
    sums = step(Site{row, region.index(0), vectorLanes}, sums);
  } else if (whole > 0) {
    auto loop = scf::ForOp::create(
        builder, region.index(0), region.index(whole),
        region.index(vectorLanes), sums,
        [&](OpBuilder &, Location, Value column, ValueRange carried) {
          scf::YieldOp::create(builder,
                               step(Site{row, column, vectorLanes}, carried));
        });
    sums.assign(loop.result_begin(), loop.result_end());
  }
  if (whole != columns)
    sums = step(Site{row, region.index(whole), columns - whole}, sums);
  for (auto [number, sum] : llvm::enumerate(sums)) {
    ReduceOp reduce = reductions[number];
    auto kind = reduce.getKind() == ReduceKind::Sum
                    ? vector::CombiningKind::ADD
                    : vector::CombiningKind::MAXIMUMF;
    region.bindRow(reduce.getOutput(),
                   vector::ReductionOp::create(builder, kind, sum));
    known.insert(reduce);
  }
}

} // namespace

void emitRowwise(KernelContext context) { RowwiseGenerator(context).run(); }

int64_t rowwiseTiles(KernelOp kernel) {
  RowwiseTile tile;
  fromAttribute(kernel.getTileAttr(), tile);
  SmallVector<int64_t> space = iterationSpace(kernel);
  int64_t columns = space.empty() ? 1 : space.pop_back_val();
  int64_t rows = 1;
  for (int64_t size : space)
    rows *= size;
  return llvm::divideCeil(tile.flat ? rows * columns : rows, tile.rows);
}

} // namespace bcssl
