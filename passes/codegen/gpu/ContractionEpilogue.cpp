//===- ContractionEpilogue.cpp - from sums to results ---------------------===//
//
// Fragments of sums are scattered over the threads. By way of shared memory
// each thread gets a run of neighbouring columns in a number of rows: loads and
// stores are wide, the body of the kernel is emitted for few sites rather than
// for every register, and column sums are added up along a thread's rows.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/gpu/Contraction.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace bcssl {

ContractionEpilogue::ContractionEpilogue(GpuKernelContext context,
                                         const GpuContractionShape &shape,
                                         const GpuContractionTile &tile,
                                         const ContractionBlock &block,
                                         int64_t padding)
    : builder(context.builder), kernel(context.builder),
      body(context, gpuContractionOf(context.kernel), shape.columns,
           /*mostWidth=*/8),
      shape(shape), tile(tile), block(block), width(body.width),
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

void ContractionEpilogue::run() {
  kernel.barrier();
  EpilogueRows::Piece piece{
      .rows = tile.rows,
      .row = group,
      .step = groups,
      .takesRows = takesRows,
      .firstRow =
          kernel.add(kernel.mul(block.part, shape.rows), block.firstRow),
      .column = column};
  if (shape.rows % tile.rows != 0)
    piece.rowsLeft = kernel.sub(kernel.index(shape.rows), block.firstRow);
  constexpr int64_t unroll = 4;
  storePartials(
      body.run(kernel, piece, unroll, [&](Value row) { return get(row); }));
}

/// Adds up the column sums of all threads, in the order of their rows.
void ContractionEpilogue::storePartials(ArrayRef<Value> partial) {
  if (partial.empty())
    return;
  RegionEmitter region = body.region();
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
