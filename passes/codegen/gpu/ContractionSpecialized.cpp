//===- ContractionSpecialized.cpp - contractions by specialised warps -----===//
//
// As ContractionWgmma.cpp, for results of many tiles. A block has a
// multiprocessor for itself and computes one tile after the other. Its last
// warp group does nothing but ask for slices, as soon as a place in the ring is
// free: those of the next tile come while others are still at the epilogue of
// this one. Warps never wait for all others: the tensor cores multiply for one
// warp group while another computes its epilogue.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/KernelPlan.h"
#include "passes/codegen/gpu/TensorRing.h"
#include "passes/codegen/gpu/WarpEpilogue.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace bcssl {
namespace {

/// Registers of a thread: the five warps of each scheduler start with 96 each.
/// One thread of the last group needs few, which leaves more for sums and
/// epilogues.
constexpr int64_t firstRegisters = 96, copierRegisters = 24,
                  multiplierRegisters = 112;
static_assert(copierRegisters + 4 * multiplierRegisters <= 5 * firstRegisters);

/// A place in the ring, and how often (its last bit) it was taken before.
struct Position {
  Value stage, turn;

  explicit Position(ValueRange values) : stage(values[0]), turn(values[1]) {}
  SmallVector<Value> values() const { return {stage, turn}; }
};

class SpecializedGenerator {
public:
  SpecializedGenerator(GpuKernelContext context, const GpuContractionTile &tile)
      : builder(context.builder), kernel(context.builder),
        shape(gpuContractionOf(context.kernel)), tile(tile),
        thread(kernel.thread(tile.threads(shape.elementBytes()))),
        ring(kernel, shape, tile, context.tensorMaps, isThread(0),
             tile.rows / wgmmaWarpRows),
        epilogue(context, kernel, shape, tile, thread) {}
  void run();

private:
  using Body =
      function_ref<Position(const ContractionBlock &block, Position position)>;

  Value isThread(int64_t number);
  SmallVector<Value> start();
  Position next(Position position);
  void forTiles(Body body);
  void giveBack(Position position);
  Position fillSlices(const ContractionBlock &block, Position position);
  Position multiplySlices(const ContractionBlock &block, Position position);

  ImplicitLocOpBuilder &builder;
  KernelBuilder kernel;
  GpuContractionShape shape;
  const GpuContractionTile &tile;
  Value thread;
  TensorRing ring;
  WarpEpilogue epilogue;
};

Value SpecializedGenerator::isThread(int64_t number) {
  return arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, thread,
                               kernel.index(number));
}

SmallVector<Value> SpecializedGenerator::start() {
  return {kernel.index(0), kernel.index(0)};
}

Position SpecializedGenerator::next(Position position) {
  Value more = kernel.add(position.stage, 1);
  Value isLast = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, more,
                                       kernel.index(tile.stages()));
  Value stage = arith::SelectOp::create(builder, isLast, kernel.index(0), more);
  Value other = arith::XOrIOp::create(builder, position.turn, kernel.index(1));
  Value turn = arith::SelectOp::create(builder, isLast, other, position.turn);
  return Position(ValueRange{stage, turn});
}

/// The tiles of the block. All roles go through them in one order.
void SpecializedGenerator::forTiles(Body body) {
  scf::ForOp::create(
      builder, kernel.block(tile.blocks), kernel.index(shape.tiles(tile)),
      kernel.index(tile.blocks), start(),
      [&](OpBuilder &, Location, Value number, ValueRange values) {
        ContractionBlock block(kernel, shape, tile, thread, number);
        scf::YieldOp::create(builder, body(block, Position(values)).values());
      });
}

/// Asks for all slices of a tile.
Position SpecializedGenerator::fillSlices(const ContractionBlock &block,
                                          Position position) {
  auto loop = scf::ForOp::create(
      builder, kernel.index(0), block.slices, kernel.index(1),
      position.values(),
      [&](OpBuilder &, Location, Value slice, ValueRange values) {
        Position at(values);
        // The first turn finds all places empty: as if the one before had been
        // given back.
        ring.awaitEmpty(at.stage, kernel.add(at.turn, 1));
        ring.fill(block, slice, at.stage);
        scf::YieldOp::create(builder, next(at).values());
      });
  return Position(loop.getResults());
}

/// By a lane of each warp, which has waited for its products.
void SpecializedGenerator::giveBack(Position position) {
  Value isFirst =
      arith::CmpIOp::create(builder, arith::CmpIPredicate::eq,
                            kernel.remainder(thread, 32), kernel.index(0));
  kernel.when(isFirst, [&] { ring.giveBack(position.stage); });
}

/// Multiplies all slices of a tile and stores its results. The first begins the
/// sums. The products of one slice go on while the next ones start.
Position SpecializedGenerator::multiplySlices(const ContractionBlock &block,
                                              Position position) {
  Value group = kernel.quotient(thread, wgmmaThreads);
  ring.awaitFull(position.stage, position.turn);
  SmallVector<Value> values = position.values();
  values.push_back(ring.multiply(group, position.stage,
                                 wgmmaNothing(kernel, tile.columns),
                                 /*isFirst=*/true));
  auto loop = scf::ForOp::create(
      builder, kernel.index(1), block.slices, kernel.index(1), values,
      [&](OpBuilder &, Location, Value, ValueRange before) {
        Position last(before), at = next(last);
        ring.awaitFull(at.stage, at.turn);
        Value sums =
            ring.multiply(group, at.stage, before[2], /*isFirst=*/false);
        wgmmaWait(kernel, 1);
        giveBack(last);
        scf::YieldOp::create(builder, ValueRange{at.stage, at.turn, sums});
      });
  wgmmaWait(kernel, 0);
  Position last(loop.getResults());
  giveBack(last);
  epilogue.run(block, loop.getResult(2));
  return next(last);
}

void SpecializedGenerator::run() {
  builder.getInsertionBlock()->getParentOp()->setAttr(
      exchangedRegistersName, builder.getI64IntegerAttr(firstRegisters));
  int64_t readers = tile.rows / wgmmaRows * wgmmaThreads;
  Value multiplies = kernel.within(thread, readers);
  auto roles = scf::IfOp::create(builder, multiplies, /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(roles.thenBlock());
    NVVM::SetMaxRegisterOp::create(builder, multiplierRegisters,
                                   NVVM::SetMaxRegisterAction::increase);
    forTiles([&](const ContractionBlock &block, Position position) {
      return multiplySlices(block, position);
    });
    builder.setInsertionPointToStart(roles.elseBlock());
    NVVM::SetMaxRegisterOp::create(builder, copierRegisters,
                                   NVVM::SetMaxRegisterAction::decrease);
    kernel.when(isThread(readers), [&] {
      forTiles([&](const ContractionBlock &block, Position position) {
        return fillSlices(block, position);
      });
    });
  }
}

} // namespace

void emitGpuContractionSpecialized(GpuKernelContext context) {
  GpuContractionTile tile;
  fromAttribute(context.kernel.getTileAttr(), tile);
  SpecializedGenerator(context, tile).run();
}

} // namespace bcssl
