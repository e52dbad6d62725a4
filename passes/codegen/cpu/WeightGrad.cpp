//===- WeightGrad.cpp - contractions over the rows of both operands -------===//
//
// result[n,k] = sum over m of left[m,n] * right[m,k]. One tile covers a block
// of the result and runs over m in blocks. The tile's columns of both operands
// are copied to the stack block by block, the right ones in stripes that are
// read from end to end: read in place, rows that lie a power of two apart fall
// into a few sets of the first-level cache (73 against 128 GFLOP/s for
// 6272 x (192, 768) on one Sapphire Rapids core).
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/RegionEmitter.h"
#include "passes/codegen/cpu/Generators.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace bcssl {
namespace {

class WeightGradGenerator {
public:
  explicit WeightGradGenerator(KernelContext context)
      : builder(context.builder), tileIndex(context.tile),
        anchor(cast<ContractOp>(anchorOf(context.kernel))),
        region(context.builder, context.kernel, context.buffers,
               iterationSpace(context.kernel)),
        rows(region.rowCount()), columns(region.columnCount()),
        depth(
            cast<RankedTensorType>(anchor.getLhs().getType()).getNumElements() /
            rows) {
    fromAttribute(context.kernel.getTileAttr(), tile);
    tile = fitTo(tile, context.registers);
    columnsAtOnce = 2 * context.registers.lanes;
    // An odd number of cache lines: all sets take part, whatever the block.
    int64_t vectors = llvm::divideCeil(tile.rows, vectorLanes);
    leftStride = (vectors | 1) * vectorLanes;
  }

  void run();

private:
  Value allocate(int64_t elements);
  /// Where columns of a block are copied to: [columns / width, block, width].
  struct Stripes {
    Value memref;
    int64_t columns, width;
  };
  void copyColumns(Value from, int64_t fromColumns, Value firstColumn,
                   int64_t tileColumns, const Stripes &to, Value begin,
                   Value end);
  void emitRows(int64_t begin, int64_t tiles, int64_t registerRows,
                Value length);
  void emitRegisterTile(Value row, Value column, Value length,
                        int64_t registerRows);
  void storeResult(Value firstRow, Value firstColumn);

  ImplicitLocOpBuilder &builder;
  Value tileIndex;
  ContractOp anchor;
  RegionEmitter region;
  int64_t rows, columns, depth;
  WeightGradTile tile;
  int64_t columnsAtOnce;   ///< that registers hold
  int64_t leftStride;      ///< at least the rows of the tile
  Value left, right, sums; ///< on the stack: [block, leftStride], stripes of
                           ///< columnsAtOnce, [rows, columns]
};

Value WeightGradGenerator::allocate(int64_t elements) {
  return memref::AllocaOp::create(
      builder, MemRefType::get({elements}, builder.getF32Type()), ValueRange{},
      builder.getI64IntegerAttr(64));
}

void WeightGradGenerator::run() {
  left = allocate(tile.block * leftStride);
  right = allocate(tile.block * tile.columns);
  sums = allocate(tile.rows * tile.columns);
  int64_t columnTiles = llvm::divideCeil(columns, tile.columns);
  Value rowTile =
      arith::DivUIOp::create(builder, tileIndex, region.index(columnTiles));
  Value columnTile =
      arith::RemUIOp::create(builder, tileIndex, region.index(columnTiles));
  Value firstRow = region.mul(rowTile, tile.rows);
  Value firstColumn = region.mul(columnTile, tile.columns);
  Value none = region.index(0);
  region.forRange(none, region.index(tile.rows * tile.columns), vectorLanes,
                  [&](Value at) {
                    region.storeVector(region.zero(), sums, at, vectorLanes);
                  });
  region.forRange(none, region.index(depth), tile.block, [&](Value begin) {
    Value end = arith::MinUIOp::create(
        builder, region.add(begin, region.index(tile.block)),
        region.index(depth));
    Value length = arith::SubIOp::create(builder, end, begin);
    copyColumns(region.buffer(anchor.getLhs()), rows, firstRow, tile.rows,
                {left, leftStride, leftStride}, begin, end);
    copyColumns(region.buffer(anchor.getRhs()), columns, firstColumn,
                tile.columns, {right, tile.columns, columnsAtOnce}, begin, end);
    // Parts that differ by one row at most, as in Contraction.cpp.
    int64_t parts = llvm::divideCeil(tile.rows, tile.registerRows);
    int64_t smaller = tile.rows / parts, larger = tile.rows % parts;
    emitRows(0, larger, smaller + 1, length);
    emitRows(larger * (smaller + 1), parts - larger, smaller, length);
  });
  storeResult(firstRow, firstColumn);
}

/// Copies columns [firstColumn, +tileColumns) of rows [begin, end), zeros
/// beyond the last column.
void WeightGradGenerator::copyColumns(Value from, int64_t fromColumns,
                                      Value firstColumn, int64_t tileColumns,
                                      const Stripes &to, Value begin,
                                      Value end) {
  auto maskType = VectorType::get({vectorLanes}, builder.getI1Type());
  int64_t copied = llvm::alignTo(tileColumns, vectorLanes);
  bool whole = fromColumns % tileColumns == 0 && copied == tileColumns;
  SmallVector<Value> masks;
  for (int64_t offset = 0; offset < copied && !whole; offset += vectorLanes) {
    Value last = region.index(fromColumns);
    Value first = arith::MinUIOp::create(
        builder, region.add(firstColumn, region.index(offset)), last);
    masks.push_back(vector::CreateMaskOp::create(
        builder, maskType,
        ValueRange{arith::SubIOp::create(builder, last, first)}));
  }
  region.forRange(begin, end, 1, [&](Value m) {
    Value sourceAt = region.add(region.mul(m, fromColumns), firstColumn);
    Value rowAt =
        region.mul(arith::SubIOp::create(builder, m, begin), to.width);
    for (int64_t offset = 0; offset < copied; offset += vectorLanes) {
      Value at = region.add(sourceAt, region.index(offset));
      Value vector = whole ? region.loadVector(from, at, vectorLanes)
                           : Value(vector::MaskedLoadOp::create(
                                 builder, region.vectorType(), from, at,
                                 masks[offset / vectorLanes], region.zero()));
      int64_t stripe = offset / to.width * tile.block * to.width;
      region.storeVector(
          vector, to.memref,
          region.add(rowAt, region.index(stripe + offset % to.width)),
          vectorLanes);
    }
  });
}

void WeightGradGenerator::emitRows(int64_t begin, int64_t tiles,
                                   int64_t registerRows, Value length) {
  if (tiles == 0)
    return;
  Value end = region.index(begin + tiles * registerRows);
  region.forRange(region.index(begin), end, registerRows, [&](Value row) {
    region.forRange(region.index(0), region.index(tile.columns), columnsAtOnce,
                    [&](Value column) {
                      emitRegisterTile(row, column, length, registerRows);
                    });
  });
}

/// Adds one block to registerRows x columnsAtOnce sums.
void WeightGradGenerator::emitRegisterTile(Value row, Value column,
                                           Value length, int64_t registerRows) {
  int64_t vectors = columnsAtOnce / vectorLanes;
  auto sumAt = [&](int64_t r, int64_t v) {
    Value at = region.mul(region.add(row, region.index(r)), tile.columns);
    return region.add(at, region.add(column, region.index(v * vectorLanes)));
  };
  SmallVector<Value> carried;
  for (int64_t r = 0; r < registerRows; ++r)
    for (int64_t v = 0; v < vectors; ++v)
      carried.push_back(region.loadVector(sums, sumAt(r, v), vectorLanes));
  auto loop = scf::ForOp::create(
      builder, region.index(0), length, region.index(1), carried,
      [&](OpBuilder &, Location, Value m, ValueRange before) {
        Value rightAt = region.add(region.mul(column, tile.block),
                                   region.mul(m, columnsAtOnce));
        Value leftAt = region.add(region.mul(m, leftStride), row);
        SmallVector<Value> rightVectors, next;
        for (int64_t v = 0; v < vectors; ++v)
          rightVectors.push_back(region.loadVector(
              right, region.add(rightAt, region.index(v * vectorLanes)),
              vectorLanes));
        for (int64_t r = 0; r < registerRows; ++r) {
          Value element = memref::LoadOp::create(
              builder, left, region.add(leftAt, region.index(r)));
          Value repeated = region.splat(element);
          for (int64_t v = 0; v < vectors; ++v)
            next.push_back(vector::FMAOp::create(
                builder, repeated, rightVectors[v], before[r * vectors + v]));
        }
        scf::YieldOp::create(builder, next);
      });
  for (int64_t r = 0; r < registerRows; ++r)
    for (int64_t v = 0; v < vectors; ++v)
      region.storeVector(loop.getResult(r * vectors + v), sums, sumAt(r, v),
                         vectorLanes);
}

void WeightGradGenerator::storeResult(Value firstRow, Value firstColumn) {
  auto maskType = VectorType::get({vectorLanes}, builder.getI1Type());
  Value left = arith::SubIOp::create(builder, region.index(rows), firstRow);
  Value endRow = arith::MinUIOp::create(builder, left, region.index(tile.rows));
  region.forRange(region.index(0), endRow, 1, [&](Value row) {
    Value resultRow = region.mul(region.add(firstRow, row), columns);
    for (int64_t offset = 0; offset < tile.columns; offset += vectorLanes) {
      Value column = region.add(firstColumn, region.index(offset));
      Value last = region.index(columns);
      Value inside = arith::MinUIOp::create(builder, column, last);
      Value mask = vector::CreateMaskOp::create(
          builder, maskType,
          ValueRange{arith::SubIOp::create(builder, last, inside)});
      Value sum = region.loadVector(
          sums, region.add(region.mul(row, tile.columns), region.index(offset)),
          vectorLanes);
      vector::MaskedStoreOp::create(builder, region.resultBuffer(0),
                                    region.add(resultRow, column), mask, sum);
    }
  });
}

} // namespace

void emitWeightGrad(KernelContext context) {
  WeightGradGenerator(context).run();
}

int64_t weightGradTiles(KernelOp kernel) {
  WeightGradTile tile;
  fromAttribute(kernel.getTileAttr(), tile);
  SmallVector<int64_t> space = iterationSpace(kernel);
  return llvm::divideCeil(space[0], tile.rows) *
         llvm::divideCeil(space[1], tile.columns);
}

} // namespace bcssl
