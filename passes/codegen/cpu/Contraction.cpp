//===- Contraction.cpp - matrix products with a packed right operand ------===//
//
// One tile covers `rows` rows and `panels` panels of 32 columns. Registers hold
// up to 14 x 32 results (AVX-512) or 6 x 16 (AVX2) over the whole reduction, so
// nothing is read back; rows are broadcast from memory, which x86 folds into or
// issues beside the FMA. The epilogue runs over a copy of the results on the
// stack, because keeping the accumulators live beside an erf spills.
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
        columnsAtOnce(2 * context.registers.lanes) {
    fromAttribute(kernel.getTileAttr(), tile);
    tile = fitTo(tile, context.registers);
  }

  void run();

private:
  void emitPanel(Value firstRow, Value panel, int64_t width);
  void emitRows(Value firstRow, int64_t count, Value panel, int64_t width);
  void emitRegisterTile(Value firstRow, Value panel, int64_t registerRows,
                        int64_t width);
  SmallVector<Value> emitReduction(Value firstRow, Value panel,
                                   int64_t registerRows, int64_t firstVector,
                                   int64_t vectors);
  void emitEpilogue(Value firstRow, Value panel, int64_t registerRows,
                    int64_t width);
  Site siteOf(Value row, Value panel, int64_t vector, int64_t width);

  ImplicitLocOpBuilder &builder;
  KernelOp kernel;
  Value tileIndex;
  PackedContractOp anchor;
  RegionEmitter region;
  int64_t rows, columns, depth;
  int64_t columnsAtOnce; ///< of a panel that registers hold
  ContractionTile tile;
  Value scratch;
};

void ContractionGenerator::run() {
  auto scratchType =
      MemRefType::get({tile.registerRows * panelWidth}, builder.getF32Type());
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
  if (region.hasPartials())
    scf::ForOp::create(builder, firstPanel, endPanel, region.index(1),
                       ValueRange{},
                       [&](OpBuilder &, Location, Value panel, ValueRange) {
                         region.clearPartials(rowTile, panel);
                         scf::YieldOp::create(builder);
                       });
  if (wholePanels > 0)
    scf::ForOp::create(builder, firstPanel, endWhole, region.index(1),
                       ValueRange{},
                       [&](OpBuilder &, Location, Value panel, ValueRange) {
                         emitPanel(firstRow, panel, panelWidth);
                         scf::YieldOp::create(builder);
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

/// `count` rows in register tiles that differ by one row at most: a small rest
/// would leave most of the registers empty.
void ContractionGenerator::emitRows(Value firstRow, int64_t count, Value panel,
                                    int64_t width) {
  int64_t parts = llvm::divideCeil(count, tile.registerRows);
  int64_t smaller = count / parts, larger = count % parts;
  auto emit = [&](int64_t begin, int64_t tiles, int64_t registerRows) {
    if (tiles == 0)
      return;
    scf::ForOp::create(builder, region.index(begin),
                       region.index(begin + tiles * registerRows),
                       region.index(registerRows), ValueRange{},
                       [&](OpBuilder &, Location, Value offset, ValueRange) {
                         emitRegisterTile(region.add(firstRow, offset), panel,
                                          registerRows, width);
                         scf::YieldOp::create(builder);
                       });
  };
  emit(0, larger, smaller + 1);
  emit(larger * (smaller + 1), parts - larger, smaller);
}

SmallVector<Value> ContractionGenerator::emitReduction(Value firstRow,
                                                       Value panel,
                                                       int64_t registerRows,
                                                       int64_t firstVector,
                                                       int64_t vectors) {
  Value lhs = region.buffer(anchor.getLhs());
  Value packed = region.buffer(anchor.getPacked());
  Value rowStart = region.mul(firstRow, depth);
  Value panelStart = region.mul(panel, depth * panelWidth);
  SmallVector<Value> zeros(registerRows * vectors, region.zero());
  auto loop = scf::ForOp::create(
      builder, region.index(0), region.index(depth), region.index(1), zeros,
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
  return SmallVector<Value>(loop.result_begin(), loop.result_end());
}

Site ContractionGenerator::siteOf(Value row, Value panel, int64_t vector,
                                  int64_t width) {
  Value firstColumn = region.mul(panel, panelWidth);
  return {row, region.add(firstColumn, region.index(vector * vectorLanes)),
          std::min(vectorLanes, width - vector * vectorLanes)};
}

void ContractionGenerator::emitRegisterTile(Value firstRow, Value panel,
                                            int64_t registerRows,
                                            int64_t width) {
  bool plain = kernel.getBody().front().getOperations().size() == 2;
  int64_t vectors = llvm::divideCeil(width, vectorLanes);
  int64_t atOnce = columnsAtOnce / vectorLanes;
  for (int64_t first = 0; first < vectors; first += atOnce) {
    int64_t count = std::min(atOnce, vectors - first);
    SmallVector<Value> sums =
        emitReduction(firstRow, panel, registerRows, first, count);
    for (int64_t r = 0; r < registerRows; ++r)
      for (int64_t v = 0; v < count; ++v) {
        Value sum = sums[r * count + v];
        if (plain) {
          region.enter();
          region.bind(anchor.getOutput(), sum);
          region.storeFull(siteOf(region.add(firstRow, region.index(r)), panel,
                                  first + v, width));
        } else {
          int64_t at = r * panelWidth + (first + v) * vectorLanes;
          region.storeVector(sum, scratch, region.index(at), vectorLanes);
        }
      }
  }
  if (!plain)
    emitEpilogue(firstRow, panel, registerRows, width);
}

void ContractionGenerator::emitEpilogue(Value firstRow, Value panel,
                                        int64_t registerRows, int64_t width) {
  int64_t vectors = llvm::divideCeil(width, vectorLanes);
  Value rowTile;
  if (region.hasPartials())
    rowTile =
        arith::DivUIOp::create(builder, firstRow, region.index(tile.rows));
  scf::ForOp::create(
      builder, region.index(0), region.index(registerRows), region.index(1),
      ValueRange{}, [&](OpBuilder &, Location, Value r, ValueRange) {
        Value row = region.add(firstRow, r);
        for (int64_t v = 0; v < vectors; ++v) {
          region.enter();
          Value at = region.add(region.mul(r, panelWidth),
                                region.index(v * vectorLanes));
          region.bind(anchor.getOutput(),
                      region.loadVector(scratch, at, vectorLanes));
          Site site = siteOf(row, panel, v, width);
          region.storeFull(site);
          if (rowTile)
            region.accumulatePartials(site, rowTile);
        }
        scf::YieldOp::create(builder);
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
