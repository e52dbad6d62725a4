//===- Depthwise.cpp - depthwise convolution and its input gradient -------===//
//
// A block brings a piece of the input, with the border that the filter reaches,
// and the filter into shared memory; then each thread computes neighbouring
// outputs of four channels in registers. Along a filter row every input column
// is read once and used by all outputs that need it (a sliding window,
// unrolled); filter rows are a loop, clipped to those that meet the map, and
// taps beyond the map's size are left out altogether (`reach`). Columns off the
// map are zeros in shared memory, rows off the map are not kept.
//
// The input gradient is the same with the filter turned by 180 degrees, which
// is done while it is copied.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/gpu/Depthwise.h"
#include "passes/codegen/RegionEmitter.h"
#include "passes/codegen/gpu/KernelBuilder.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace bcssl {

static ArrayRef<int64_t> shapeOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getShape();
}

GpuDepthwiseShape::GpuDepthwiseShape(Operation *anchor)
    : turned(isa<DepthwiseConv2dInputGradOp>(anchor)) {
  auto type = cast<RankedTensorType>(anchor->getOperand(0).getType());
  ArrayRef<int64_t> map = type.getShape(),
                    filter = shapeOf(anchor->getOperand(1));
  images = map[0];
  height = map[1];
  width = map[2];
  channels = map[3];
  filterHeight = filter[0];
  filterWidth = filter[1];
  elementBytes = type.getElementTypeBitWidth() / 8;
}

namespace {

class DepthwiseGenerator {
public:
  explicit DepthwiseGenerator(GpuKernelContext context);
  void run();

private:
  void locateBlock();
  void copyInput();
  void copyFilter();
  void computeOutputs();
  void storeOutput(Value site, Value channel, Value sum);
  SmallVector<Value> emitSums(Value row, Value firstInput, Value lane);
  SmallVector<Value> emitFilterRow(Value inputAt, Value filterAt,
                                   ValueRange carried);

  /// Emits `body(i)` for all i < count, shared out among the threads.
  void forEach(int64_t count, llvm::function_ref<void(Value)> body);

  ImplicitLocOpBuilder &builder;
  KernelBuilder kernel;
  Operation *anchor;
  RegionEmitter region;
  GpuDepthwiseShape shape;
  GpuDepthwiseTile tile;
  GpuLaunch launch;
  Type element;
  int64_t copyLanes; // elements that one copy moves

  Value thread;
  Value image, firstRow, firstColumn, firstChannel; // of the block's outputs
  Value firstInputRow; // the first row that is kept
  Value input, filter; // in shared memory
};

DepthwiseGenerator::DepthwiseGenerator(GpuKernelContext context)
    : builder(context.builder), kernel(context.builder),
      anchor(anchorOf(context.kernel)),
      region(builder, context.kernel, context.buffers,
             shapeOf(anchor->getResult(0)),
             {gpuLanes, shapeOf(anchor->getResult(0)).back() % gpuLanes == 0}),
      shape(anchor), launch(gpuDepthwise.launch(context.kernel)),
      element(cast<RankedTensorType>(anchor->getOperand(0).getType())
                  .getElementType()) {
  fromAttribute(context.kernel.getTileAttr(), tile);
  // The widest piece that is wholly a channel of the map or wholly beyond.
  copyLanes = gpuWideBytes / shape.elementBytes;
  while (shape.channels % copyLanes != 0 || tile.channels % copyLanes != 0)
    copyLanes /= 2;
}

void DepthwiseGenerator::run() {
  thread = kernel.thread(launch.threads);
  locateBlock();
  input = kernel.sharedMemory(tile.inputElements(shape.height), element);
  filter = kernel.sharedMemory(tile.filterElements(), element);
  copyInput();
  copyFilter();
  kernel.barrier();
  computeOutputs();
}

/// Blocks count through channels first, so that neighbours share lines of
/// memory.
void DepthwiseGenerator::locateBlock() {
  Value rest = kernel.block(launch.blocks);
  auto take = [&](int64_t size, int64_t part) {
    int64_t parts = llvm::divideCeil(size, part);
    Value index = kernel.remainder(rest, parts);
    rest = kernel.quotient(rest, parts);
    return kernel.mul(index, part);
  };
  firstChannel = take(shape.channels, tile.channels);
  firstColumn = take(shape.width, tile.width);
  firstRow = take(shape.height, tile.height);
  image = rest;
  firstInputRow = kernel.max(
      kernel.sub(firstRow, kernel.index(tile.reachHeight)), kernel.index(0));
}

void DepthwiseGenerator::forEach(int64_t count,
                                 llvm::function_ref<void(Value)> body) {
  scf::ForOp::create(builder, thread, kernel.index(count),
                     kernel.index(launch.threads), ValueRange{},
                     [&](OpBuilder &, Location, Value i, ValueRange) {
                       body(i);
                       scf::YieldOp::create(builder);
                     });
}

void DepthwiseGenerator::copyInput() {
  Value from = region.buffer(anchor->getOperand(0));
  int64_t pieces = tile.channels / copyLanes;
  forEach(tile.inputElements(shape.height) / copyLanes, [&](Value i) {
    Value site = kernel.quotient(i, pieces);
    Value row =
        kernel.add(firstInputRow, kernel.quotient(site, tile.inputColumns()));
    Value column = kernel.add(
        kernel.add(firstColumn, kernel.remainder(site, tile.inputColumns())),
        -tile.reachWidth);
    Value channel = kernel.add(
        firstChannel, kernel.mul(kernel.remainder(i, pieces), copyLanes));
    Value inside = kernel.within(column, shape.width);
    if (tile.height < shape.height) // else the block has the whole map's rows
      inside = kernel.both(kernel.within(row, shape.height), inside);
    if (shape.channels % tile.channels != 0)
      inside = kernel.both(inside, kernel.within(channel, shape.channels));
    Value mapRow = kernel.add(kernel.mul(image, shape.height), row);
    Value mapSite = kernel.add(kernel.mul(mapRow, shape.width), column);
    Value at = kernel.add(kernel.mul(mapSite, shape.channels), channel);
    kernel.store(kernel.loadWhen(inside, from, at, copyLanes), input,
                 kernel.mul(i, copyLanes));
  });
}

void DepthwiseGenerator::copyFilter() {
  Value from = region.buffer(anchor->getOperand(1));
  int64_t pieces = tile.channels / copyLanes;
  // The first tap within reach, or the last one when the filter is turned.
  auto tapAt = [&](Value tap, int64_t size, int64_t reach) {
    if (shape.turned)
      return kernel.sub(kernel.index(size / 2 + reach), tap);
    return kernel.add(tap, size / 2 - reach);
  };
  forEach(tile.filterElements() / copyLanes, [&](Value i) {
    Value tap = kernel.quotient(i, pieces);
    Value row = tapAt(kernel.quotient(tap, tile.filterColumns()),
                      shape.filterHeight, tile.reachHeight);
    Value column = tapAt(kernel.remainder(tap, tile.filterColumns()),
                         shape.filterWidth, tile.reachWidth);
    Value channel = kernel.add(
        firstChannel, kernel.mul(kernel.remainder(i, pieces), copyLanes));
    Value inside;
    if (shape.channels % tile.channels != 0)
      inside = kernel.within(channel, shape.channels);
    Value site = kernel.add(kernel.mul(row, shape.filterWidth), column);
    Value at = kernel.add(kernel.mul(site, shape.channels), channel);
    kernel.store(kernel.loadWhen(inside, from, at, copyLanes), filter,
                 kernel.mul(i, copyLanes));
  });
}

void DepthwiseGenerator::computeOutputs() {
  int64_t vectors = tile.channels / gpuLanes,
          groups = tile.width / tile.outputs;
  Value lane = kernel.mul(kernel.remainder(thread, vectors), gpuLanes);
  Value rest = kernel.quotient(thread, vectors);
  Value group = kernel.mul(kernel.remainder(rest, groups), tile.outputs);
  Value row = kernel.add(firstRow, kernel.quotient(rest, groups));
  Value column = kernel.add(firstColumn, group);
  Value channel = kernel.add(firstChannel, lane);

  Value active;
  bool cutColumns = shape.width % tile.width != 0;
  if (shape.height % tile.height != 0)
    active = kernel.within(row, shape.height);
  if (cutColumns)
    active = kernel.both(active, kernel.within(column, shape.width));
  if (shape.channels % tile.channels != 0)
    active = kernel.both(active, kernel.within(channel, shape.channels));
  kernel.when(active, [&] {
    SmallVector<Value> sums = emitSums(row, group, lane);
    Value mapRow = kernel.add(kernel.mul(image, shape.height), row);
    Value site = kernel.add(kernel.mul(mapRow, shape.width), column);
    for (auto [t, sum] : llvm::enumerate(sums)) {
      Value inside;
      if (cutColumns && t != 0)
        inside = kernel.within(kernel.add(column, t), shape.width);
      kernel.when(inside, [&, t = t, sum = sum] {
        storeOutput(kernel.add(site, t), channel, sum);
      });
    }
  });
}

/// Stores the results of one pixel: whole vectors of channels, or those before
/// the last channel.
void DepthwiseGenerator::storeOutput(Value site, Value channel, Value sum) {
  auto store = [&](int64_t lanes) {
    region.enter();
    region.bind(anchor->getResult(0), sum);
    region.storeFull(Site{site, channel, lanes});
  };
  int64_t tail = shape.channels % gpuLanes;
  if (tail == 0)
    return store(gpuLanes);
  Value whole = kernel.within(channel, shape.channels - tail);
  scf::IfOp::create(
      builder, whole,
      [&](OpBuilder &, Location) {
        store(gpuLanes);
        scf::YieldOp::create(builder);
      },
      [&](OpBuilder &, Location) {
        store(tail);
        scf::YieldOp::create(builder);
      });
}

/// The convolution at the thread's outputs: of row `row` of the map, from
/// column `column` and channel `lane` of the block on.
SmallVector<Value> DepthwiseGenerator::emitSums(Value row, Value column,
                                                Value lane) {
  // Rows of the filter that meet the map.
  Value reach = kernel.index(tile.reachHeight);
  Value first = kernel.max(kernel.sub(reach, row), kernel.index(0));
  Value end =
      kernel.min(kernel.sub(kernel.index(shape.height + tile.reachHeight), row),
                 kernel.index(tile.filterRows()));
  Value firstKept = kernel.sub(kernel.sub(row, reach), firstInputRow);
  SmallVector<Value> zeros(tile.outputs,
                           kernel.zeros(builder.getF32Type(), gpuLanes));
  auto loop = scf::ForOp::create(
      builder, first, end, kernel.index(1), zeros,
      [&](OpBuilder &, Location, Value filterRow, ValueRange sums) {
        Value inputRow = kernel.add(firstKept, filterRow);
        Value site =
            kernel.add(kernel.mul(inputRow, tile.inputColumns()), column);
        Value inputAt = kernel.add(kernel.mul(site, tile.channels), lane);
        Value filterAt = kernel.add(
            kernel.mul(filterRow, tile.filterColumns() * tile.channels), lane);
        scf::YieldOp::create(builder, emitFilterRow(inputAt, filterAt, sums));
      });
  return SmallVector<Value>(loop.getResults());
}

SmallVector<Value> DepthwiseGenerator::emitFilterRow(Value inputAt,
                                                     Value filterAt,
                                                     ValueRange carried) {
  SmallVector<Value> sums(carried), window;
  auto load = [&](Value memref, Value first, int64_t column) {
    return kernel.widen(kernel.load(
        memref, kernel.add(first, column * tile.channels), gpuLanes));
  };
  for (int64_t column = 0; column < tile.outputs - 1; ++column)
    window.push_back(load(input, inputAt, column));
  for (int64_t tap = 0; tap < tile.filterColumns(); ++tap) {
    window.push_back(load(input, inputAt, tap + tile.outputs - 1));
    Value weight = load(filter, filterAt, tap);
    for (int64_t t = 0; t < tile.outputs; ++t)
      sums[t] =
          vector::FMAOp::create(builder, window[tap + t], weight, sums[t]);
  }
  return sums;
}

std::string missing(KernelOp kernel) {
  for (Operation &op : kernel.getBody().front())
    if (isa<ReducePartialOp>(op))
      return "partial sums of a depthwise convolution";
  return "";
}

GpuLaunch launchOf(KernelOp kernel) {
  GpuDepthwiseShape shape(anchorOf(kernel));
  GpuDepthwiseTile tile;
  fromAttribute(kernel.getTileAttr(), tile);
  GpuLaunch launch;
  launch.blocks = shape.images * llvm::divideCeil(shape.height, tile.height) *
                  llvm::divideCeil(shape.width, tile.width) *
                  llvm::divideCeil(shape.channels, tile.channels);
  launch.threads = tile.threads();
  launch.sharedBytes = tile.sharedBytes(shape.height, shape.elementBytes);
  return launch;
}

void emit(GpuKernelContext context) { DepthwiseGenerator(context).run(); }

} // namespace

const GpuGenerator gpuDepthwise = {missing, chooseGpuDepthwiseTile,
                                   checkGpuDepthwiseTile, launchOf, emit};

} // namespace bcssl
