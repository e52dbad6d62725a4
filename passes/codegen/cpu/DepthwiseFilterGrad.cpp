//===- DepthwiseFilterGrad.cpp - filter gradient of depthwise conv --------===//
//
// One tile is `height` filter rows of 16 channels. Image by image, so that its
// 16 channels stay in the second-level cache, the sums of a group of filter
// columns are kept in registers over all rows and columns of the map. Libraries
// that treat this as a matrix product do 10 to 80 times as much work.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/RegionEmitter.h"
#include "passes/codegen/cpu/Generators.h"
#include "passes/codegen/cpu/SlidingWindow.h"

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
        region(context.builder, context.kernel, context.buffers,
               iterationSpace(context.kernel)) {
    fromAttribute(context.kernel.getTileAttr(), tile);
    tile = fitTo(tile, context.registers);
    registerLanes = context.registers.lanes;
    ArrayRef<int64_t> map =
        cast<RankedTensorType>(anchor.getInput().getType()).getShape();
    ArrayRef<int64_t> taps =
        cast<RankedTensorType>(anchor.getFilterGrad().getType()).getShape();
    images = map[0];
    height = map[1];
    width = map[2];
    channels = map[3];
    filterHeight = taps[0];
    filterWidth = taps[1];
  }

  void run();

private:
  void emitTile(Value band, Value channel, int64_t lanes);
  void emitTapGroup(Value image, Value filterRow, Value channel, Value filterAt,
                    int64_t lanes, int64_t firstTap, int64_t endTap);
  SmallVector<Value> emitMapRow(Value inputAt, Value gradAt, int64_t lanes,
                                int64_t firstTap, int64_t endTap,
                                ValueRange carried);

  ImplicitLocOpBuilder &builder;
  Value tileIndex;
  DepthwiseConv2dFilterGradOp anchor;
  RegionEmitter region;
  DepthwiseTile tile;
  int64_t images, height, width, channels, filterHeight, filterWidth;
  int64_t registerLanes;
};

void FilterGradGenerator::run() {
  int64_t whole = channels / vectorLanes;
  int64_t bands = llvm::divideCeil(filterHeight, tile.height);
  Value band = arith::RemUIOp::create(builder, tileIndex, region.index(bands));
  Value block = arith::DivUIOp::create(builder, tileIndex, region.index(bands));
  Value channel = region.mul(block, vectorLanes);
  int64_t tail = channels % vectorLanes;
  if (tail == 0)
    return emitTile(band, channel, vectorLanes);
  if (whole == 0)
    return emitTile(band, channel, tail);
  Value isTail = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, block,
                                       region.index(whole));
  scf::IfOp::create(
      builder, isTail,
      [&](OpBuilder &, Location) {
        emitTile(band, channel, tail);
        scf::YieldOp::create(builder);
      },
      [&](OpBuilder &, Location) {
        emitTile(band, channel, vectorLanes);
        scf::YieldOp::create(builder);
      });
}

void FilterGradGenerator::emitTile(Value band, Value channel, int64_t lanes) {
  Value firstRow = region.mul(band, tile.height);
  Value endRow = arith::MinUIOp::create(
      builder, region.add(firstRow, region.index(tile.height)),
      region.index(filterHeight));
  auto forRange = [&](Value begin, Value end, function_ref<void(Value)> body) {
    scf::ForOp::create(builder, begin, end, region.index(1), ValueRange{},
                       [&](OpBuilder &, Location, Value i, ValueRange) {
                         body(i);
                         scf::YieldOp::create(builder);
                       });
  };
  auto tapAt = [&](Value filterRow) {
    return region.add(region.mul(filterRow, filterWidth * channels), channel);
  };
  forRange(firstRow, endRow, [&](Value filterRow) {
    forRange(region.index(0), region.index(filterWidth), [&](Value tap) {
      region.storeVector(
          region.zero(), region.resultBuffer(0),
          region.add(tapAt(filterRow), region.mul(tap, channels)), lanes);
    });
  });
  // Filter columns further from the centre than the map is wide meet no pixel.
  int64_t firstTap = filterWidth / 2 - tile.reachWidth;
  int64_t endTap = filterWidth / 2 + tile.reachWidth + 1;
  forRange(region.index(0), region.index(images), [&](Value image) {
    forRange(firstRow, endRow, [&](Value filterRow) {
      for (int64_t offset = 0; offset < lanes; offset += registerLanes)
        for (int64_t tap = firstTap; tap < endTap; tap += tile.taps)
          emitTapGroup(image, filterRow,
                       region.add(channel, region.index(offset)),
                       region.add(tapAt(filterRow), region.index(offset)),
                       std::min(registerLanes, lanes - offset), tap,
                       std::min(tap + tile.taps, endTap));
    });
  });
}

void FilterGradGenerator::emitTapGroup(Value image, Value filterRow,
                                       Value channel, Value filterAt,
                                       int64_t lanes, int64_t firstTap,
                                       int64_t endTap) {
  int64_t centre = filterHeight / 2;
  // Map rows whose input row exists: max(0, centre-i) .. min(H, H+centre-i).
  Value below = arith::SubIOp::create(builder, region.index(centre), filterRow);
  Value firstRow = arith::MaxSIOp::create(builder, below, region.index(0));
  Value above =
      arith::SubIOp::create(builder, region.index(height + centre), filterRow);
  Value endRow = arith::MinSIOp::create(builder, above, region.index(height));
  int64_t rowSize = width * channels;
  Value imageAt = region.add(region.mul(image, height * rowSize), channel);
  auto sumAt = [&](int64_t tap) {
    return region.add(filterAt, region.index(tap * channels));
  };
  SmallVector<Value> before;
  for (int64_t tap = firstTap; tap < endTap; ++tap)
    before.push_back(region.loadVector(region.resultBuffer(0), sumAt(tap),
                                       lanes, registerLanes));
  auto rows = scf::ForOp::create(
      builder, firstRow, endRow, region.index(1), before,
      [&](OpBuilder &, Location, Value row, ValueRange sums) {
        Value inputRow = arith::SubIOp::create(
            builder, region.add(row, filterRow), region.index(centre));
        Value inputAt = region.add(imageAt, region.mul(inputRow, rowSize));
        Value gradAt = region.add(imageAt, region.mul(row, rowSize));
        scf::YieldOp::create(builder, emitMapRow(inputAt, gradAt, lanes,
                                                 firstTap, endTap, sums));
      });
  for (int64_t tap = firstTap; tap < endTap; ++tap)
    region.storeVector(rows.getResult(tap - firstTap), region.resultBuffer(0),
                       sumAt(tap), lanes);
}

/// Adds the products of one map row, a few gradient columns at a time.
SmallVector<Value> FilterGradGenerator::emitMapRow(Value inputAt, Value gradAt,
                                                   int64_t lanes,
                                                   int64_t firstTap,
                                                   int64_t endTap,
                                                   ValueRange carried) {
  SmallVector<Value> sums(carried);
  Value input = region.buffer(anchor.getInput()),
        grad = region.buffer(anchor.getOutputGrad());
  auto loadInput = [&](int64_t column) {
    return region.loadVector(
        input, region.add(inputAt, region.index(column * channels)), lanes,
        registerLanes);
  };
  for (int64_t first = 0; first < width; first += tile.width) {
    int64_t count = std::min(tile.width, width - first);
    auto loadGrad = [&](int64_t output) {
      Value at = region.add(gradAt, region.index((first + output) * channels));
      return region.loadVector(grad, at, lanes, registerLanes);
    };
    LazyVectors inputs(loadInput), grads(loadGrad);
    forProducts({first, count, firstTap, endTap, filterWidth, width},
                [&](int64_t column, int64_t output, int64_t tap) {
                  Value load = inputs[column];
                  Value &sum = sums[tap - firstTap];
                  sum =
                      vector::FMAOp::create(builder, load, grads[output], sum);
                });
  }
  return sums;
}

} // namespace

void emitDepthwiseFilterGrad(KernelContext context) {
  FilterGradGenerator(context).run();
}

int64_t depthwiseFilterGradTiles(KernelOp kernel) {
  DepthwiseTile tile;
  fromAttribute(kernel.getTileAttr(), tile);
  SmallVector<int64_t> space = iterationSpace(kernel);
  return llvm::divideCeil(space[0], tile.height) *
         llvm::divideCeil(space[2], vectorLanes);
}

} // namespace bcssl
