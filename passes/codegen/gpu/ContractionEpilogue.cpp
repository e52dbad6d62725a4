//===- ContractionEpilogue.cpp - from sums to results ---------------------===//
//
// Fragments of sums are scattered over the threads. By way of shared memory
// each thread gets a run of neighbouring columns in a number of rows: loads and
// stores are wide, the body of the kernel is emitted for few sites rather than
// for every register, and column sums are added up along a thread's rows.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/KernelRegion.h"
#include "passes/codegen/gpu/Contraction.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <vector>

using namespace mlir;

namespace bcssl {

/// Columns of a thread's vector: 16 bytes of the narrowest tensor, or as many
/// as divide the columns.
static int64_t widthOf(KernelOp kernel, int64_t columns) {
  int64_t bits = 32;
  for (Type type : kernel->getResultTypes())
    bits = std::min<int64_t>(
        bits, cast<RankedTensorType>(type).getElementTypeBitWidth());
  int64_t width = bits < 32 ? 8 : 4;
  while (columns % width != 0)
    width /= 2;
  return width;
}

ContractionEpilogue::ContractionEpilogue(GpuKernelContext context,
                                         const GpuContractionShape &shape,
                                         const GpuContractionTile &tile,
                                         const ContractionBlock &block,
                                         int64_t padding)
    : builder(context.builder), kernel(context.builder), context(context),
      anchor(gpuContractionOf(context.kernel)), shape(shape), tile(tile),
      block(block), width(widthOf(context.kernel, shape.columns)),
      stride(tile.columns + padding) {
  int64_t threads = tile.threads(shape.elementBytes()),
          perRow = tile.columns / width;
  groups = threads / perRow;
  while (tile.rows % groups != 0)
    --groups;
  sums = kernel.sharedMemory(tile.rows * stride, builder.getF32Type());
  group = kernel.quotient(block.thread, perRow);
  inTile = kernel.mul(kernel.remainder(block.thread, perRow), width);
  column = kernel.add(block.firstColumn, inTile);
  if (groups * perRow != threads)
    takesRows = kernel.within(block.thread, groups * perRow);
  if (shape.columns % tile.columns != 0)
    takesRows = kernel.both(takesRows, kernel.within(column, shape.columns));
}

/// Where a column lies in its row. Eight threads that read every other piece of
/// 16 bytes would meet half of the banks: every second run of 32 columns has
/// its pieces exchanged in pairs.
Value ContractionEpilogue::place(Value column) {
  Value bit = arith::ShRUIOp::create(
      builder, arith::AndIOp::create(builder, column, kernel.index(32)),
      kernel.index(3));
  return arith::XOrIOp::create(builder, column, bit);
}

void ContractionEpilogue::put(Value vector, Value row, Value column) {
  kernel.store(vector, sums,
               kernel.add(kernel.mul(row, stride), place(column)));
}

/// The thread's columns of a row.
Value ContractionEpilogue::get(Value row) {
  Value at = kernel.mul(row, stride);
  constexpr int64_t piece = 4;
  if (width <= piece)
    return kernel.load(sums, kernel.add(at, place(inTile)), width);
  auto lanes = llvm::to_vector(llvm::seq<int64_t>(0, width));
  Value low = kernel.load(sums, kernel.add(at, place(inTile)), piece),
        high = kernel.load(
            sums, kernel.add(at, place(kernel.add(inTile, piece))), piece);
  return vector::ShuffleOp::create(builder, low, high, lanes);
}

RegionEmitter ContractionEpilogue::makeRegion() const {
  return RegionEmitter(builder, context.kernel, context.buffers,
                       iterationSpace(context.kernel),
                       VectorForm{.width = width, .aligned = true});
}

/// The thread's rows before `end`, `unroll` of them at a time. Gives the
/// thread's part of each column sum.
SmallVector<Value> ContractionEpilogue::emitLoop(Value end, int64_t unroll) {
  RegionEmitter first = makeRegion();
  auto yield = cast<YieldOp>(context.kernel.getBody().front().getTerminator());
  SmallVector<Value> zeros(first.partials().size(), first.zero());
  Value firstRow =
      kernel.add(kernel.mul(block.part, shape.rows), block.firstRow);
  auto loop = scf::ForOp::create(
      builder, group, end, kernel.index(groups * unroll), zeros,
      [&](OpBuilder &, Location, Value row, ValueRange before) {
        // All loads come before the first store, which might change what they
        // read for all that the compiler knows.
        std::vector<RegionEmitter> regions(unroll, first);
        SmallVector<Site> sites;
        for (auto [step, region] : llvm::enumerate(regions)) {
          Value inTileRow = kernel.add(row, step * groups);
          sites.push_back({kernel.add(firstRow, inTileRow), column});
          region.bind(anchor.getOutput(), get(inTileRow));
          for (Value value : yield.getValues())
            if (!value.getDefiningOp<ReducePartialOp>())
              region.vectorAt(value, sites.back());
        }
        SmallVector<Value> after(before);
        for (auto [region, site] : llvm::zip_equal(regions, sites)) {
          for (auto [sum, partial] :
               llvm::zip_equal(after, region.partials())) {
            Value term = region.vectorAt(
                ReducePartialOp(partial.first).getInput(), site);
            sum = arith::AddFOp::create(builder, sum, term);
          }
          region.storeFull(site);
        }
        scf::YieldOp::create(builder, after);
      });
  return SmallVector<Value>(loop.getResults());
}

void ContractionEpilogue::run() {
  kernel.barrier();
  constexpr int64_t mostUnrolled = 4;
  int64_t unroll = mostUnrolled;
  while (tile.rows % (groups * unroll) != 0)
    unroll /= 2;
  RegionEmitter region = makeRegion();
  auto choose = [&](Value condition, auto then, auto otherwise) {
    if (!condition)
      return then();
    auto choice = scf::IfOp::create(
        builder, condition,
        [&](OpBuilder &, Location) { scf::YieldOp::create(builder, then()); },
        [&](OpBuilder &, Location) {
          scf::YieldOp::create(builder, otherwise());
        });
    return SmallVector<Value>(choice.getResults());
  };
  Value isWhole;
  Value rowsLeft = kernel.sub(kernel.index(shape.rows), block.firstRow);
  if (shape.rows % tile.rows != 0)
    isWhole = arith::CmpIOp::create(builder, arith::CmpIPredicate::sge,
                                    rowsLeft, kernel.index(tile.rows));
  SmallVector<Value> partial = choose(
      takesRows,
      [&] {
        return choose(
            isWhole, [&] { return emitLoop(kernel.index(tile.rows), unroll); },
            [&] { return emitLoop(rowsLeft, 1); });
      },
      [&] {
        return SmallVector<Value>(region.partials().size(), region.zero());
      });
  storePartials(partial);
}

/// Adds up the column sums of all threads, in the order of their rows.
void ContractionEpilogue::storePartials(ArrayRef<Value> partial) {
  if (partial.empty())
    return;
  RegionEmitter region = makeRegion();
  kernel.barrier(); // all sums of the tile have been read
  int64_t size = groups * tile.columns;
  auto at = [&](Value group, int64_t number) {
    return kernel.add(kernel.add(kernel.mul(group, tile.columns), inTile),
                      number * size);
  };
  kernel.when(takesRows, [&] {
    for (auto [number, sum] : llvm::enumerate(partial))
      kernel.store(sum, sums, at(group, number));
  });
  kernel.barrier();
  Value isFirst = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq,
                                        group, kernel.index(0));
  kernel.when(kernel.both(isFirst, takesRows), [&] {
    Value to =
        kernel.add(kernel.mul(block.rowTile, region.columnCount()), column);
    for (auto [number, entry] : llvm::enumerate(region.partials())) {
      Value sum = kernel.load(sums, at(kernel.index(0), number), width);
      for (int64_t other = 1; other < groups; ++other)
        sum = arith::AddFOp::create(
            builder, sum,
            kernel.load(sums, at(kernel.index(other), number), width));
      region.storeVector(sum, region.resultBuffer(entry.second), to);
    }
  });
}

} // namespace bcssl
