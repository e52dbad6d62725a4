//===- Depthwise.cpp - depthwise convolution and its input gradient -------===//
//
// A block keeps the filter of its channels in shared memory and goes through
// pieces of some images; of the piece at hand it keeps the input with the
// border that the filter reaches. Each thread computes neighbouring outputs of
// a few channels in registers. Along an input row every column is read once and
// used by all outputs that need it (a sliding window, unrolled); input rows are
// a loop, clipped to the map, and taps beyond the map's size are left out
// altogether (`reach`). The first and last input rows meet only some of a
// thread's output rows: they stand outside the loop.
//
// The input gradient is the same with the filter turned by 180 degrees, which
// is done while it is copied.
//
// Partial sums of each image are kept in registers over all its pieces, and
// then added up over the threads in a fixed order.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/gpu/Depthwise.h"

#include "passes/codegen/KernelPlan.h"
#include "passes/codegen/RegionEmitter.h"
#include "passes/codegen/gpu/RowRing.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace bcssl {
namespace {

GpuDepthwiseTile tileOf(KernelOp kernel) {
  GpuDepthwiseTile tile;
  fromAttribute(kernel.getTileAttr(), tile);
  return tile;
}

/// Multiply-adds of an input row that stand in the code one by one: a few
/// thousand instructions would run out of the caches.
constexpr int64_t mostProducts = 800;

/// Filter columns whose products with `rows` output rows stand in the code one
/// by one; the others come in further turns of a loop.
int64_t columnsInCode(const GpuDepthwiseTile &tile, const GpuDepthwiseMap &map,
                      int64_t rows) {
  int64_t taps = tile.filterColumns(),
          products = tile.outputs * rows * tile.lanes;
  if (tile.hasWholeRows(map) || taps * products <= mostProducts)
    return taps;
  return equalPart(taps, std::max<int64_t>(mostProducts / products, 1));
}

/// Multiply-adds of a thread with an input row that meets as many of its output
/// rows as one can, in code without a loop.
int64_t productsInCode(const GpuDepthwiseTile &tile,
                       const GpuDepthwiseMap &map) {
  int64_t rows = std::min(tile.rows, tile.filterRows());
  int64_t pairs = columnsInCode(tile, map, rows) * tile.outputs;
  if (tile.hasWholeRows(map)) // without those off the map
    pairs -= tile.reachWidth * (tile.reachWidth + 1);
  return pairs * rows * tile.lanes;
}

/// Blocks in each direction.
struct Grid {
  Grid(const GpuDepthwiseShape &shape, const GpuDepthwiseTile &tile)
      : columnPieces(llvm::divideCeil(shape.map.width, tile.width)),
        rowPieces(llvm::divideCeil(shape.map.height, tile.height)),
        chunks(llvm::divideCeil(shape.channels, tile.channels)),
        columns(llvm::divideCeil(columnPieces, tile.strips)),
        rows(llvm::divideCeil(rowPieces, tile.bands)),
        images(llvm::divideCeil(shape.images, tile.images)) {}

  int64_t blocks() const { return chunks * columns * rows * images; }

  int64_t columnPieces, rowPieces;
  int64_t chunks, columns, rows, images;
};

class DepthwiseGenerator {
public:
  explicit DepthwiseGenerator(GpuKernelContext context);
  void run();

private:
  using Body = llvm::function_ref<SmallVector<Value>(Value, ValueRange)>;

  void locate();
  void copyFilter();
  SmallVector<Value> emitPiece(Value image, Value strip, Value band,
                               ValueRange carried);
  void copyInput(Value image, Value strip, Value band);
  SmallVector<Value> emitSums(Value row, Value firstSlot);
  SmallVector<Value> emitInputRow(Value number, Value firstSlot,
                                  ValueRange carried, int64_t firstRow,
                                  int64_t endRow);
  /// Where an input row and the first filter row that it meets start, and the
  /// output rows that it adds to.
  struct Rows {
    Value inputAt, filterAt;
    int64_t first, end;
  };
  void emitTaps(const Rows &rows, int64_t firstTap, int64_t endTap,
                SmallVector<Value> &sums, SmallVector<Value> &window);
  SmallVector<Value> emitOutputs(Value image, Value row, Value column,
                                 ValueRange sums, ValueRange carried);
  void storePartials(Value image, ValueRange sums);

  /// first <= i < min(first + most, count), or only `first`.
  SmallVector<Value> loop(Value first, int64_t most, int64_t count,
                          ValueRange carried, Body body);
  /// Computes new values where a condition holds; null stands for true.
  SmallVector<Value> update(Value condition, ValueRange carried,
                            llvm::function_ref<SmallVector<Value>()> body);
  bool keepsMap() const {
    return tile.inputRows(shape.map) == shape.map.height;
  }
  Value load(Value memref, Value at, int64_t column) {
    return kernel.widen(kernel.load(
        memref, kernel.add(at, column * tile.channels), tile.lanes));
  }

  ImplicitLocOpBuilder &builder;
  KernelBuilder kernel;
  GpuDepthwiseShape shape;
  GpuDepthwiseTile tile;
  Grid grid;
  RegionEmitter region;
  Value thread, input, filter, scratch;
  RowRing ring;

  Value firstImage, firstStrip, firstBand, firstChannel; // of the block
  Value lane, group, rowGroup, channel;                  // of the thread
};

ArrayRef<int64_t> shapeOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getShape();
}

Type elementOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getElementType();
}

DepthwiseGenerator::DepthwiseGenerator(GpuKernelContext context)
    : builder(context.builder), kernel(context.builder), shape(context.kernel),
      tile(tileOf(context.kernel)), grid(shape, tile),
      region(context.builder, context.kernel, context.buffers,
             shapeOf(shape.anchor->getResult(0)),
             {.width = tile.lanes, .aligned = true}),
      thread(kernel.thread(tile.threads())),
      input(kernel.sharedMemory(tile.inputElements(shape.map),
                                elementOf(shape.anchor->getOperand(0)))),
      filter(kernel.sharedMemory(tile.filterElements(), builder.getF32Type())),
      scratch(
          kernel.sharedMemory(shape.map.partials * tile.threads() * tile.lanes,
                              builder.getF32Type())),
      ring(kernel,
           {region.buffer(shape.anchor->getOperand(0)), shape.map.height,
            shape.map.width, shape.channels},
           {input, 0, tile.inputRows(shape.map), tile.inputColumns(shape.map),
            tile.channels, !tile.hasWholeRows(shape.map)},
           thread, tile.threads()) {}

void DepthwiseGenerator::run() {
  locate();
  copyFilter();
  loop(firstImage, tile.images, shape.images, {},
       [&](Value image, ValueRange) -> SmallVector<Value> {
         SmallVector<Value> zeros(
             shape.map.partials,
             kernel.zeros(builder.getF32Type(), tile.lanes));
         storePartials(image,
                       loop(firstStrip, tile.strips, grid.columnPieces, zeros,
                            [&](Value strip, ValueRange sums) {
                              return loop(
                                  firstBand, tile.bands, grid.rowPieces, sums,
                                  [&](Value band, ValueRange sums) {
                                    return emitPiece(image, strip, band, sums);
                                  });
                            }));
         return {};
       });
}

/// Blocks count through channels first, so that neighbours share lines of
/// memory.
void DepthwiseGenerator::locate() {
  Value rest = kernel.block(grid.blocks());
  auto take = [&](int64_t parts, int64_t size) {
    Value first = kernel.mul(kernel.remainder(rest, parts), size);
    rest = kernel.quotient(rest, parts);
    return first;
  };
  firstChannel = take(grid.chunks, tile.channels);
  firstStrip = take(grid.columns, tile.strips);
  firstBand = take(grid.rows, tile.bands);
  firstImage = kernel.mul(rest, tile.images);
  rest = thread;
  lane = take(tile.channels / tile.lanes, tile.lanes);
  group = take(tile.width / tile.outputs, tile.outputs);
  rowGroup = kernel.mul(rest, tile.rows);
  channel = kernel.add(firstChannel, lane);
}

SmallVector<Value> DepthwiseGenerator::loop(Value first, int64_t most,
                                            int64_t count, ValueRange carried,
                                            Body body) {
  if (most == 1)
    return body(first, carried);
  Value end = kernel.min(kernel.add(first, most), kernel.index(count));
  auto loop = scf::ForOp::create(
      builder, first, end, kernel.index(1), carried,
      [&](OpBuilder &, Location, Value i, ValueRange values) {
        scf::YieldOp::create(builder, body(i, values));
      });
  return SmallVector<Value>(loop.getResults());
}

SmallVector<Value>
DepthwiseGenerator::update(Value condition, ValueRange carried,
                           llvm::function_ref<SmallVector<Value>()> body) {
  if (!condition)
    return body();
  if (carried.empty()) {
    kernel.when(condition, [&] { body(); });
    return {};
  }
  auto choice = scf::IfOp::create(
      builder, condition,
      [&](OpBuilder &, Location) { scf::YieldOp::create(builder, body()); },
      [&](OpBuilder &, Location) { scf::YieldOp::create(builder, carried); });
  return SmallVector<Value>(choice.getResults());
}

void DepthwiseGenerator::copyFilter() {
  Value from = region.buffer(shape.anchor->getOperand(1));
  int64_t lanes = widestPiece(shape.channels, tile.channels,
                              shape.map.elementBytes),
          pieces = tile.channels / lanes;
  // The first tap within reach, or the last one when the filter is turned.
  auto tapAt = [&](Value tap, int64_t size, int64_t reach) {
    if (shape.turned)
      return kernel.sub(kernel.index(size / 2 + reach), tap);
    return kernel.add(tap, size / 2 - reach);
  };
  scf::ForOp::create(
      builder, thread, kernel.index(tile.filterElements() / lanes),
      kernel.index(tile.threads()), ValueRange{},
      [&](OpBuilder &, Location, Value i, ValueRange) {
        Value tap = shortQuotient(kernel, i, pieces);
        Value row = tapAt(shortQuotient(kernel, tap, tile.filterColumns()),
                          shape.filterHeight, tile.reachHeight);
        Value column = tapAt(shortRemainder(kernel, tap, tile.filterColumns()),
                             shape.filterWidth, tile.reachWidth);
        Value channel = kernel.add(
            firstChannel, kernel.mul(shortRemainder(kernel, i, pieces), lanes));
        Value inside;
        if (shape.channels % tile.channels != 0)
          inside = kernel.within(channel, shape.channels);
        Value site = kernel.add(kernel.mul(row, shape.filterWidth), column);
        Value at = kernel.add(kernel.mul(site, shape.channels), channel);
        kernel.store(kernel.widen(kernel.loadWhen(inside, from, at, lanes)),
                     filter, kernel.mul(i, lanes));
        scf::YieldOp::create(builder);
      });
}

SmallVector<Value> DepthwiseGenerator::emitPiece(Value image, Value strip,
                                                 Value band,
                                                 ValueRange carried) {
  if (tile.images * tile.strips * tile.bands != 1)
    kernel.barrier(); // The last piece has been used.
  copyInput(image, strip, band);
  kernel.barrier();
  Value bandRow = kernel.mul(band, tile.height);
  Value row = kernel.add(bandRow, rowGroup);
  Value column = kernel.add(kernel.mul(strip, tile.width), group);
  Value active;
  if (shape.map.height % tile.height != 0)
    active = kernel.within(row, shape.map.height);
  if (shape.map.width % tile.width != 0)
    active = kernel.both(active, kernel.within(column, shape.map.width));
  if (shape.channels % tile.channels != 0)
    active = kernel.both(active, kernel.within(channel, shape.channels));
  return update(active, carried, [&] {
    // The slot of the first input row that the filter reaches; while the whole
    // map is kept, it is the row's number and may be off the map.
    Value firstSlot =
        keepsMap() ? kernel.add(row, -tile.reachHeight)
                   : kernel.add(shortRemainder(kernel, bandRow,
                                               tile.inputRows(shape.map)),
                                rowGroup);
    return emitOutputs(image, row, column, emitSums(row, firstSlot), carried);
  });
}

/// Brings the input rows of a band that the band above has not left there.
void DepthwiseGenerator::copyInput(Value image, Value strip, Value band) {
  Value row = kernel.mul(band, tile.height);
  Value height = kernel.index(shape.map.height);
  Value begin = kernel.max(kernel.add(row, -tile.reachHeight), kernel.index(0));
  if (tile.bands != 1) {
    Value isFirst = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq,
                                          band, firstBand);
    Value left = kernel.min(kernel.add(row, tile.reachHeight), height);
    begin = arith::SelectOp::create(builder, isFirst, begin, left);
  }
  Value end =
      kernel.min(kernel.add(row, tile.height + tile.reachHeight), height);
  Value slot = keepsMap()
                   ? begin
                   : shortRemainder(kernel, kernel.add(begin, tile.reachHeight),
                                    tile.inputRows(shape.map));
  bool whole = tile.hasWholeRows(shape.map);
  Value column =
      kernel.add(kernel.mul(strip, tile.width), whole ? 0 : -tile.reachWidth);
  ring.copy(image, begin, end, tile.inputRows(shape.map), slot, column,
            firstChannel);
}

/// The convolution at the thread's outputs, of map row `row` and those below.
SmallVector<Value> DepthwiseGenerator::emitSums(Value row, Value firstSlot) {
  // Input rows count from the first that the filter reaches. Number n meets
  // output row r by filter row n - r.
  int64_t filterRows = tile.filterRows(), numbers = filterRows + tile.rows - 1;
  Value first = kernel.sub(kernel.index(tile.reachHeight), row);
  Value end = kernel.add(first, shape.map.height);
  SmallVector<Value> sums(tile.rows * tile.outputs,
                          kernel.zeros(builder.getF32Type(), tile.lanes));
  auto emitAlone = [&](int64_t number) {
    Value n = kernel.index(number);
    auto compare = [&](arith::CmpIPredicate predicate, Value other) -> Value {
      return arith::CmpIOp::create(builder, predicate, n, other);
    };
    Value exists = kernel.both(compare(arith::CmpIPredicate::sge, first),
                               compare(arith::CmpIPredicate::slt, end));
    sums = update(exists, sums, [&] {
      return emitInputRow(n, firstSlot, sums,
                          std::max<int64_t>(number - filterRows + 1, 0),
                          std::min(number + 1, tile.rows));
    });
  };
  int64_t firstFull = tile.rows - 1;
  for (int64_t number = 0; number < firstFull; ++number)
    emitAlone(number);
  if (firstFull < filterRows) {
    auto loop = scf::ForOp::create(
        builder, kernel.max(first, kernel.index(firstFull)),
        kernel.min(end, kernel.index(filterRows)), kernel.index(1), sums,
        [&](OpBuilder &, Location, Value n, ValueRange carried) {
          scf::YieldOp::create(
              builder, emitInputRow(n, firstSlot, carried, 0, tile.rows));
        });
    sums.assign(loop.getResults().begin(), loop.getResults().end());
  }
  for (int64_t number = std::max(firstFull, filterRows); number < numbers;
       ++number)
    emitAlone(number);
  return sums;
}

/// Adds the products of an input row to output rows from `firstRow` on.
SmallVector<Value> DepthwiseGenerator::emitInputRow(Value number,
                                                    Value firstSlot,
                                                    ValueRange carried,
                                                    int64_t firstRow,
                                                    int64_t endRow) {
  bool whole = tile.hasWholeRows(shape.map);
  Value slot = kernel.add(firstSlot, number);
  if (!keepsMap())
    slot = ring.wrap(slot);
  Value inputAt =
      kernel.add(ring.at(slot, whole ? kernel.index(0) : group), lane);
  Value filterAt = kernel.add(
      kernel.mul(number, tile.filterColumns() * tile.channels), lane);
  Rows rows{inputAt, filterAt, firstRow, endRow};
  int64_t taps = tile.filterColumns(),
          some = columnsInCode(tile, shape.map, endRow - firstRow);
  if (some == taps) {
    SmallVector<Value> sums(carried), window;
    emitTaps(rows, 0, taps, sums, window);
    return sums;
  }
  SmallVector<Value> values(carried); // the sums, then the window
  for (int64_t column = 0; column < tile.outputs - 1; ++column)
    values.push_back(load(input, inputAt, column));
  auto split = [&](ValueRange values, SmallVector<Value> &sums,
                   SmallVector<Value> &window) {
    llvm::append_range(sums, values.take_front(carried.size()));
    llvm::append_range(window, values.drop_front(carried.size()));
  };
  auto loop = scf::ForOp::create(
      builder, kernel.index(0), kernel.index(taps / some * some),
      kernel.index(some), values,
      [&](OpBuilder &, Location, Value tap, ValueRange values) {
        Value ahead = kernel.mul(tap, tile.channels);
        Rows there{kernel.add(inputAt, ahead), kernel.add(filterAt, ahead),
                   firstRow, endRow};
        SmallVector<Value> sums, window;
        split(values, sums, window);
        emitTaps(there, 0, some, sums, window);
        llvm::append_range(sums, ArrayRef(window).take_back(tile.outputs - 1));
        scf::YieldOp::create(builder, sums);
      });
  SmallVector<Value> sums, window;
  split(loop.getResults(), sums, window);
  // The window's columns stand before the first of these taps.
  emitTaps(rows, taps / some * some, taps, sums, window);
  return sums;
}

/// Adds the products of some taps. `window` has the first columns of the input
/// that they meet, and gets those that follow.
void DepthwiseGenerator::emitTaps(const Rows &rows, int64_t firstTap,
                                  int64_t endTap, SmallVector<Value> &sums,
                                  SmallVector<Value> &window) {
  bool whole = tile.hasWholeRows(shape.map);
  int64_t rowSize = tile.filterColumns() * tile.channels,
          firstColumn = whole ? 0 : firstTap;
  for (int64_t tap = firstTap; tap < endTap; ++tap)
    for (int64_t r = rows.first; r < rows.end; ++r) {
      Value weight = load(filter, kernel.add(rows.filterAt, -r * rowSize), tap);
      for (int64_t t = 0; t < tile.outputs; ++t) {
        int64_t column = whole ? t + tap - tile.reachWidth : t + tap;
        if (whole && (column < 0 || column >= shape.map.width))
          continue;
        while (firstColumn + static_cast<int64_t>(window.size()) <= column)
          window.push_back(
              load(input, rows.inputAt,
                   firstColumn + static_cast<int64_t>(window.size())));
        Value &sum = sums[r * tile.outputs + t];
        sum = vector::FMAOp::create(builder, window[column - firstColumn],
                                    weight, sum);
      }
    }
}

/// The epilogue of the thread's outputs; returns the new partial sums.
SmallVector<Value> DepthwiseGenerator::emitOutputs(Value image, Value row,
                                                   Value column,
                                                   ValueRange sums,
                                                   ValueRange carried) {
  SmallVector<Value> partials(carried);
  bool cutRows = shape.map.height % tile.rows != 0,
       cutColumns = shape.map.width % tile.outputs != 0;
  for (auto [number, sum] : llvm::enumerate(sums)) {
    int64_t r = number / tile.outputs, t = number % tile.outputs;
    Value outputRow = kernel.add(row, r), outputColumn = kernel.add(column, t);
    Value inside;
    if (cutRows && r != 0)
      inside = kernel.within(outputRow, shape.map.height);
    if (cutColumns && t != 0)
      inside =
          kernel.both(inside, kernel.within(outputColumn, shape.map.width));
    partials = update(inside, partials, [&, sum = sum] {
      Value mapRow = kernel.add(kernel.mul(image, shape.map.height), outputRow);
      Site site{kernel.add(kernel.mul(mapRow, shape.map.width), outputColumn),
                channel, tile.lanes};
      region.enter();
      region.bind(shape.anchor->getResult(0), sum);
      region.storeFull(site);
      SmallVector<Value> next;
      for (auto [partial, before] :
           llvm::zip_equal(region.partials(), partials))
        next.push_back(arith::AddFOp::create(
            builder, before,
            region.vectorAt(partial.first->getOperand(0), site)));
      return next;
    });
  }
  return partials;
}

/// Adds up the partial sums of threads with the same channels, halving their
/// number in each step, and stores them.
void DepthwiseGenerator::storePartials(Value image, ValueRange partials) {
  if (partials.empty())
    return;
  SmallVector<Value> sums(partials);
  int64_t vectors = tile.channels / tile.lanes;
  auto placeOf = [&](int64_t number, int64_t ahead) {
    return kernel.mul(
        kernel.add(thread, number * tile.threads() + ahead * vectors),
        tile.lanes);
  };
  auto storeAll = [&] {
    for (auto [number, sum] : llvm::enumerate(sums))
      kernel.store(sum, scratch, placeOf(number, 0));
    kernel.barrier();
  };
  for (int64_t count = tile.threads() / vectors; count > 1;) {
    storeAll();
    int64_t half = llvm::divideCeil(count, 2);
    Value hasPartner = kernel.within(thread, (count - half) * vectors);
    sums = update(hasPartner, sums, [&] {
      SmallVector<Value> next;
      for (auto [number, sum] : llvm::enumerate(sums))
        next.push_back(arith::AddFOp::create(
            builder, sum,
            kernel.load(scratch, placeOf(number, half), tile.lanes)));
      return next;
    });
    kernel.barrier();
    count = half;
  }
  Value active = kernel.within(thread, vectors);
  if (shape.channels % tile.channels != 0)
    active = kernel.both(active, kernel.within(channel, shape.channels));
  kernel.when(active, [&] {
    Value at = kernel.add(kernel.mul(image, shape.channels), channel);
    for (auto [partial, sum] : llvm::zip_equal(region.partials(), sums)) {
      Value memref = region.resultBuffer(partial.second);
      Type element = cast<MemRefType>(memref.getType()).getElementType();
      kernel.store(kernel.narrow(sum, element), memref, at);
    }
  });
}

/// One result row of a partial sum is one image.
std::string missing(KernelOp kernel) {
  GpuDepthwiseShape shape(kernel);
  for (auto partial : kernel.getBody().getOps<ReducePartialOp>())
    if (static_cast<int64_t>(partial.getRows()) !=
        shape.map.height * shape.map.width)
      return "partial sums of other than one image";
  return "";
}

GpuLaunch launchOf(KernelOp kernel) {
  GpuDepthwiseShape shape(kernel);
  GpuDepthwiseTile tile = tileOf(kernel);
  GpuLaunch launch;
  launch.blocks = Grid(shape, tile).blocks();
  launch.threads = tile.threads();
  launch.sharedBytes = tile.sharedBytes(shape.map);
  return launch;
}

void emit(GpuKernelContext context) {
  GpuDepthwiseShape shape(context.kernel);
  GpuDepthwiseTile tile = tileOf(context.kernel);
  DepthwiseGenerator(context).run();
  planProducts(context.builder, productsInCode(tile, shape.map));
  // With loops over taps ptxas aims at fewer registers than there are, and
  // spills, or takes so many that half the blocks fit.
  if (!tile.hasWholeRows(shape.map) &&
      tile.filterColumns() * tile.rows * tile.outputs * tile.lanes >
          mostProducts)
    context.builder.getInsertionBlock()->getParentOp()->setAttr(
        NVVM::NVVMDialect::getMaxnregAttrName(),
        context.builder.getI32IntegerAttr(
            static_cast<int32_t>(tile.registers())));
}

} // namespace

const GpuGenerator gpuDepthwise = {missing, chooseGpuDepthwiseTile,
                                   checkGpuDepthwiseTile, launchOf, emit};

} // namespace bcssl
