//===- Columnwise.cpp - reductions over rows ------------------------------===//
//
// [outer, rows, columns] -> [outer, columns]: a block covers one outer index
// and a run of columns; its threads share the rows, each summing every
// `parts`th with several loads under way. The sums of a warp are added by
// butterflies, those of the warps through shared memory in the order of the
// warps: what is added to what depends on the tile alone.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/RegionEmitter.h"
#include "passes/codegen/gpu/Generators.h"
#include "passes/codegen/gpu/KernelBuilder.h"
#include "passes/codegen/gpu/TeamReduction.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace bcssl {
namespace {

constexpr int64_t warp = 32;
/// Loads of a thread that do not wait for each other.
constexpr int64_t rowsUnderWay = 8;

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

/// What a kernel sums.
SmallVector<ReduceOp> reductionsOf(KernelOp kernel) {
  return llvm::to_vector(kernel.getBody().getOps<ReduceOp>());
}

class ColumnwiseGenerator {
public:
  explicit ColumnwiseGenerator(GpuKernelContext context)
      : builder(context.builder), kernel(context.builder), op(context.kernel),
        tile(tileOf(context.kernel)), reductions(reductionsOf(context.kernel)),
        region(context.builder, context.kernel, context.buffers,
               iterationSpace(context.kernel), {tile.lanes, /*aligned=*/true}),
        team(kernel, tile.threads(), tile.threads()),
        launch(gpuColumnwise.launch(context.kernel)) {}

  void run();

private:
  using Values = SmallVector<Value>;

  Values sumRows(const Site &site);
  void addRows(ArrayRef<size_t> numbers, int64_t count, const Site &site,
               Values &sums);
  void addWarp(Values &sums);
  void addBlock(Values &sums);

  ImplicitLocOpBuilder &builder;
  KernelBuilder kernel;
  KernelOp op;
  GpuColumnwiseTile tile;
  SmallVector<ReduceOp> reductions;
  RegionEmitter region;
  TeamReduction team;
  GpuLaunch launch;
  Value thread, vector, part; // which columns and which rows of the block
};

void ColumnwiseGenerator::run() {
  int64_t columns = region.columnCount(), vectors = tile.vectors();
  thread = kernel.thread(launch.threads);
  vector = kernel.remainder(thread, vectors);
  part = kernel.quotient(thread, vectors);
  Value block = kernel.block(launch.blocks);
  int64_t columnBlocks = llvm::divideCeil(columns, tile.columns);
  Value row = kernel.quotient(block, columnBlocks);
  Value column = kernel.add(
      kernel.mul(kernel.remainder(block, columnBlocks), tile.columns),
      kernel.mul(vector, tile.lanes));
  Value mayStore;
  if (columns % tile.columns != 0) {
    // Beyond the last column the last one is summed once more.
    mayStore = kernel.within(column, columns);
    column = kernel.min(column, kernel.index(columns - tile.lanes));
  }
  Site site{row, column};
  Values sums = sumRows(site);
  addWarp(sums);
  addBlock(sums);
  if (tile.parts > 1)
    mayStore = kernel.both(mayStore, kernel.within(thread, vectors));
  kernel.when(mayStore, [&] {
    region.enter();
    for (auto [reduce, sum] : llvm::zip_equal(reductions, sums))
      region.bind(reduce.getOutput(), sum);
    region.storeFull(site);
  });
}

/// Of each reduction the sum of rows part, part + parts, ... at the site.
ColumnwiseGenerator::Values ColumnwiseGenerator::sumRows(const Site &site) {
  Values sums;
  // Reductions of as many rows share their loops.
  llvm::MapVector<int64_t, SmallVector<size_t>> numbersOf;
  for (auto [number, reduce] : llvm::enumerate(reductions)) {
    numbersOf[countOf(reduce)].push_back(number);
    sums.push_back(kernel.splat(
        builder.getF32FloatAttr(TeamReduction::neutral(reduce.getKind())),
        tile.lanes));
  }
  for (auto &[count, numbers] : numbersOf)
    addRows(numbers, count, site, sums);
  return sums;
}

/// Adds a thread's rows to the sums of `numbers`, which all have `count` rows.
void ColumnwiseGenerator::addRows(ArrayRef<size_t> numbers, int64_t count,
                                  const Site &site, Values &sums) {
  int64_t columns = region.columnCount();
  Value base = kernel.add(kernel.mul(site.row, count * columns), site.column);
  // `steps` rows from the thread's row number `first` on: loads come first.
  auto addSteps = [&](Value first, int64_t steps, ValueRange before) {
    std::vector<Values> loads(numbers.size());
    for (int64_t step = 0; step < steps; ++step) {
      Value row =
          kernel.add(part, kernel.mul(kernel.add(first, step), tile.parts));
      Value at = kernel.add(base, kernel.mul(row, columns));
      for (auto [place, number] : llvm::enumerate(numbers))
        loads[place].push_back(region.loadVector(
            region.buffer(reductions[number].getInput()), at));
    }
    Values after(before);
    for (auto [place, number] : llvm::enumerate(numbers))
      for (Value load : loads[place])
        after[place] =
            team.combine(reductions[number].getKind(), after[place], load);
    return after;
  };

  int64_t unroll = std::max<int64_t>(1, rowsUnderWay / numbers.size());
  int64_t whole = count / tile.parts, inLoop = whole / unroll * unroll;
  Values current;
  for (size_t number : numbers)
    current.push_back(sums[number]);
  if (inLoop > 0) {
    auto loop = scf::ForOp::create(
        builder, kernel.index(0), kernel.index(inLoop), kernel.index(unroll),
        current, [&](OpBuilder &, Location, Value first, ValueRange before) {
          scf::YieldOp::create(builder, addSteps(first, unroll, before));
        });
    current.assign(loop.result_begin(), loop.result_end());
  }
  current = addSteps(kernel.index(inLoop), whole - inLoop, current);
  if (int64_t left = count % tile.parts) {
    auto choice = scf::IfOp::create(
        builder, kernel.within(part, left),
        [&](OpBuilder &, Location) {
          scf::YieldOp::create(builder,
                               addSteps(kernel.index(whole), 1, current));
        },
        [&](OpBuilder &, Location) { scf::YieldOp::create(builder, current); });
    current.assign(choice.result_begin(), choice.result_end());
  }
  for (auto [number, sum] : llvm::zip_equal(numbers, current))
    sums[number] = sum;
}

/// Adds the sums of the parts that a warp holds; all its threads get them.
void ColumnwiseGenerator::addWarp(Values &sums) {
  // Legal tiles have one lane here.
  for (int64_t offset = tile.vectors(); offset < warp; offset *= 2)
    for (auto [reduce, sum] : llvm::zip_equal(reductions, sums)) {
      Value scalar = vector::ExtractOp::create(builder, sum, int64_t{0});
      Value other = region.splat(kernel.shuffleXor(scalar, offset));
      sum = team.combine(reduce.getKind(), sum, other);
    }
}

/// Adds the sums of all groups of threads; the first threads get the result.
void ColumnwiseGenerator::addBlock(Values &sums) {
  int64_t groups = tile.groups();
  if (groups == 1)
    return;
  Value shared = kernel.sharedMemory(sums.size() * groups * tile.columns,
                                     builder.getF32Type());
  // Of a warp that holds several parts the first part's threads write.
  int64_t partsOfGroup = tile.parts / groups;
  Value group = kernel.quotient(part, partsOfGroup), writes;
  if (partsOfGroup > 1)
    writes = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq,
                                   kernel.remainder(part, partsOfGroup),
                                   kernel.index(0));
  Value lane = kernel.mul(vector, tile.lanes);
  auto placeOf = [&](size_t number, Value group) {
    Value at = kernel.add(kernel.mul(group, tile.columns), lane);
    return kernel.add(at, number * groups * tile.columns);
  };
  kernel.when(writes, [&] {
    for (auto [number, sum] : llvm::enumerate(sums))
      kernel.store(sum, shared, placeOf(number, group));
  });
  kernel.barrier();
  for (auto [number, reduce] : llvm::enumerate(reductions)) {
    Value total =
        kernel.load(shared, placeOf(number, kernel.index(0)), tile.lanes);
    for (int64_t other = 1; other < groups; ++other)
      total =
          team.combine(reduce.getKind(), total,
                       kernel.load(shared, placeOf(number, kernel.index(other)),
                                   tile.lanes));
    sums[number] = total;
  }
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

/// The tile by what is known of an H200: 4 TB/s take about 4 MB under way, and
/// a load takes most of a microsecond, so that a sum of few columns is as long
/// as the longest row of loads that wait for each other.
GpuColumnwiseTile chooseTile(KernelOp kernel, const GpuLimits &limits) {
  SmallVector<int64_t> space = iterationSpace(kernel);
  int64_t columns = space.empty() ? 1 : space.back(), count = 1;
  int64_t results = llvm::product_of(space);
  for (ReduceOp reduce : reductionsOf(kernel))
    count = std::max(count, countOf(reduce));
  constexpr int64_t mostThreads = 1024, fullChip = 1 << 16;
  GpuColumnwiseTile tile;
  tile.lanes = 1;
  // Wide vectors only where whole warps of them cover all of the chip.
  auto vectorsOf = [&](int64_t lanes) -> int64_t {
    return llvm::PowerOf2Ceil(llvm::divideCeil(columns, lanes));
  };
  while (tile.lanes < gpuLanes && columns % (2 * tile.lanes) == 0 &&
         vectorsOf(2 * tile.lanes) >= warp &&
         results / (warp * gpuLanes) >= limits.multiprocessors)
    tile.lanes *= 2;
  int64_t mostVectors = vectorsOf(tile.lanes);
  int64_t vectors = warp;
  // Memory is read in sectors of 32 bytes: as few columns where blocks lack.
  constexpr int64_t sector = 8;
  while (tile.lanes == 1 && vectors > sector &&
         results / vectors < limits.multiprocessors)
    vectors /= 2;
  vectors = std::min(vectors, mostVectors);
  // Four rows of a thread are under way together in any case.
  constexpr int64_t fewRows = 4;
  tile.parts = std::max<int64_t>(1, warp / vectors);
  while (tile.parts * vectors < mostThreads && tile.parts * fewRows < count &&
         results / tile.lanes * tile.parts < fullChip)
    tile.parts *= 2;
  constexpr int64_t threads = 256;
  if (vectors >= warp)
    vectors = std::clamp(threads / tile.parts, vectors,
                         std::max(vectors, mostVectors));
  tile.columns = vectors * tile.lanes;
  return tile;
}

GpuLaunch launchOf(KernelOp kernel) {
  GpuColumnwiseTile tile = tileOf(kernel);
  SmallVector<int64_t> space = iterationSpace(kernel);
  int64_t columns = space.empty() ? 1 : space.back();
  GpuLaunch launch;
  launch.blocks = llvm::product_of(space) / columns *
                  llvm::divideCeil(columns, tile.columns);
  launch.threads = tile.threads();
  if (tile.groups() > 1)
    launch.sharedBytes = reductionsOf(kernel).size() * tile.groups() *
                         tile.columns * sizeof(float);
  return launch;
}

LogicalResult check(KernelOp kernel, const GpuLimits &limits) {
  GpuColumnwiseTile tile = tileOf(kernel);
  SmallVector<int64_t> space = iterationSpace(kernel);
  if (isLegal(tile, limits) &&
      (space.empty() ? 1 : space.back()) % tile.lanes == 0 &&
      launchOf(kernel).sharedBytes <= limits.sharedBytes)
    return success();
  return kernel.emitOpError()
         << "expects a legal tile of a columnwise kernel, got "
         << kernel.getTileAttr();
}

DictionaryAttr choose(KernelOp kernel, const GpuLimits &limits) {
  GpuColumnwiseTile tile = chooseTile(kernel, limits);
  // Many sums at once take turns in fewer parts.
  auto sharedBytes = [&] {
    return reductionsOf(kernel).size() * tile.groups() * tile.columns *
           sizeof(float);
  };
  while (sharedBytes() > static_cast<size_t>(limits.sharedBytes) &&
         tile.parts > 1 && tile.threads() > warp)
    tile.parts /= 2;
  return isLegal(tile, limits) ? toAttribute(kernel.getContext(), tile)
                               : DictionaryAttr();
}

void emit(GpuKernelContext context) { ColumnwiseGenerator(context).run(); }

} // namespace

const GpuGenerator gpuColumnwise = {missing, choose, check, launchOf, emit};

} // namespace bcssl
