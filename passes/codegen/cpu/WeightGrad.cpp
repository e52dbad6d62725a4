//===- WeightGrad.cpp - contractions over the rows of both operands -------===//
//
// result[n,k] = sum over m of left[m,n] * right[m,k]. One tile covers a block
// of the result and runs over m in blocks that stay in the second-level cache;
// between blocks the sums rest in the result itself. Neither operand is packed:
// left elements are broadcast, right elements are vectors, both contiguous.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/cpu/Generators.h"
#include "passes/codegen/cpu/RegionEmitter.h"

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
        region(context.builder, context.kernel, context.buffers, iterationSpace(context.kernel)),
        rows(region.rowCount()), columns(region.columnCount()),
        depth(cast<RankedTensorType>(anchor.getLhs().getType()).getNumElements() / rows),
        result(region.resultBuffer(0)) {
    fromAttribute(context.kernel.getTileAttr(), tile);
  }

  void run();

private:
  void emitBlock(Value firstRow, Value endRow, Value firstColumn, Value begin, Value end,
                 bool isFirst);
  void emitColumns(Value firstRow, int64_t registerRows, Value firstColumn, Value begin, Value end,
                   bool isFirst);
  void emitRegisterTile(Value row, int64_t registerRows, Value column, int64_t width, Value begin,
                        Value end, bool isFirst);

  ImplicitLocOpBuilder &builder;
  Value tileIndex;
  ContractOp anchor;
  RegionEmitter region;
  int64_t rows, columns, depth;
  Value result;
  WeightGradTile tile;
};

void WeightGradGenerator::run() {
  int64_t columnTiles = llvm::divideCeil(columns, tile.columns);
  Value rowTile = arith::DivUIOp::create(builder, tileIndex, region.index(columnTiles));
  Value columnTile = arith::RemUIOp::create(builder, tileIndex, region.index(columnTiles));
  Value firstRow = region.mul(rowTile, tile.rows);
  Value endRow = arith::MinUIOp::create(builder, region.add(firstRow, region.index(tile.rows)),
                                        region.index(rows));
  Value firstColumn = region.mul(columnTile, tile.columns);
  int64_t first = std::min(tile.block, depth);
  emitBlock(firstRow, endRow, firstColumn, region.index(0), region.index(first), true);
  if (first == depth)
    return;
  scf::ForOp::create(builder, region.index(first), region.index(depth), region.index(tile.block),
                     ValueRange{}, [&](OpBuilder &, Location, Value begin, ValueRange) {
                       Value end = arith::MinUIOp::create(
                           builder, region.add(begin, region.index(tile.block)),
                           region.index(depth));
                       emitBlock(firstRow, endRow, firstColumn, begin, end, false);
                       scf::YieldOp::create(builder);
                     });
}

void WeightGradGenerator::emitBlock(Value firstRow, Value endRow, Value firstColumn, Value begin,
                                    Value end, bool isFirst) {
  int64_t rest = rows % tile.registerRows;
  int64_t wholeRows = rows - rest;
  if (wholeRows > 0) {
    Value endWhole = arith::MinUIOp::create(builder, endRow, region.index(wholeRows));
    scf::ForOp::create(builder, firstRow, endWhole, region.index(tile.registerRows), ValueRange{},
                       [&](OpBuilder &, Location, Value row, ValueRange) {
                         emitColumns(row, tile.registerRows, firstColumn, begin, end, isFirst);
                         scf::YieldOp::create(builder);
                       });
  }
  if (rest == 0)
    return;
  Value isLast = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, endRow,
                                       region.index(rows));
  scf::IfOp::create(builder, isLast, [&](OpBuilder &, Location) {
    emitColumns(region.index(wholeRows), rest, firstColumn, begin, end, isFirst);
    scf::YieldOp::create(builder);
  });
}

void WeightGradGenerator::emitColumns(Value row, int64_t registerRows, Value firstColumn,
                                      Value begin, Value end, bool isFirst) {
  int64_t whole = columns / panelWidth * panelWidth;
  Value endColumn = arith::MinUIOp::create(
      builder, region.add(firstColumn, region.index(tile.columns)), region.index(columns));
  if (whole > 0) {
    Value endWhole = arith::MinUIOp::create(builder, endColumn, region.index(whole));
    scf::ForOp::create(builder, firstColumn, endWhole, region.index(panelWidth), ValueRange{},
                       [&](OpBuilder &, Location, Value column, ValueRange) {
                         emitRegisterTile(row, registerRows, column, panelWidth, begin, end,
                                          isFirst);
                         scf::YieldOp::create(builder);
                       });
  }
  if (whole == columns)
    return;
  Value isLast = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, endColumn,
                                       region.index(columns));
  scf::IfOp::create(builder, isLast, [&](OpBuilder &, Location) {
    emitRegisterTile(row, registerRows, region.index(whole), columns - whole, begin, end, isFirst);
    scf::YieldOp::create(builder);
  });
}

void WeightGradGenerator::emitRegisterTile(Value row, int64_t registerRows, Value column,
                                           int64_t width, Value begin, Value end, bool isFirst) {
  int64_t vectors = llvm::divideCeil(width, vectorLanes);
  auto lanesOf = [&](int64_t v) { return std::min(vectorLanes, width - v * vectorLanes); };
  auto resultAt = [&](int64_t r, int64_t v) {
    Value at = region.mul(region.add(row, region.index(r)), columns);
    return region.add(at, region.add(column, region.index(v * vectorLanes)));
  };
  SmallVector<Value> sums;
  for (int64_t r = 0; r < registerRows; ++r)
    for (int64_t v = 0; v < vectors; ++v)
      sums.push_back(isFirst ? region.zero()
                             : region.loadVector(result, resultAt(r, v), lanesOf(v)));
  Value left = region.buffer(anchor.getLhs()), right = region.buffer(anchor.getRhs());
  auto loop = scf::ForOp::create(
      builder, begin, end, region.index(1), sums,
      [&](OpBuilder &, Location, Value m, ValueRange carried) {
        Value rightAt = region.add(region.mul(m, columns), column);
        SmallVector<Value> rightVectors, next;
        for (int64_t v = 0; v < vectors; ++v)
          rightVectors.push_back(region.loadVector(
              right, region.add(rightAt, region.index(v * vectorLanes)), lanesOf(v)));
        Value leftAt = region.add(region.mul(m, rows), row);
        for (int64_t r = 0; r < registerRows; ++r) {
          Value element = memref::LoadOp::create(builder, left,
                                                 region.add(leftAt, region.index(r)));
          Value repeated = region.splat(element);
          for (int64_t v = 0; v < vectors; ++v)
            next.push_back(vector::FMAOp::create(builder, repeated, rightVectors[v],
                                                 carried[r * vectors + v]));
        }
        scf::YieldOp::create(builder, next);
      });
  for (int64_t r = 0; r < registerRows; ++r)
    for (int64_t v = 0; v < vectors; ++v)
      region.storeVector(loop.getResult(r * vectors + v), result, resultAt(r, v), lanesOf(v));
}

} // namespace

void emitWeightGrad(KernelContext context) { WeightGradGenerator(context).run(); }

int64_t weightGradTiles(KernelOp kernel) {
  WeightGradTile tile;
  fromAttribute(kernel.getTileAttr(), tile);
  SmallVector<int64_t> space = iterationSpace(kernel);
  return llvm::divideCeil(space[0], tile.rows) * llvm::divideCeil(space[1], tile.columns);
}

} // namespace bcssl
