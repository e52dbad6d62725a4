//===- DepthwiseFilterGrad.cpp - filter gradient of depthwise conv --------===//
//
// One tile is one filter row of 16 channels. A group of filter columns stays in
// registers over all images, rows and columns of the map: nothing is written
// before the sums are complete, and the order of the sum is fixed. Libraries
// that treat this as a matrix product waste 10 to 80 times as much work.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/cpu/Generators.h"
#include "passes/codegen/cpu/RegionEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace bcssl {
namespace {

class FilterGradGenerator {
public:
  explicit FilterGradGenerator(KernelContext context)
      : builder(context.builder), tileIndex(context.tile),
        anchor(cast<DepthwiseConv2dFilterGradOp>(anchorOf(context.kernel))),
        region(context.builder, context.kernel, context.buffers, iterationSpace(context.kernel)) {
    fromAttribute(context.kernel.getTileAttr(), tile);
    ArrayRef<int64_t> map = cast<RankedTensorType>(anchor.getInput().getType()).getShape();
    ArrayRef<int64_t> taps = cast<RankedTensorType>(anchor.getFilterGrad().getType()).getShape();
    images = map[0];
    height = map[1];
    width = map[2];
    channels = map[3];
    filterHeight = taps[0];
    filterWidth = taps[1];
  }

  void run();

private:
  void emitTile(Value filterRow, Value channel, int64_t lanes);
  void emitTapGroup(Value filterRow, Value channel, int64_t lanes, int64_t firstTap,
                    int64_t endTap);
  SmallVector<Value> emitMapRow(Value inputAt, Value gradAt, int64_t lanes, int64_t firstTap,
                                int64_t endTap, ValueRange carried);

  ImplicitLocOpBuilder &builder;
  Value tileIndex;
  DepthwiseConv2dFilterGradOp anchor;
  RegionEmitter region;
  DepthwiseTile tile;
  int64_t images, height, width, channels, filterHeight, filterWidth;
};

void FilterGradGenerator::run() {
  int64_t whole = channels / vectorLanes;
  Value filterRow = arith::RemUIOp::create(builder, tileIndex, region.index(filterHeight));
  Value block = arith::DivUIOp::create(builder, tileIndex, region.index(filterHeight));
  Value channel = region.mul(block, vectorLanes);
  int64_t tail = channels % vectorLanes;
  if (tail == 0)
    return emitTile(filterRow, channel, vectorLanes);
  if (whole == 0)
    return emitTile(filterRow, channel, tail);
  Value isTail = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, block,
                                       region.index(whole));
  scf::IfOp::create(
      builder, isTail,
      [&](OpBuilder &, Location) {
        emitTile(filterRow, channel, tail);
        scf::YieldOp::create(builder);
      },
      [&](OpBuilder &, Location) {
        emitTile(filterRow, channel, vectorLanes);
        scf::YieldOp::create(builder);
      });
}

void FilterGradGenerator::emitTile(Value filterRow, Value channel, int64_t lanes) {
  for (int64_t tap = 0; tap < filterWidth; tap += tile.taps)
    emitTapGroup(filterRow, channel, lanes, tap, std::min(tap + tile.taps, filterWidth));
}

void FilterGradGenerator::emitTapGroup(Value filterRow, Value channel, int64_t lanes,
                                       int64_t firstTap, int64_t endTap) {
  int64_t centre = filterHeight / 2;
  // Map rows whose input row exists: max(0, centre-i) .. min(H, H+centre-i).
  Value below = arith::SubIOp::create(builder, region.index(centre), filterRow);
  Value firstRow = arith::MaxSIOp::create(builder, below, region.index(0));
  Value above = arith::SubIOp::create(builder, region.index(height + centre), filterRow);
  Value endRow = arith::MinSIOp::create(builder, above, region.index(height));
  int64_t rowSize = width * channels;
  SmallVector<Value> zeros(endTap - firstTap, region.zero());
  auto loop = scf::ForOp::create(
      builder, region.index(0), region.index(images), region.index(1), zeros,
      [&](OpBuilder &, Location, Value image, ValueRange sums) {
        Value imageAt = region.add(region.mul(image, height * rowSize), channel);
        auto rows = scf::ForOp::create(
            builder, firstRow, endRow, region.index(1), sums,
            [&](OpBuilder &, Location, Value row, ValueRange inner) {
              Value inputRow = arith::SubIOp::create(builder, region.add(row, filterRow),
                                                     region.index(centre));
              Value inputAt = region.add(imageAt, region.mul(inputRow, rowSize));
              Value gradAt = region.add(imageAt, region.mul(row, rowSize));
              scf::YieldOp::create(builder,
                                   emitMapRow(inputAt, gradAt, lanes, firstTap, endTap, inner));
            });
        scf::YieldOp::create(builder, rows.getResults());
      });
  for (int64_t tap = firstTap; tap < endTap; ++tap) {
    Value at = region.add(region.mul(filterRow, filterWidth * channels), channel);
    region.storeVector(loop.getResult(tap - firstTap), region.resultBuffer(0),
                       region.add(at, region.index(tap * channels)), lanes);
  }
}

/// Adds the products of one map row, a few gradient columns at a time.
SmallVector<Value> FilterGradGenerator::emitMapRow(Value inputAt, Value gradAt, int64_t lanes,
                                                   int64_t firstTap, int64_t endTap,
                                                   ValueRange carried) {
  SmallVector<Value> sums(carried);
  Value input = region.buffer(anchor.getInput()), grad = region.buffer(anchor.getOutputGrad());
  int64_t centre = filterWidth / 2;
  for (int64_t first = 0; first < width; first += tile.width) {
    int64_t count = std::min(tile.width, width - first);
    DenseMap<int64_t, Value> grads;
    auto gradOf = [&](int64_t t) {
      Value &vector = grads[t];
      if (!vector)
        vector = region.loadVector(
            grad, region.add(gradAt, region.index((first + t) * channels)), lanes);
      return vector;
    };
    for (int64_t offset = firstTap; offset < endTap + count - 1; ++offset) {
      int64_t column = first + offset - centre;
      if (column < 0 || column >= width)
        continue;
      Value load;
      for (int64_t t = 0; t < count; ++t) {
        int64_t tap = offset - t;
        if (tap < firstTap || tap >= endTap)
          continue;
        if (!load)
          load = region.loadVector(input, region.add(inputAt, region.index(column * channels)),
                                   lanes);
        Value &sum = sums[tap - firstTap];
        sum = vector::FMAOp::create(builder, load, gradOf(t), sum);
      }
    }
  }
  return sums;
}

} // namespace

void emitDepthwiseFilterGrad(KernelContext context) { FilterGradGenerator(context).run(); }

int64_t depthwiseFilterGradTiles(KernelOp kernel) {
  SmallVector<int64_t> space = iterationSpace(kernel);
  return space[0] * llvm::divideCeil(space[2], vectorLanes);
}

} // namespace bcssl
