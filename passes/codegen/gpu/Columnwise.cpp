//===- Columnwise.cpp - reductions over rows ------------------------------===//
//
// [outer, rows, columns] -> [outer, columns]: a block covers one outer index
// and a run of columns; its threads share the rows, each summing every
// `parts`th. Their sums are added through shared memory in the order of the
// threads.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/RegionEmitter.h"
#include "passes/codegen/gpu/Generators.h"
#include "passes/codegen/gpu/KernelBuilder.h"
#include "passes/codegen/gpu/TeamReduction.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace bcssl {
namespace {

GpuColumnwiseTile tileOf(KernelOp kernel) {
  GpuColumnwiseTile tile;
  fromAttribute(kernel.getTileAttr(), tile);
  return tile;
}

/// The rows that a reduction sums.
int64_t countOf(ReduceOp op) {
  ArrayRef<int64_t> shape =
      cast<RankedTensorType>(op.getInput().getType()).getShape();
  ArrayRef<int64_t> dims = op.getDims();
  return llvm::product_of(shape.slice(dims.front(), dims.size()));
}

class ColumnwiseGenerator {
public:
  explicit ColumnwiseGenerator(GpuKernelContext context)
      : builder(context.builder), kernel(context.builder), op(context.kernel),
        tile(tileOf(context.kernel)),
        region(context.builder, context.kernel, context.buffers,
               iterationSpace(context.kernel), {tile.lanes, /*aligned=*/true}),
        launch(gpuColumnwise.launch(context.kernel)) {}

  void run();

private:
  Value sumOfPart(ReduceOp reduce, const Site &site, Value inside);
  Value addParts(ReduceKind kind, Value sum);

  ImplicitLocOpBuilder &builder;
  KernelBuilder kernel;
  KernelOp op;
  GpuColumnwiseTile tile;
  RegionEmitter region;
  GpuLaunch launch;
  Value vector, part; // of the thread: which columns, which rows
  Value shared;
};

void ColumnwiseGenerator::run() {
  int64_t columns = region.columnCount(), vectors = tile.columns / tile.lanes;
  Value thread = kernel.thread(launch.threads);
  vector = kernel.remainder(thread, vectors);
  part = kernel.quotient(thread, vectors);
  Value block = kernel.block(launch.blocks);
  int64_t columnBlocks = llvm::divideCeil(columns, tile.columns);
  Value row = kernel.quotient(block, columnBlocks);
  Value column = kernel.add(
      kernel.mul(kernel.remainder(block, columnBlocks), tile.columns),
      kernel.mul(vector, tile.lanes));
  Value inside;
  if (columns % tile.columns != 0)
    inside = kernel.within(column, columns);
  Site site{row, column};
  SmallVector<std::pair<Value, Value>> results;
  for (ReduceOp reduce : op.getBody().getOps<ReduceOp>())
    results.push_back(
        {reduce.getOutput(),
         addParts(reduce.getKind(), sumOfPart(reduce, site, inside))});
  Value first = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, part,
                                      kernel.index(0));
  kernel.when(kernel.both(inside, first), [&] {
    region.enter();
    for (auto [tensor, value] : results)
      region.bind(tensor, value);
    region.storeFull(site);
  });
}

/// The sum of rows part, part + parts, ... at the site.
Value ColumnwiseGenerator::sumOfPart(ReduceOp reduce, const Site &site,
                                     Value inside) {
  int64_t columns = region.columnCount(), count = countOf(reduce);
  Value memref = region.buffer(reduce.getInput());
  Value base = kernel.add(kernel.mul(site.row, count * columns), site.column);
  Value init = kernel.splat(
      builder.getF32FloatAttr(TeamReduction::neutral(reduce.getKind())),
      tile.lanes);
  // Where there is no column, there is no row either.
  Value end = kernel.index(count);
  if (inside)
    end = arith::SelectOp::create(builder, inside, end, kernel.index(0));
  auto loop = scf::ForOp::create(
      builder, part, end, kernel.index(tile.parts), init,
      [&](OpBuilder &, Location, Value r, ValueRange carried) {
        Value load =
            region.loadVector(memref, kernel.add(base, kernel.mul(r, columns)));
        Value next =
            reduce.getKind() == ReduceKind::Sum
                ? Value(arith::AddFOp::create(builder, carried[0], load))
                : Value(arith::MaximumFOp::create(builder, carried[0], load));
        scf::YieldOp::create(builder, next);
      });
  return loop.getResult(0);
}

/// Combines the sums of all parts; the threads of part 0 get the result.
Value ColumnwiseGenerator::addParts(ReduceKind kind, Value sum) {
  if (tile.parts == 1)
    return sum;
  if (!shared)
    shared =
        kernel.sharedMemory(tile.columns * tile.parts, builder.getF32Type());
  else
    kernel.barrier(); // the sums before these have been read
  Value lane = kernel.mul(vector, tile.lanes);
  kernel.store(sum, shared, kernel.add(kernel.mul(part, tile.columns), lane));
  kernel.barrier();
  auto loop = scf::ForOp::create(
      builder, kernel.index(1), kernel.index(tile.parts), kernel.index(1),
      kernel.load(shared, lane, tile.lanes),
      [&](OpBuilder &, Location, Value other, ValueRange carried) {
        Value load = kernel.load(
            shared, kernel.add(kernel.mul(other, tile.columns), lane),
            tile.lanes);
        Value next =
            kind == ReduceKind::Sum
                ? Value(arith::AddFOp::create(builder, carried[0], load))
                : Value(arith::MaximumFOp::create(builder, carried[0], load));
        scf::YieldOp::create(builder, next);
      });
  return loop.getResult(0);
}

std::string missing(KernelOp kernel) {
  for (ReduceOp reduce : kernel.getBody().getOps<ReduceOp>())
    if (!cast<RankedTensorType>(reduce.getInput().getType())
             .getElementType()
             .isF32() &&
        !cast<RankedTensorType>(reduce.getInput().getType())
             .getElementType()
             .isBF16())
      return "a sum of another type than f32 or bf16";
  return "";
}

GpuColumnwiseTile chooseTile(KernelOp kernel) {
  SmallVector<int64_t> space = iterationSpace(kernel);
  int64_t columns = space.empty() ? 1 : space.back(), count = 1;
  for (ReduceOp reduce : kernel.getBody().getOps<ReduceOp>())
    count = std::max(count, countOf(reduce));
  constexpr int64_t threads = 256, warp = 32;
  GpuColumnwiseTile tile;
  tile.lanes = 1;
  // Wide vectors only where there are columns enough for all of the chip.
  while (tile.lanes < gpuLanes && columns % (2 * tile.lanes) == 0 &&
         llvm::product_of(space) / tile.lanes > 16384)
    tile.lanes *= 2;
  int64_t vectors = std::min<int64_t>(
      warp, llvm::PowerOf2Ceil(llvm::divideCeil(columns, tile.lanes)));
  tile.columns = vectors * tile.lanes;
  tile.parts = std::min<int64_t>(threads / vectors, llvm::PowerOf2Ceil(count));
  return tile;
}

DictionaryAttr choose(KernelOp kernel, const GpuLimits &limits) {
  GpuColumnwiseTile tile = chooseTile(kernel);
  return isLegal(tile, limits) ? toAttribute(kernel.getContext(), tile)
                               : DictionaryAttr();
}

LogicalResult check(KernelOp kernel, const GpuLimits &limits) {
  GpuColumnwiseTile tile = tileOf(kernel);
  SmallVector<int64_t> space = iterationSpace(kernel);
  if (isLegal(tile, limits) &&
      (space.empty() ? 1 : space.back()) % tile.lanes == 0)
    return success();
  return kernel.emitOpError()
         << "expects a legal tile of a columnwise kernel, got "
         << kernel.getTileAttr();
}

GpuLaunch launchOf(KernelOp kernel) {
  GpuColumnwiseTile tile = tileOf(kernel);
  SmallVector<int64_t> space = iterationSpace(kernel);
  int64_t columns = space.empty() ? 1 : space.back();
  GpuLaunch launch;
  launch.blocks = llvm::product_of(space) / columns *
                  llvm::divideCeil(columns, tile.columns);
  launch.threads = tile.threads();
  if (tile.parts > 1)
    launch.sharedBytes = tile.columns * tile.parts * 4;
  return launch;
}

void emit(GpuKernelContext context) { ColumnwiseGenerator(context).run(); }

} // namespace

const GpuGenerator gpuColumnwise = {missing, choose, check, launchOf, emit};

} // namespace bcssl
