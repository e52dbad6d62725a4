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
  /// Works on a tile whose first slice is number `count` of the block's, in 32
  /// bits, for it takes registers all the time. Gives the next tile's.
  using Body = function_ref<Value(const ContractionBlock &block, Value count)>;

  Value isThread(int64_t number);
  Value numberOf(int64_t value);
  Value next(Value count);
  Value stageOf(Value count);
  Value turnOf(Value count);
  void forTiles(Body body);
  void giveBack(Value count);
  Value fillSlices(const ContractionBlock &block, Value count);
  Value multiplySlices(const ContractionBlock &block, Value count);

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

Value SpecializedGenerator::numberOf(int64_t value) {
  return arith::ConstantIntOp::create(builder, value, 32);
}

Value SpecializedGenerator::next(Value count) {
  return arith::AddIOp::create(builder, count, numberOf(1));
}

/// The place of a slice in the ring, and how often that was taken before.
Value SpecializedGenerator::stageOf(Value count) {
  Value stage = arith::RemUIOp::create(builder, count, numberOf(tile.stages()));
  return arith::IndexCastUIOp::create(builder, builder.getIndexType(), stage);
}

Value SpecializedGenerator::turnOf(Value count) {
  Value turn = arith::DivUIOp::create(builder, count, numberOf(tile.stages()));
  return arith::IndexCastUIOp::create(builder, builder.getIndexType(), turn);
}

/// The tiles of the block. All roles go through them in one order.
void SpecializedGenerator::forTiles(Body body) {
  scf::ForOp::create(
      builder, kernel.block(tile.blocks), kernel.index(shape.tiles(tile)),
      kernel.index(tile.blocks), numberOf(0),
      [&](OpBuilder &, Location, Value number, ValueRange count) {
        ContractionBlock block(kernel, shape, tile, thread, number);
        scf::YieldOp::create(builder, body(block, count[0]));
      });
}

/// Asks for all slices of a tile.
Value SpecializedGenerator::fillSlices(const ContractionBlock &block,
                                       Value count) {
  auto loop = scf::ForOp::create(
      builder, kernel.index(0), block.slices, kernel.index(1), count,
      [&](OpBuilder &, Location, Value slice, ValueRange counts) {
        Value stage = stageOf(counts[0]);
        // The first turn finds all places empty: as if the one before had been
        // given back.
        ring.awaitEmpty(stage, kernel.add(turnOf(counts[0]), 1));
        ring.fill(block, slice, stage);
        scf::YieldOp::create(builder, next(counts[0]));
      });
  return loop.getResult(0);
}

/// By a lane of each warp, which has waited for its products.
void SpecializedGenerator::giveBack(Value count) {
  Value isFirst =
      arith::CmpIOp::create(builder, arith::CmpIPredicate::eq,
                            kernel.remainder(thread, 32), kernel.index(0));
  kernel.when(isFirst, [&] { ring.giveBack(stageOf(count)); });
}

/// Multiplies all slices of a tile and stores its results. The first begins the
/// sums. The products of one slice go on while the next ones start.
Value SpecializedGenerator::multiplySlices(const ContractionBlock &block,
                                           Value count) {
  Value group = kernel.quotient(thread, wgmmaThreads);
  ring.awaitFull(stageOf(count), turnOf(count));
  Value first =
      ring.multiply(group, stageOf(count), wgmmaNothing(kernel, tile.columns),
                    /*isFirst=*/true);
  auto loop =
      scf::ForOp::create(builder, kernel.index(1), block.slices,
                         kernel.index(1), ValueRange{count, first},
                         [&](OpBuilder &, Location, Value, ValueRange before) {
                           Value last = before[0], at = next(last);
                           ring.awaitFull(stageOf(at), turnOf(at));
                           Value sums =
                               ring.multiply(group, stageOf(at), before[1],
                                             /*isFirst=*/false);
                           wgmmaWait(kernel, 1);
                           giveBack(last);
                           scf::YieldOp::create(builder, ValueRange{at, sums});
                         });
  wgmmaWait(kernel, 0);
  Value last = loop.getResult(0);
  giveBack(last);
  epilogue.run(block, loop.getResult(1));
  return next(last);
}

void SpecializedGenerator::run() {
  Operation *function = builder.getInsertionBlock()->getParentOp();
  function->setAttr(exchangedRegistersName,
                    builder.getI64IntegerAttr(firstRegisters));
  // As many as a block that is alone on its multiprocessor may have.
  function->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                    builder.getI32IntegerAttr(1));
  int64_t readers = tile.rows / wgmmaRows * wgmmaThreads;
  Value multiplies = kernel.within(thread, readers);
  auto roles = scf::IfOp::create(builder, multiplies, /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(roles.thenBlock());
    NVVM::SetMaxRegisterOp::create(builder, multiplierRegisters,
                                   NVVM::SetMaxRegisterAction::increase);
    forTiles([&](const ContractionBlock &block, Value count) {
      return multiplySlices(block, count);
    });
    builder.setInsertionPointToStart(roles.elseBlock());
    NVVM::SetMaxRegisterOp::create(builder, copierRegisters,
                                   NVVM::SetMaxRegisterAction::decrease);
    kernel.when(isThread(readers), [&] {
      forTiles([&](const ContractionBlock &block, Value count) {
        return fillSlices(block, count);
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
