//===- Contraction.cpp - matrix products with a packed right operand ------===//
//
// One tile covers `rows` rows and `panels` panels of 32 columns. Registers hold
// up to 14 x 32 results (AVX-512) or 6 x 16 (AVX2); rows are broadcast from
// memory, which x86 folds into or issues beside the FMA. The reduction runs in
// blocks, so that a block of the panel stays in the first-level cache for all
// rows of the tile; sums wait on the stack. The epilogue runs over them there,
// because keeping the accumulators live beside an erf spills.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/RegionEmitter.h"
#include "passes/codegen/cpu/Generators.h"
#include "passes/codegen/cpu/PartialSums.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace bcssl {
namespace {

/// Of a panel: 24 KiB with AVX-512, 12 with AVX2, which reads half a panel at a
/// time and so finds it in half of the cache's sets.
constexpr int64_t reductionBlock = 192;

class ContractionGenerator {
public:
  explicit ContractionGenerator(KernelContext context)
      : builder(context.builder), kernel(context.kernel),
        tileIndex(context.tile),
        anchor(cast<PackedContractOp>(anchorOf(context.kernel))),
        region(context.builder, context.kernel, context.buffers,
               iterationSpace(context.kernel)),
        rows(region.rowCount()), columns(region.columnCount()),
        depth(
            cast<RankedTensorType>(anchor.getPacked().getType()).getDimSize(1)),
        columnsAtOnce(2 * context.registers.lanes),
        block(equalPart(depth, reductionBlock)) {
    fromAttribute(kernel.getTileAttr(), tile);
    tile = fitTo(tile, context.registers);
  }

  void run();

private:
  void emitPanel(Value firstRow, Value panel, int64_t width);
  void emitRows(Value firstRow, int64_t count, Value panel, int64_t width);
  void emitBlock(Value firstRow, int64_t count, Value panel, int64_t width,
                 Value begin, Value end);
  void emitRegisterTile(Value firstRow, Value offset, int64_t registerRows,
                        Value panel, int64_t firstVector, int64_t vectors,
                        Value begin, Value end);
  void emitEpilogue(Value firstRow, int64_t count, Value panel, int64_t width);

  ImplicitLocOpBuilder &builder;
  KernelOp kernel;
  Value tileIndex;
  PackedContractOp anchor;
  RegionEmitter region;
  PartialSums partials{builder, region};
  int64_t rows, columns, depth;
  int64_t columnsAtOnce; ///< of a panel that registers hold
  int64_t block;         ///< of the reduction
  ContractionTile tile;
  Value scratch; ///< sums of the tile's rows in one panel
};

void ContractionGenerator::run() {
  auto scratchType =
      MemRefType::get({tile.rows * panelWidth}, builder.getF32Type());
  scratch = memref::AllocaOp::create(builder, scratchType, ValueRange{},
                                     builder.getI64IntegerAttr(64));
  int64_t panels = llvm::divideCeil(columns, panelWidth);
  int64_t wholePanels = columns / panelWidth;
  int64_t panelTiles = llvm::divideCeil(panels, tile.panels);
  Value rowTile =
      arith::DivUIOp::create(builder, tileIndex, region.index(panelTiles));
  Value panelTile =
      arith::RemUIOp::create(builder, tileIndex, region.index(panelTiles));
  Value firstRow = region.mul(rowTile, tile.rows);
  Value firstPanel = region.mul(panelTile, tile.panels);
  Value endPanel = arith::MinUIOp::create(
      builder, region.add(firstPanel, region.index(tile.panels)),
      region.index(panels));

  Value endWhole =
      arith::MinUIOp::create(builder, endPanel, region.index(wholePanels));
  if (!partials.empty())
    region.forRange(firstPanel, endPanel, 1,
                    [&](Value panel) { partials.clearPanel(rowTile, panel); });
  if (wholePanels > 0)
    region.forRange(firstPanel, endWhole, 1, [&](Value panel) {
      emitPanel(firstRow, panel, panelWidth);
    });
  if (wholePanels == panels)
    return;
  Value isLast = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq,
                                       endPanel, region.index(panels));
  scf::IfOp::create(builder, isLast, [&](OpBuilder &, Location) {
    emitPanel(firstRow, region.index(wholePanels), columns % panelWidth);
    scf::YieldOp::create(builder);
  });
}

/// The rows of a tile of one panel; the last tile may have fewer.
void ContractionGenerator::emitPanel(Value firstRow, Value panel,
                                     int64_t width) {
  int64_t rest = rows % tile.rows;
  if (rest == 0)
    return emitRows(firstRow, tile.rows, panel, width);
  if (rest == rows)
    return emitRows(firstRow, rest, panel, width);
  Value isLast = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq,
                                       firstRow, region.index(rows - rest));
  auto emit = [&](int64_t count) {
    return [&, count](OpBuilder &, Location) {
      emitRows(firstRow, count, panel, width);
      scf::YieldOp::create(builder);
    };
  };
  scf::IfOp::create(builder, isLast, emit(rest), emit(tile.rows));
}

void ContractionGenerator::emitRows(Value firstRow, int64_t count, Value panel,
                                    int64_t width) {
  Value none = region.index(0), all = region.index(depth);
  if (block == depth) {
    emitBlock(firstRow, count, panel, width, none, all);
  } else {
    region.forRange(
        none, region.index(count * panelWidth), vectorLanes, [&](Value at) {
          region.storeVector(region.zero(), scratch, at, vectorLanes);
        });
    region.forRange(none, all, block, [&](Value begin) {
      Value end = arith::MinUIOp::create(
          builder, region.add(begin, region.index(block)), all);
      emitBlock(firstRow, count, panel, width, begin, end);
    });
  }
  emitEpilogue(firstRow, count, panel, width);
}

/// One block of the reduction, in register tiles that differ by one row at
/// most: a small rest would leave most of the registers empty.
void ContractionGenerator::emitBlock(Value firstRow, int64_t count, Value panel,
                                     int64_t width, Value begin, Value end) {
  int64_t parts = llvm::divideCeil(count, tile.registerRows);
  int64_t smaller = count / parts, larger = count % parts;
  int64_t vectors = llvm::divideCeil(width, vectorLanes);
  int64_t atOnce = columnsAtOnce / vectorLanes;
  for (int64_t vector = 0; vector < vectors; vector += atOnce) {
    auto emit = [&](int64_t first, int64_t tiles, int64_t registerRows) {
      if (tiles == 0)
        return;
      Value last = region.index(first + tiles * registerRows);
      region.forRange(
          region.index(first), last, registerRows, [&](Value offset) {
            emitRegisterTile(firstRow, offset, registerRows, panel, vector,
                             std::min(atOnce, vectors - vector), begin, end);
          });
    };
    emit(0, larger, smaller + 1);
    emit(larger * (smaller + 1), parts - larger, smaller);
  }
}

/// Adds a block of the reduction to the sums of `registerRows` rows from
/// `offset` on.
void ContractionGenerator::emitRegisterTile(Value firstRow, Value offset,
                                            int64_t registerRows, Value panel,
                                            int64_t firstVector,
                                            int64_t vectors, Value begin,
                                            Value end) {
  Value lhs = region.buffer(anchor.getLhs());
  Value packed = region.buffer(anchor.getPacked());
  Value rowStart = region.mul(region.add(firstRow, offset), depth);
  Value panelStart = region.mul(panel, depth * panelWidth);
  Value sumStart = region.mul(offset, panelWidth);
  auto sumAt = [&](int64_t r, int64_t v) {
    return region.add(sumStart, region.index(r * panelWidth +
                                             (firstVector + v) * vectorLanes));
  };
  SmallVector<Value> before;
  for (int64_t r = 0; r < registerRows; ++r)
    for (int64_t v = 0; v < vectors; ++v)
      before.push_back(block == depth ? region.zero()
                                      : region.loadVector(scratch, sumAt(r, v),
                                                          vectorLanes));
  auto loop = scf::ForOp::create(
      builder, begin, end, region.index(1), before,
      [&](OpBuilder &, Location, Value k, ValueRange sums) {
        Value panelAt = region.add(panelStart, region.mul(k, panelWidth));
        SmallVector<Value> right;
        for (int64_t v = 0; v < vectors; ++v)
          right.push_back(region.loadVector(
              packed,
              region.add(panelAt,
                         region.index((firstVector + v) * vectorLanes)),
              vectorLanes));
        // One running index and constant offsets: they fold into addresses.
        Value rowAt = region.add(rowStart, k);
        SmallVector<Value> next;
        for (int64_t r = 0; r < registerRows; ++r) {
          Value at = region.add(rowAt, region.index(r * depth));
          Value left = region.splat(memref::LoadOp::create(builder, lhs, at));
          for (int64_t v = 0; v < vectors; ++v)
            next.push_back(vector::FMAOp::create(builder, left, right[v],
                                                 sums[r * vectors + v]));
        }
        scf::YieldOp::create(builder, next);
      });
  for (int64_t r = 0; r < registerRows; ++r)
    for (int64_t v = 0; v < vectors; ++v)
      region.storeVector(loop.getResult(r * vectors + v), scratch, sumAt(r, v),
                         vectorLanes);
}

void ContractionGenerator::emitEpilogue(Value firstRow, int64_t count,
                                        Value panel, int64_t width) {
  Value firstColumn = region.mul(panel, panelWidth);
  Value rowTile;
  if (!partials.empty())
    rowTile =
        arith::DivUIOp::create(builder, firstRow, region.index(tile.rows));
  region.forRange(region.index(0), region.index(count), 1, [&](Value r) {
    for (int64_t offset = 0; offset < width; offset += vectorLanes) {
      region.enter();
      Value at = region.add(region.mul(r, panelWidth), region.index(offset));
      region.bind(anchor.getOutput(),
                  region.loadVector(scratch, at, vectorLanes));
      Site site{region.add(firstRow, r),
                region.add(firstColumn, region.index(offset)),
                std::min(vectorLanes, width - offset)};
      region.storeFull(site);
      if (rowTile)
        partials.accumulate(site, rowTile);
    }
  });
}

} // namespace

void emitContraction(KernelContext context) {
  ContractionGenerator(context).run();
}

int64_t contractionTiles(KernelOp kernel) {
  ContractionTile tile;
  fromAttribute(kernel.getTileAttr(), tile);
  SmallVector<int64_t> space = iterationSpace(kernel);
  int64_t columns = space.pop_back_val();
  int64_t rows = 1;
  for (int64_t size : space)
    rows *= size;
  int64_t panels = llvm::divideCeil(columns, panelWidth);
  return llvm::divideCeil(rows, tile.rows) *
         llvm::divideCeil(panels, tile.panels);
}

} // namespace bcssl
