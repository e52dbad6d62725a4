//===- DepthwiseFilterGrad.cpp - filter gradient of depthwise conv --------===//
//
// A block goes down the images of its part with some input rows and the rows of
// the output gradient that they meet in shared memory, both in f32. A thread
// keeps the sums of a few taps in registers throughout: along a row, every
// column of both maps is read once and used by all taps that need it. Filter
// rows that meet no row of the gradient read a row of zeros instead. Threads
// that share sums (`splits`) work on different rows; theirs are added in order
// at the end. Taps beyond the map's size are zeros and never computed.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/KernelPlan.h"
#include "passes/codegen/gpu/Depthwise.h"
#include "passes/codegen/gpu/RowRing.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace bcssl {
namespace {

GpuFilterGradTile tileOf(KernelOp kernel) {
  GpuFilterGradTile tile;
  fromAttribute(kernel.getTileAttr(), tile);
  return tile;
}

class FilterGradGenerator {
public:
  explicit FilterGradGenerator(GpuKernelContext context);
  void run();

private:
  void locateBlock();
  void locateThread();
  Value firstInputOf(Value row);
  Value endInputOf(Value row, int64_t count);
  void clearFarTaps();
  void clearZeroRow();
  SmallVector<Value> addImages();
  SmallVector<Value> addBand(Value image, Value band, ValueRange sums);
  void copyRows(Value image, Value band, Value bandEnd, Value firstGrad);
  SmallVector<Value> addRow(Value row, Value band, Value firstGrad,
                            ValueRange sums);
  SmallVector<Value> addWholeRow(Value inputAt, ValueRange gradAt,
                                 ValueRange sums);
  SmallVector<Value> addColumns(Value inputAt, ValueRange gradAt,
                                ValueRange carried);
  SmallVector<Value> combineSplits(ValueRange sums);
  void storeSums(ValueRange sums);

  /// A loop from `begin` to `end` that carries sums.
  SmallVector<Value>
  loop(Value begin, Value end, int64_t step, ValueRange carried,
       llvm::function_ref<SmallVector<Value>(Value, ValueRange)> body);
  Value load(Value at, int64_t column) {
    return kernel.load(memory, kernel.add(at, column * tile.channels),
                       tile.lanes);
  }
  Value multiplyAdd(Value a, Value b, Value sum) {
    return vector::FMAOp::create(builder, a, b, sum);
  }
  Value isEqual(Value a, Value b) {
    return arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, a, b);
  }
  /// The kernel's input that is an operand of the anchor.
  unsigned numberOf(unsigned operand) {
    return cast<BlockArgument>(shape.anchor->getOperand(operand))
        .getArgNumber();
  }
  /// Element of a tap of this block's part in the result.
  Value tapAt(Value filterRow, Value filterColumn, Value channel);
  /// Whether all rows of the gradient are kept, each at its number.
  bool keepsGrad() const {
    return tile.gradRows(shape.map) == shape.map.height;
  }
  int64_t groups() const {
    return llvm::divideCeil(tile.reachRows(), tile.filterRows);
  }

  ImplicitLocOpBuilder &builder;
  KernelBuilder kernel;
  GpuDepthwiseShape shape;
  GpuFilterGradTile tile;
  Value result;
  Value memory, thread;
  RowRing input, grad;

  Value part, firstChannel; // of the block
  Value firstRow; // filter row of the block, as far as the map reaches
  Value firstInput, endInput;                   // rows of the block
  Value firstOfThread, endOfThread;             // rows of the thread
  Value lane, tapGroup, rowGroup, split, place; // of the thread
};

FilterGradGenerator::FilterGradGenerator(GpuKernelContext context)
    : builder(context.builder), kernel(context.builder), shape(context.kernel),
      tile(tileOf(context.kernel)), result(context.buffers.back()),
      memory(kernel.sharedMemory(tile.sharedElements(shape.map),
                                 builder.getF32Type())),
      thread(kernel.thread(tile.threads())),
      input(kernel,
            {context.buffers[numberOf(0)], shape.map.height, shape.map.width,
             shape.channels},
            {memory, 0, tile.height, tile.inputColumns(shape.map),
             tile.channels, !tile.hasWholeRows(shape.map)},
            thread, tile.threads()),
      grad(kernel,
           {context.buffers[numberOf(1)], shape.map.height, shape.map.width,
            shape.channels},
           {memory, tile.inputElements(shape.map), tile.gradRows(shape.map),
            tile.gradColumns(shape.map), tile.channels,
            tile.gradColumns(shape.map) != shape.map.width},
           thread, tile.threads()) {}

void FilterGradGenerator::run() {
  locateBlock();
  locateThread();
  clearFarTaps();
  clearZeroRow();
  SmallVector<Value> sums = addImages();
  storeSums(combineSplits(sums));
}

/// Blocks of the same rows of memory stand beside each other.
void FilterGradGenerator::locateBlock() {
  int64_t chunks = llvm::divideCeil(shape.channels, tile.channels);
  Value rest = kernel.block(shape.parts * chunks * groups());
  firstRow = kernel.mul(kernel.remainder(rest, groups()), tile.filterRows);
  rest = kernel.quotient(rest, groups());
  firstChannel = kernel.mul(kernel.remainder(rest, chunks), tile.channels);
  part = kernel.quotient(rest, chunks);
  firstInput = firstInputOf(firstRow);
  endInput = endInputOf(firstRow, tile.filterRows);
}

/// Input rows that meet a row of the gradient under filter rows from `row` on.
Value FilterGradGenerator::firstInputOf(Value row) {
  return kernel.max(kernel.add(row, -tile.reachHeight), kernel.index(0));
}

Value FilterGradGenerator::endInputOf(Value row, int64_t count) {
  int64_t height = shape.map.height;
  return kernel.min(kernel.add(row, height + count - 1 - tile.reachHeight),
                    kernel.index(height));
}

void FilterGradGenerator::locateThread() {
  int64_t vectors = tile.channels / tile.lanes,
          rowGroups = tile.filterRows / tile.rows;
  lane = kernel.mul(kernel.remainder(thread, vectors), tile.lanes);
  Value rest = kernel.quotient(thread, vectors);
  tapGroup = kernel.mul(kernel.remainder(rest, tile.tapGroups()), tile.taps);
  rest = kernel.quotient(rest, tile.tapGroups());
  rowGroup = kernel.mul(kernel.remainder(rest, rowGroups), tile.rows);
  split = kernel.quotient(rest, rowGroups);
  place = kernel.remainder(thread, tile.threadsOfSplit());
  firstOfThread = firstInputOf(kernel.add(firstRow, rowGroup));
  endOfThread = endInputOf(kernel.add(firstRow, rowGroup), tile.rows);
}

SmallVector<Value> FilterGradGenerator::loop(
    Value begin, Value end, int64_t step, ValueRange carried,
    llvm::function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(
      builder, begin, end, kernel.index(step), carried,
      [&](OpBuilder &, Location, Value i, ValueRange values) {
        scf::YieldOp::create(builder, body(i, values));
      });
  return SmallVector<Value>(loop.getResults());
}

Value FilterGradGenerator::tapAt(Value filterRow, Value filterColumn,
                                 Value channel) {
  Value row = kernel.add(kernel.mul(part, shape.filterHeight), filterRow);
  Value tap = kernel.add(kernel.mul(row, shape.filterWidth), filterColumn);
  return kernel.add(kernel.mul(tap, shape.channels), channel);
}

void FilterGradGenerator::clearFarTaps() {
  int64_t aboveReach = shape.filterHeight / 2 - tile.reachHeight,
          besideReach = shape.filterWidth / 2 - tile.reachWidth;
  if (aboveReach == 0 && besideReach == 0)
    return;
  int64_t vectors = tile.channels / tile.lanes;
  kernel.when(isEqual(firstRow, kernel.index(0)), [&] {
    Value count =
        kernel.index(shape.filterHeight * shape.filterWidth * vectors);
    loop(thread, count, tile.threads(), {}, [&](Value i, ValueRange) {
      Value tap = shortQuotient(kernel, i, vectors);
      Value row = shortQuotient(kernel, tap, shape.filterWidth),
            column = shortRemainder(kernel, tap, shape.filterWidth);
      Value channel = kernel.add(
          firstChannel,
          kernel.mul(shortRemainder(kernel, i, vectors), tile.lanes));
      Value near = kernel.both(
          kernel.within(kernel.add(row, -aboveReach), tile.reachRows()),
          kernel.within(kernel.add(column, -besideReach), tile.reachColumns()));
      Value isFar = arith::XOrIOp::create(
          builder, near, arith::ConstantIntOp::create(builder, true, 1));
      if (shape.channels % tile.channels != 0)
        isFar = kernel.both(isFar, kernel.within(channel, shape.channels));
      kernel.when(isFar, [&] {
        Type element = cast<MemRefType>(result.getType()).getElementType();
        kernel.store(kernel.zeros(element, tile.lanes), result,
                     tapAt(row, column, channel));
      });
      return SmallVector<Value>();
    });
  });
}

void FilterGradGenerator::clearZeroRow() {
  int64_t elements = tile.gradColumns(shape.map) * tile.channels;
  Value first =
      grad.at(kernel.index(tile.gradRows(shape.map)), kernel.index(0));
  loop(thread, kernel.index(elements / tile.lanes), tile.threads(), {},
       [&](Value i, ValueRange) {
         kernel.store(kernel.zeros(builder.getF32Type(), tile.lanes), memory,
                      kernel.add(first, kernel.mul(i, tile.lanes)));
         return SmallVector<Value>();
       });
}

SmallVector<Value> FilterGradGenerator::addImages() {
  int64_t perPart = llvm::divideCeil(shape.images, shape.parts);
  Value first = kernel.mul(part, perPart);
  Value end =
      kernel.min(kernel.add(first, perPart), kernel.index(shape.images));
  SmallVector<Value> zeros(tile.rows * tile.taps,
                           kernel.zeros(builder.getF32Type(), tile.lanes));
  return loop(first, end, 1, zeros, [&](Value image, ValueRange sums) {
    return loop(firstInput, endInput, tile.height, sums,
                [&](Value band, ValueRange sums) {
                  return addBand(image, band, sums);
                });
  });
}

SmallVector<Value> FilterGradGenerator::addBand(Value image, Value band,
                                                ValueRange sums) {
  Value end = kernel.min(kernel.add(band, tile.height), endInput);
  // The gradient's first row that the band meets; it may be off the map.
  Value firstGrad = kernel.add(kernel.sub(band, firstRow),
                               tile.reachHeight - tile.filterRows + 1);
  kernel.barrier(); // The last band's rows have been used.
  copyRows(image, band, end, firstGrad);
  kernel.barrier();
  // Of these, the rows that meet the gradient under the thread's filter rows.
  Value begin = kernel.max(band, firstOfThread);
  return loop(kernel.add(begin, split), kernel.min(end, endOfThread),
              tile.splits, sums, [&](Value row, ValueRange sums) {
                return addRow(row, band, firstGrad, sums);
              });
}

void FilterGradGenerator::copyRows(Value image, Value band, Value bandEnd,
                                   Value firstGrad) {
  Value zero = kernel.index(0), height = kernel.index(shape.map.height);
  bool whole = tile.hasWholeRows(shape.map);
  input.copy(image, band, bandEnd, tile.height, zero,
             kernel.index(whole ? 0 : -tile.reachWidth), firstChannel);
  Value begin = kernel.max(firstGrad, zero);
  if (shape.map.height > tile.height) {
    // Rows above have been left by the last band, unless this is the first.
    Value left = kernel.min(kernel.add(firstGrad, tile.filterRows - 1), height);
    begin = arith::SelectOp::create(builder, isEqual(band, firstInput), begin,
                                    left);
  }
  Value end = kernel.min(
      kernel.add(kernel.sub(bandEnd, firstRow), tile.reachHeight), height);
  Value slot = begin;
  if (!keepsGrad())
    slot = shortRemainder(kernel, kernel.add(begin, tile.filterRows - 1),
                          tile.gradRows(shape.map));
  grad.copy(image, begin, end, tile.gradRows(shape.map), slot, zero,
            firstChannel);
}

/// Adds the products of one input row and the gradient's rows that it meets.
SmallVector<Value> FilterGradGenerator::addRow(Value row, Value band,
                                               Value firstGrad,
                                               ValueRange sums) {
  Value below = kernel.sub(row, band);
  Value inputAt =
      kernel.add(input.at(below, tile.hasWholeRows(shape.map) ? kernel.index(0)
                                                              : tapGroup),
                 lane);
  Value firstSlot;
  if (!keepsGrad())
    firstSlot =
        shortRemainder(kernel, kernel.add(firstGrad, tile.filterRows - 1),
                       tile.gradRows(shape.map));
  SmallVector<Value> gradAt;
  for (int64_t r = 0; r < tile.rows; ++r) {
    // The rows of the gradient that the band meets come in falling order.
    Value ahead =
        kernel.sub(kernel.add(below, tile.filterRows - 1 - r), rowGroup);
    Value gradRow = kernel.add(firstGrad, ahead);
    Value slot =
        keepsGrad() ? gradRow : grad.wrap(kernel.add(firstSlot, ahead));
    slot = arith::SelectOp::create(
        builder, kernel.within(gradRow, shape.map.height), slot,
        kernel.index(tile.gradRows(shape.map)));
    gradAt.push_back(kernel.add(grad.at(slot, kernel.index(0)), lane));
  }
  return tile.hasWholeRows(shape.map) ? addWholeRow(inputAt, gradAt, sums)
                                      : addColumns(inputAt, gradAt, sums);
}

/// All taps of a whole row: products off the map are left out.
SmallVector<Value> FilterGradGenerator::addWholeRow(Value inputAt,
                                                    ValueRange gradAt,
                                                    ValueRange carried) {
  SmallVector<Value> sums(carried), inputs(shape.map.width);
  for (int64_t column = 0; column < shape.map.width; ++column)
    for (auto [r, at] : llvm::enumerate(gradAt)) {
      Value gradient = load(at, column);
      for (int64_t tap = 0; tap < tile.taps; ++tap) {
        int64_t from = column + tap - tile.reachWidth;
        if (from < 0 || from >= shape.map.width)
          continue;
        if (!inputs[from])
          inputs[from] = load(inputAt, from);
        Value &sum = sums[r * tile.taps + tap];
        sum = multiplyAdd(inputs[from], gradient, sum);
      }
    }
  return sums;
}

/// A few taps of a row, some columns at a time.
SmallVector<Value> FilterGradGenerator::addColumns(Value inputAt,
                                                   ValueRange gradAt,
                                                   ValueRange carried) {
  SmallVector<Value> values(carried); // the sums, then the window
  for (int64_t column = 0; column < tile.taps - 1; ++column)
    values.push_back(load(inputAt, column));
  auto addSome = [&](Value first, ValueRange carried) {
    SmallVector<Value> sums(carried.take_front(tile.rows * tile.taps)),
        window(carried.drop_front(tile.rows * tile.taps));
    Value ahead = kernel.mul(first, tile.channels);
    for (int64_t column = 0; column < tile.columns; ++column) {
      window.push_back(
          load(kernel.add(inputAt, ahead), column + tile.taps - 1));
      for (auto [r, at] : llvm::enumerate(gradAt)) {
        Value gradient = load(kernel.add(at, ahead), column);
        for (int64_t tap = 0; tap < tile.taps; ++tap) {
          Value &sum = sums[r * tile.taps + tap];
          sum = multiplyAdd(window[column + tap], gradient, sum);
        }
      }
    }
    llvm::append_range(sums, ArrayRef(window).take_back(tile.taps - 1));
    return sums;
  };
  int64_t columns = tile.gradColumns(shape.map);
  values = columns == tile.columns
               ? addSome(kernel.index(0), values)
               : loop(kernel.index(0), kernel.index(columns), tile.columns,
                      values, addSome);
  values.truncate(tile.rows * tile.taps);
  return values;
}

/// Adds the sums of all splits, in order, in the threads of the first.
SmallVector<Value> FilterGradGenerator::combineSplits(ValueRange sums) {
  if (tile.splits == 1)
    return SmallVector<Value>(sums);
  auto placeOf = [&](int64_t number) {
    return kernel.mul(kernel.add(place, number * tile.threadsOfSplit()),
                      tile.lanes);
  };
  return loop(kernel.index(1), kernel.index(tile.splits), 1, sums,
              [&](Value other, ValueRange carried) {
                SmallVector<Value> total(carried);
                kernel.barrier(); // What was here has been read.
                kernel.when(isEqual(split, other), [&] {
                  for (auto [number, sum] : llvm::enumerate(sums))
                    kernel.store(sum, memory, placeOf(number));
                });
                kernel.barrier();
                for (auto [number, sum] : llvm::enumerate(total))
                  sum = arith::AddFOp::create(
                      builder, sum,
                      kernel.load(memory, placeOf(number), tile.lanes));
                return total;
              });
}

void FilterGradGenerator::storeSums(ValueRange sums) {
  Value channel = kernel.add(firstChannel, lane);
  Value active;
  if (tile.splits != 1)
    active = isEqual(split, kernel.index(0));
  if (shape.channels % tile.channels != 0)
    active = kernel.both(active, kernel.within(channel, shape.channels));
  Type element = cast<MemRefType>(result.getType()).getElementType();
  kernel.when(active, [&] {
    for (auto [number, sum] : llvm::enumerate(sums)) {
      int64_t r = number / tile.taps, t = number % tile.taps;
      Value row = kernel.add(kernel.add(firstRow, rowGroup), r),
            column = kernel.add(tapGroup, t);
      Value exists;
      if (tile.reachRows() % tile.filterRows != 0)
        exists = kernel.within(row, tile.reachRows());
      if (tile.reachColumns() % tile.taps != 0)
        exists =
            kernel.both(exists, kernel.within(column, tile.reachColumns()));
      kernel.when(exists, [&, sum = sum] {
        Value at =
            tapAt(kernel.add(row, shape.filterHeight / 2 - tile.reachHeight),
                  kernel.add(column, shape.filterWidth / 2 - tile.reachWidth),
                  channel);
        kernel.store(kernel.narrow(sum, element), result, at);
      });
    }
  });
}

GpuLaunch launchOf(KernelOp kernel) {
  GpuDepthwiseShape shape(kernel);
  GpuFilterGradTile tile = tileOf(kernel);
  GpuLaunch launch;
  launch.blocks = shape.parts *
                  llvm::divideCeil(shape.channels, tile.channels) *
                  llvm::divideCeil(tile.reachRows(), tile.filterRows);
  launch.threads = tile.threads();
  launch.sharedBytes = tile.sharedElements(shape.map) * int64_t{sizeof(float)};
  return launch;
}

std::string missing(KernelOp) { return ""; }

void emit(GpuKernelContext context) {
  GpuDepthwiseShape shape(context.kernel);
  GpuFilterGradTile tile = tileOf(context.kernel);
  FilterGradGenerator(context).run();
  // Of one input row, or of some of its columns.
  int64_t pairs = tile.columns * tile.taps;
  if (tile.hasWholeRows(shape.map)) // without those off the map
    pairs -= tile.reachWidth * (tile.reachWidth + 1);
  planProducts(context.builder, pairs * tile.rows * tile.lanes);
}

} // namespace

const GpuGenerator gpuDepthwiseFilterGrad = {
    missing, chooseGpuFilterGradTile, checkGpuFilterGradTile, launchOf, emit};

} // namespace bcssl
