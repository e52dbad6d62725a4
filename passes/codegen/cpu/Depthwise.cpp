//===- Depthwise.cpp - depthwise convolution and its input gradient -------===//
//
// NHWC without padding: the edges in W are resolved while the code is emitted,
// those in H by loop bounds, so no multiplication by zero is executed.
// Registers hold `width` neighbouring outputs of one register's channels, 16 or
// (AVX2) 8; inside one filter row each input column is loaded once and applied
// to every output that needs it. Filter taps that cannot meet the map are never
// visited (`reach`).
//
// The input gradient is the same loop with the filter turned by 180 degrees.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/RegionEmitter.h"
#include "passes/codegen/cpu/Generators.h"
#include "passes/codegen/cpu/PartialSums.h"
#include "passes/codegen/cpu/SlidingWindow.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace bcssl {
namespace {

class DepthwiseGenerator {
public:
  explicit DepthwiseGenerator(KernelContext context);
  void run();

private:
  void emitChannels(Value image, Value row, Value channel, int64_t lanes);
  void emitOutputs(Value image, Value row, Value channel, int64_t lanes,
                   int64_t firstColumn, int64_t count);
  SmallVector<Value> emitSums(Value image, Value row, Value channel,
                              int64_t lanes, int64_t firstColumn,
                              int64_t count);
  SmallVector<Value> emitFilterRow(Value image, Value inputRow, Value filterRow,
                                   Value channel, int64_t lanes,
                                   int64_t firstColumn, ValueRange sums);

  ImplicitLocOpBuilder &builder;
  Value tileIndex;
  Operation *anchor;
  RegionEmitter region;
  PartialSums partials{builder, region};
  bool turned; // the filter, for the input gradient
  int64_t height, width, channels, filterHeight, filterWidth;
  int64_t registerLanes;
  DepthwiseTile tile;
  Value input, filter, scratch;
};

DepthwiseGenerator::DepthwiseGenerator(KernelContext context)
    : builder(context.builder), tileIndex(context.tile),
      anchor(anchorOf(context.kernel)),
      region(context.builder, context.kernel, context.buffers,
             iterationSpace(context.kernel)),
      turned(isa<DepthwiseConv2dInputGradOp>(anchor)),
      registerLanes(context.registers.lanes) {
  fromAttribute(context.kernel.getTileAttr(), tile);
  tile = fitTo(tile, context.registers);
  ArrayRef<int64_t> map =
      cast<RankedTensorType>(anchor->getOperand(0).getType()).getShape();
  ArrayRef<int64_t> taps =
      cast<RankedTensorType>(anchor->getOperand(1).getType()).getShape();
  height = map[1];
  width = map[2];
  channels = map[3];
  filterHeight = taps[0];
  filterWidth = taps[1];
  input = region.buffer(anchor->getOperand(0));
  filter = region.buffer(anchor->getOperand(1));
}

void DepthwiseGenerator::run() {
  auto scratchType =
      MemRefType::get({tile.width * vectorLanes}, builder.getF32Type());
  scratch = memref::AllocaOp::create(builder, scratchType, ValueRange{},
                                     builder.getI64IntegerAttr(64));
  if (!partials.empty())
    partials.clear(tileIndex, channels);
  int64_t bands = llvm::divideCeil(height, tile.height);
  Value image = arith::DivUIOp::create(builder, tileIndex, region.index(bands));
  Value band = arith::RemUIOp::create(builder, tileIndex, region.index(bands));
  Value firstRow = region.mul(band, tile.height);
  Value endRow = arith::MinUIOp::create(
      builder, region.add(firstRow, region.index(tile.height)),
      region.index(height));
  int64_t whole = channels / vectorLanes * vectorLanes;
  scf::ForOp::create(
      builder, firstRow, endRow, region.index(1), ValueRange{},
      [&](OpBuilder &, Location, Value row, ValueRange) {
        if (whole > 0)
          scf::ForOp::create(
              builder, region.index(0), region.index(whole),
              region.index(vectorLanes), ValueRange{},
              [&](OpBuilder &, Location, Value channel, ValueRange) {
                emitChannels(image, row, channel, vectorLanes);
                scf::YieldOp::create(builder);
              });
        if (whole != channels)
          emitChannels(image, row, region.index(whole), channels - whole);
        scf::YieldOp::create(builder);
      });
}

/// One output row of one vector of channels.
void DepthwiseGenerator::emitChannels(Value image, Value row, Value channel,
                                      int64_t lanes) {
  for (int64_t column = 0; column < width; column += tile.width)
    emitOutputs(image, row, channel, lanes, column,
                std::min(tile.width, width - column));
}

void DepthwiseGenerator::emitOutputs(Value image, Value row, Value channel,
                                     int64_t lanes, int64_t firstColumn,
                                     int64_t count) {
  Value mapRow = region.add(region.mul(image, height), row);
  Value firstSite =
      region.add(region.mul(mapRow, width), region.index(firstColumn));
  bool plain = anchor->getBlock()->getOperations().size() == 2;
  for (int64_t offset = 0; offset < lanes; offset += registerLanes) {
    int64_t piece = std::min(registerLanes, lanes - offset);
    Value first = region.add(channel, region.index(offset));
    SmallVector<Value> sums =
        emitSums(image, row, first, piece, firstColumn, count);
    for (int64_t t = 0; t < count; ++t) {
      if (!plain) {
        region.storeVector(sums[t], scratch,
                           region.index(t * vectorLanes + offset),
                           registerLanes);
        continue;
      }
      Value site = region.add(firstSite, region.index(t));
      region.storeVector(sums[t], region.resultBuffer(0),
                         region.add(region.mul(site, channels), first), piece);
    }
  }
  if (plain)
    return;
  scf::ForOp::create(
      builder, region.index(0), region.index(count), region.index(1),
      ValueRange{}, [&](OpBuilder &, Location, Value t, ValueRange) {
        region.enter();
        region.bind(anchor->getResult(0),
                    region.loadVector(scratch, region.mul(t, vectorLanes),
                                      vectorLanes));
        Site site{region.add(firstSite, t), channel, lanes};
        region.storeFull(site);
        partials.accumulate(site, tileIndex);
        scf::YieldOp::create(builder);
      });
}

/// `count` neighbouring outputs of one register's channels.
SmallVector<Value> DepthwiseGenerator::emitSums(Value image, Value row,
                                                Value channel, int64_t lanes,
                                                int64_t firstColumn,
                                                int64_t count) {
  int64_t centre = filterHeight / 2;
  // Filter rows that meet the map: max(0, centre-row) .. min(K, H+centre-row).
  Value below = arith::SubIOp::create(builder, region.index(centre), row);
  Value first = arith::MaxSIOp::create(builder, below, region.index(0));
  Value above =
      arith::SubIOp::create(builder, region.index(height + centre), row);
  Value end =
      arith::MinSIOp::create(builder, above, region.index(filterHeight));
  SmallVector<Value> zeros(count, region.zero(registerLanes));
  auto loop = scf::ForOp::create(
      builder, first, end, region.index(1), zeros,
      [&](OpBuilder &, Location, Value filterRow, ValueRange sums) {
        Value inputRow = arith::SubIOp::create(
            builder, region.add(row, filterRow), region.index(centre));
        scf::YieldOp::create(builder,
                             emitFilterRow(image, inputRow, filterRow, channel,
                                           lanes, firstColumn, sums));
      });
  return SmallVector<Value>(loop.result_begin(), loop.result_end());
}

/// Adds one filter row to the sums, a few filter columns at a time.
SmallVector<Value>
DepthwiseGenerator::emitFilterRow(Value image, Value inputRow, Value filterRow,
                                  Value channel, int64_t lanes,
                                  int64_t firstColumn, ValueRange carried) {
  SmallVector<Value> sums(carried);
  int64_t count = sums.size();
  Value inputAt =
      region.add(region.mul(region.add(region.mul(image, height), inputRow),
                            width * channels),
                 channel);
  Value filterAt =
      region.add(region.mul(filterRow, filterWidth * channels), channel);
  if (turned)
    filterAt = region.add(
        region.mul(arith::SubIOp::create(
                       builder, region.index(filterHeight - 1), filterRow),
                   filterWidth * channels),
        channel);
  auto loadInput = [&](int64_t column) {
    return region.loadVector(
        input, region.add(inputAt, region.index(column * channels)), lanes,
        registerLanes);
  };
  auto loadTap = [&](int64_t tap) {
    int64_t stored = turned ? filterWidth - 1 - tap : tap;
    return region.loadVector(
        filter, region.add(filterAt, region.index(stored * channels)), lanes,
        registerLanes);
  };
  int64_t reachEnd = filterWidth / 2 + tile.reachWidth + 1;
  for (int64_t firstTap = filterWidth / 2 - tile.reachWidth;
       firstTap < reachEnd; firstTap += tile.taps) {
    int64_t endTap = std::min(firstTap + tile.taps, reachEnd);
    LazyVectors inputs(loadInput), taps(loadTap);
    forProducts({firstColumn, count, firstTap, endTap, filterWidth, width},
                [&](int64_t column, int64_t output, int64_t tap) {
                  Value load = inputs[column];
                  sums[output] = vector::FMAOp::create(builder, load, taps[tap],
                                                       sums[output]);
                });
  }
  return sums;
}

} // namespace

void emitDepthwise(KernelContext context) { DepthwiseGenerator(context).run(); }

int64_t depthwiseTiles(KernelOp kernel) {
  DepthwiseTile tile;
  fromAttribute(kernel.getTileAttr(), tile);
  SmallVector<int64_t> space = iterationSpace(kernel);
  return space[0] * llvm::divideCeil(space[1], tile.height);
}

} // namespace bcssl
