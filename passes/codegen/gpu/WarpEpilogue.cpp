//===- WarpEpilogue.cpp - from a warp's sums to results -------------------===//

#include "passes/codegen/gpu/WarpEpilogue.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace bcssl {

static constexpr int64_t pieceColumns = 32, chunk = 4; // of 16 bytes
static constexpr int64_t pieceElements = wgmmaWarpRows * pieceColumns;
static_assert(pieceElements * sizeof(float) == gpuWarpEpilogueBytes);

WarpEpilogue::WarpEpilogue(GpuKernelContext context, KernelBuilder &kernel,
                           const GpuContractionShape &shape,
                           const GpuContractionTile &tile, Value thread)
    : kernel(kernel),
      body(context, gpuContractionOf(context.kernel), shape.columns, chunk),
      shape(shape), tile(tile), warps(tile.rows / wgmmaWarpRows),
      perRow(pieceColumns / body.width), thread(thread) {
  memory =
      kernel.sharedMemory(warps * pieceElements, kernel.builder.getF32Type());
  Value warp = kernel.quotient(thread, 32);
  lane = kernel.remainder(thread, 32);
  firstRow = kernel.mul(warp, wgmmaWarpRows);
  begin = kernel.mul(warp, pieceElements);
  rowOfLane = kernel.quotient(lane, perRow);
  columnOfLane = kernel.mul(kernel.remainder(lane, perRow), body.width);
}

/// Rows are as long as all banks together. Chunks are moved so that those of
/// the four rows that half a warp stores meet different banks; who reads 16
/// bytes at a time meets them anyway.
Value WarpEpilogue::place(Value row, Value column) {
  Value moved =
      arith::XOrIOp::create(kernel.builder, kernel.quotient(column, chunk),
                            kernel.mul(kernel.remainder(row, 4), 2));
  return kernel.add(
      kernel.add(begin, kernel.mul(row, pieceColumns)),
      kernel.add(kernel.mul(moved, chunk), kernel.remainder(column, chunk)));
}

/// The lane's columns of a row.
Value WarpEpilogue::get(Value row) {
  return kernel.load(memory, place(row, columnOfLane), body.width);
}

/// One of the warp's column sums for each lane: of the vectors that lanes above
/// each other hold, a lane keeps the half that is its own, and sends the other
/// to where it belongs.
Value WarpEpilogue::addRows(Value vector) {
  ImplicitLocOpBuilder &builder = kernel.builder;
  SmallVector<Value> kept;
  for (int64_t i = 0; i < body.width; ++i)
    kept.push_back(vector::ExtractOp::create(builder, vector, i));
  for (int64_t half = body.width / 2; half >= 1; half /= 2) {
    Value isUpper = arith::CmpIOp::create(
        builder, arith::CmpIPredicate::eq,
        kernel.remainder(kernel.quotient(rowOfLane, half), 2), kernel.index(1));
    SmallVector<Value> sums;
    for (int64_t i = 0; i < half; ++i) {
      Value low = kept[i], high = kept[half + i];
      Value own = arith::SelectOp::create(builder, isUpper, high, low),
            other = arith::SelectOp::create(builder, isUpper, low, high);
      sums.push_back(arith::AddFOp::create(
          builder, own, kernel.shuffleXor(other, half * perRow)));
    }
    kept = sums;
  }
  return kept.front();
}

SmallVector<Value> WarpEpilogue::runPiece(const ContractionBlock &block,
                                          Value sums, int64_t first) {
  wgmmaForPairs(kernel, sums, lane, first, first + pieceColumns,
                [&](Value pair, Value row, Value column) {
                  Value inPiece = kernel.add(column, -first);
                  kernel.store(pair, memory, place(row, inPiece));
                });
  kernel.warpBarrier();
  EpilogueRows::Piece piece{
      .rows = wgmmaWarpRows,
      .row = rowOfLane,
      .step = 32 / perRow,
      .firstRow = kernel.add(
          kernel.add(kernel.mul(block.part, shape.rows), block.firstRow),
          firstRow),
      .column = kernel.add(kernel.add(block.firstColumn, first), columnOfLane)};
  if (shape.columns % tile.columns != 0)
    piece.takesRows = kernel.within(piece.column, shape.columns);
  if (shape.rows % tile.rows != 0)
    piece.rowsLeft = kernel.sub(kernel.index(shape.rows),
                                kernel.add(block.firstRow, firstRow));
  SmallVector<Value> partial = body.run(kernel, piece, /*unroll=*/1,
                                        [&](Value row) { return get(row); });
  for (Value &sum : partial)
    sum = addRows(sum);
  kernel.warpBarrier(); // the piece has been read
  return partial;
}

/// Adds up the column sums of all warps, in the order of their rows. A warp
/// puts its own, piece after piece, where its rows were.
void WarpEpilogue::storePartials(const ContractionBlock &block,
                                 ArrayRef<Value> partial) {
  ImplicitLocOpBuilder &builder = kernel.builder;
  RegionEmitter region = body.region();
  ArrayRef<RegionEmitter::Partial> sums = region.partials();
  auto count = static_cast<int64_t>(sums.size());
  auto rows =
      static_cast<int64_t>(ReducePartialOp(sums.front().first).getRows());
  Value own = kernel.add(begin, kernel.add(columnOfLane, rowOfLane));
  for (auto [number, sum] : llvm::enumerate(partial))
    memref::StoreOp::create(
        builder, sum, memory,
        kernel.add(own, static_cast<int64_t>(number) * pieceColumns));
  int64_t threads = warps * 32;
  kernel.barrierOfFirst(threads);
  // A thread for each column of each run of rows.
  Value inTile = kernel.remainder(thread, tile.columns),
        run = kernel.quotient(thread, tile.columns);
  Value column = kernel.add(block.firstColumn, inTile);
  Value firstRow = kernel.add(block.firstRow, kernel.mul(run, rows));
  Value hasSums = kernel.within(run, tile.rows / rows);
  if (shape.columns % tile.columns != 0)
    hasSums = kernel.both(hasSums, kernel.within(column, shape.columns));
  if (shape.rows % tile.rows != 0)
    hasSums = kernel.both(hasSums, kernel.within(firstRow, shape.rows));
  kernel.when(hasSums, [&] {
    int64_t warpsOfRun = rows / wgmmaWarpRows;
    Value from =
        kernel.add(kernel.mul(run, warpsOfRun * pieceElements),
                   kernel.add(kernel.mul(kernel.quotient(inTile, pieceColumns),
                                         count * pieceColumns),
                              kernel.remainder(inTile, pieceColumns)));
    Value to = kernel.add(
        kernel.mul(kernel.quotient(firstRow, rows), region.columnCount()),
        column);
    for (auto [number, entry] : llvm::enumerate(sums)) {
      Value sum;
      for (int64_t warp = 0; warp < warpsOfRun; ++warp) {
        int64_t further =
            warp * pieceElements + static_cast<int64_t>(number) * pieceColumns;
        Value one = kernel.load(memory, kernel.add(from, further), 1);
        sum = sum ? arith::AddFOp::create(builder, sum, one) : one;
      }
      region.storeVector(sum, region.resultBuffer(entry.second), to);
    }
  });
  kernel.barrierOfFirst(threads); // the sums have been read
}

void WarpEpilogue::run(const ContractionBlock &block, Value sums) {
  SmallVector<Value> partial;
  for (int64_t first = 0; first < tile.columns; first += pieceColumns)
    partial.append(runPiece(block, sums, first));
  if (!partial.empty())
    storePartials(block, partial);
}

} // namespace bcssl
