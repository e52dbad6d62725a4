//===- PlantedBugs.cpp - faults that the emulator must find ---------------===//

#include "test/passes/codegen/gpu/PlantedBugs.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <gtest/gtest.h>

using namespace mlir;

namespace bcssl::test {
namespace {

/// Changes operation `number` of a kind, as they stand in the code of the
/// kernels; negative numbers count from the last one.
template <typename Op>
KernelFault change(int64_t number, std::function<void(Op)> how) {
  return [=](ModuleOp module, CpuLaunch &) {
    SmallVector<Op> found;
    for (auto kernels : module.getOps<gpu::GPUModuleOp>())
      kernels.walk<WalkOrder::PreOrder>([&](Op op) { found.push_back(op); });
    auto count = static_cast<int64_t>(found.size());
    int64_t at = number < 0 ? count + number : number;
    ASSERT_TRUE(at >= 0 && at < count) << "no operation " << number;
    how(found[at]);
  };
}

template <typename Op> KernelFault erase(int64_t number) {
  return change<Op>(number, [](Op op) { op->erase(); });
}

/// Hands on one of the operands in place of the first result.
template <typename Op> KernelFault bypass(int64_t number, unsigned operand) {
  return change<Op>(number, [=](Op op) {
    op->getResult(0).replaceAllUsesWith(op->getOperand(operand));
  });
}

Value plus(Operation *before, Value value, int64_t by) {
  OpBuilder builder(before);
  return arith::AddIOp::create(
      builder, before->getLoc(), value,
      arith::ConstantIndexOp::create(builder, before->getLoc(), by));
}

/// Moves an access to memory by a number of elements.
template <typename Op> KernelFault shift(int64_t number, int64_t by) {
  return change<Op>(number, [=](Op op) {
    op.getIndicesMutable()[0].set(plus(op, op.getIndices()[0], by));
  });
}

KernelFault decide(int64_t number, bool decision) {
  return change<scf::IfOp>(number, [=](scf::IfOp choice) {
    OpBuilder builder(choice);
    choice.getConditionMutable().assign(arith::ConstantIntOp::create(
        builder, choice.getLoc(), decision, /*width=*/1));
  });
}

KernelFault always(int64_t number) { return decide(number, true); }
KernelFault never(int64_t number) { return decide(number, false); }

/// Ends a loop one number early.
KernelFault shorten(int64_t number) {
  return change<scf::ForOp>(number, [](scf::ForOp loop) {
    loop.getUpperBoundMutable().assign(plus(loop, loop.getUpperBound(), -1));
  });
}

/// Only the first thread of the block comes to the barrier.
KernelFault waitAlone(int64_t number) {
  return change<gpu::BarrierOp>(number, [](gpu::BarrierOp barrier) {
    OpBuilder builder(barrier);
    Location loc = barrier.getLoc();
    Value isFirst = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::eq,
        gpu::ThreadIdOp::create(builder, loc, gpu::Dimension::x),
        arith::ConstantIndexOp::create(builder, loc, 0));
    auto choice =
        scf::IfOp::create(builder, loc, isFirst, /*withElseRegion=*/false);
    barrier->moveBefore(choice.thenBlock()->getTerminator());
  });
}

KernelFault exchangeWith(int64_t number, int32_t offset) {
  return change<gpu::ShuffleOp>(number, [=](gpu::ShuffleOp shuffle) {
    OpBuilder builder(shuffle);
    shuffle.getOffsetMutable().assign(
        arith::ConstantIntOp::create(builder, shuffle.getLoc(), offset, 32));
  });
}

KernelFault waitFor(uint32_t groups) {
  return change<NVVM::CpAsyncWaitGroupOp>(
      0, [=](NVVM::CpAsyncWaitGroupOp wait) { wait.setN(groups); });
}

KernelFault copyHalf(int64_t number) {
  return change<NVVM::CpAsyncOp>(number, [](NVVM::CpAsyncOp copy) {
    copy.setSize(copy.getSize() / 2);
    copy.setModifier(NVVM::LoadCacheModifierKind::CA);
  });
}

/// Copies that bring zeros where there is no term bring what stands there.
KernelFault copyAll() {
  return [](ModuleOp module, CpuLaunch &) {
    module.walk([](NVVM::CpAsyncOp copy) { copy.getCpSizeMutable().clear(); });
  };
}

KernelFault swapOperands(int64_t number, unsigned a, unsigned b) {
  return change<NVVM::MmaOp>(number, [=](NVVM::MmaOp product) {
    Value first = product->getOperand(a), second = product->getOperand(b);
    product->setOperand(a, second);
    product->setOperand(b, first);
  });
}

KernelFault transpose(int64_t number) {
  return change<NVVM::LdMatrixOp>(number, [](NVVM::LdMatrixOp load) {
    load.setLayout(NVVM::MMALayout::col);
  });
}

/// An mbarrier expects more bytes than come.
KernelFault expectBytes(int64_t number, int64_t more) {
  return change<NVVM::MBarrierArriveExpectTxOp>(
      number, [=](NVVM::MBarrierArriveExpectTxOp arrive) {
        OpBuilder builder(arrive);
        Location loc = arrive.getLoc();
        arrive.getTxcountMutable().assign(arith::AddIOp::create(
            builder, loc, arrive.getTxcount(),
            arith::ConstantIntOp::create(builder, loc, more, 32)));
      });
}

/// The copy engine brings a box that begins elsewhere.
KernelFault moveBox(int64_t number, unsigned dimension, int64_t by) {
  return change<NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp>(
      number, [=](NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp copy) {
        OpBuilder builder(copy);
        Location loc = copy.getLoc();
        copy.getCoordinatesMutable()[dimension].set(arith::AddIOp::create(
            builder, loc, copy.getCoordinates()[dimension],
            arith::ConstantIntOp::create(builder, loc, by, 32)));
      });
}

/// So many groups of products may be in flight behind the first wait.
KernelFault waitForProducts(uint32_t groups) {
  return change<NVVM::WgmmaWaitGroupSyncOp>(
      0, [=](NVVM::WgmmaWaitGroupSyncOp wait) { wait.setGroup(groups); });
}

/// An mbarrier expects another number of arrivals.
KernelFault expectArrivals(int64_t number, int64_t arrivals) {
  return change<NVVM::MBarrierInitOp>(number, [=](NVVM::MBarrierInitOp init) {
    OpBuilder builder(init);
    init.getCountMutable().assign(
        arith::ConstantIntOp::create(builder, init.getLoc(), arrivals, 32));
  });
}

KernelFault launchWith(int64_t CpuLaunch::*field, int64_t more) {
  return [=](ModuleOp, CpuLaunch &launch) { launch.*field += more; };
}

constexpr auto blocks = &CpuLaunch::blocks, threads = &CpuLaunch::threads,
               sharedBytes = &CpuLaunch::sharedBytes;

using gpu::BarrierOp;
using memref::LoadOp;

std::vector<PlantedBug> depthwiseBugs() {
  std::string plain = "depthwise", sums = "depthwise with statistics",
              gradient = "filter gradient";
  return {
      {"barrier", plain, "rows are read before all have been stored", "race",
       erase<BarrierOp>(0)},
      {"barrier", plain, "one thread alone waits", "deadlock", waitAlone(0)},
      {"predicate", plain, "columns off the map are copied", "out-of-bounds",
       always(1)},
      {"predicate", plain, "threads without outputs store", "out-of-bounds",
       always(8)},
      {"index", plain, "outputs lie a pixel too far", "wrong values",
       shift<vector::StoreOp>(5, 12)},
      {"index", plain, "the input is read a channel off", "misaligned",
       shift<vector::LoadOp>(6, 1)},
      {"size", plain, "16 bytes of shared memory are missing", "out-of-bounds",
       launchWith(sharedBytes, -16)},
      {"size", plain, "the last filter row is left out", "wrong values",
       shorten(2)},
      {"launch", plain, "the last block is missing", "wrong values",
       launchWith(blocks, -1)},
      {"barrier", sums, "rows are replaced while they are used", "race",
       erase<BarrierOp>(0)},
      {"barrier", sums, "sums are replaced while they are read", "race",
       erase<BarrierOp>(3)},
      {"index", sums, "the ring of rows does not wrap", "out-of-bounds",
       bypass<arith::MinUIOp>(-1, 0)},
      {"reduction", sums, "a thread without partner adds one", "out-of-bounds",
       always(8)},
      {"barrier", gradient, "rows are read before all have been stored", "race",
       erase<BarrierOp>(1)},
      {"barrier", gradient, "sums take the place of rows in use", "race",
       erase<BarrierOp>(2)},
      {"store", gradient, "the row of zeros is never stored", "uninitialized",
       erase<vector::StoreOp>(0)},
      {"index", gradient, "rows off the map are not zeros", "wrong values",
       bypass<arith::SelectOp>(1, 1)},
      {"reduction", gradient, "the last split's sums are left out",
       "wrong values", shorten(7)},
  };
}

std::vector<PlantedBug> contractionBugs() {
  std::string plain = "contraction in f32", tensor = "contraction in bf16";
  return {
      {"barrier", plain, "a slice is replaced while it is multiplied", "race",
       erase<BarrierOp>(1)},
      {"barrier", plain, "column sums take the place of sums in use", "race",
       erase<BarrierOp>(3)},
      {"predicate", plain, "rows beyond the last are stored", "out-of-bounds",
       always(7)},
      {"predicate", plain, "columns beyond the last are stored",
       "out-of-bounds", always(6)},
      {"index", plain, "a piece is stored without its swizzle", "wrong values",
       bypass<arith::XOrIOp>(0, 0)},
      {"size", plain, "32 bytes of shared memory are missing", "out-of-bounds",
       launchWith(sharedBytes, -32)},
      {"size", plain, "the last slice is left out", "wrong values", shorten(0)},
      {"reduction", plain, "a group's column sums are left out", "wrong values",
       bypass<arith::AddFOp>(-1, 0)},
      {"launch", plain, "the last block is missing", "wrong values",
       launchWith(blocks, -1)},
      {"barrier", tensor, "a slice is replaced while it is multiplied", "race",
       erase<BarrierOp>(0)},
      {"barrier", tensor, "sums take the place of a slice in use", "race",
       erase<BarrierOp>(1)},
      {"wait", tensor, "one group of copies too few is waited for",
       "missing-wait", waitFor(2)},
      {"wait", tensor, "no copy is waited for", "missing-wait",
       erase<NVVM::CpAsyncWaitGroupOp>(0)},
      {"wait", tensor, "the first slice is a group with the second",
       "missing-wait", erase<NVVM::CpAsyncCommitGroupOp>(0)},
      {"wait", tensor, "slices of the loop are never a group", "missing-wait",
       erase<NVVM::CpAsyncCommitGroupOp>(2)},
      {"index", tensor, "a piece is copied without its swizzle", "wrong values",
       bypass<arith::XOrIOp>(0, 0)},
      {"index", tensor, "fragments are read without their swizzle",
       "wrong values", bypass<arith::XOrIOp>(11, 0)},
      {"size", tensor, "terms behind the last are copied", "wrong values",
       copyAll()},
      {"size", tensor, "half of a piece is copied", "uninitialized",
       copyHalf(-1)},
      {"fragment", tensor, "two registers of a product are swapped",
       "wrong values", swapOperands(0, 1, 2)},
      {"fragment", tensor, "a fragment is transposed", "wrong values",
       transpose(0)},
  };
}

std::vector<PlantedBug> warpGroupBugs() {
  std::string groups = "contraction of warp groups",
              parts = groups + " in parts";
  using Copy = NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp;
  return {
      {"barrier", groups, "a slice is replaced while it is multiplied",
       "missing-wait", erase<BarrierOp>(1)},
      {"barrier", groups, "sums take the place of a slice in use",
       "missing-wait", erase<BarrierOp>(2)},
      {"wait", groups, "no slice is waited for", "missing-wait",
       erase<NVVM::MBarrierTryWaitParityOp>(0)},
      {"fence", groups, "registers are not handed to the products",
       "missing-fence", erase<NVVM::WgmmaFenceAlignedOp>(0)},
      {"transaction count", groups, "16 bytes more than come are expected",
       "deadlock", expectBytes(0, 16)},
      {"transaction count", groups, "8 KiB fewer than come are expected",
       "missing-wait", expectBytes(-1, -8192)},
      {"transaction count", groups, "a box is never asked for", "deadlock",
       erase<Copy>(0)},
      {"index", groups, "a box is of the next rows", "wrong values",
       moveBox(0, 1, 8)},
      {"size", groups, "1 KiB of shared memory is missing", "out-of-bounds",
       launchWith(sharedBytes, -1024)},
      {"launch", groups, "the last block is missing", "wrong values",
       launchWith(blocks, -1)},
      {"fence", parts, "cleared terms are not handed to the products",
       "missing-fence", erase<NVVM::FenceProxyOp>(0)},
      {"barrier", parts, "terms are multiplied before all have been cleared",
       "race", erase<BarrierOp>(1)},
      {"predicate", parts, "the next part's terms are added", "wrong values",
       never(4)},
  };
}

std::vector<PlantedBug> specializedBugs() {
  std::string warps = "contraction of specialized warps";
  using Wait = NVVM::MBarrierTryWaitParityOp;
  return {
      {"wait", warps, "a tile's first slice is not waited for", "missing-wait",
       erase<Wait>(0)},
      {"wait", warps, "slices are asked for before places are free",
       "missing-wait", erase<Wait>(2)},
      {"wait", warps, "places are given back while they are multiplied",
       "missing-wait", waitForProducts(2)},
      {"arrival", warps, "the last place of a tile is not given back",
       "deadlock", erase<NVVM::MBarrierArriveOp>(1)},
      {"arrival", warps, "one warp gives a place back for all", "deadlock",
       expectArrivals(1, 1)},
      {"arrival", warps, "more warps than there are must give a place back",
       "deadlock", expectArrivals(1, 17)},
      {"barrier", warps, "rows are read before all have been stored", "race",
       erase<NVVM::SyncWarpOp>(0)},
      {"barrier", warps, "rows are replaced while they are read", "race",
       erase<NVVM::SyncWarpOp>(1)},
      {"barrier", warps, "column sums are read before all have been stored",
       "race", erase<NVVM::BarrierOp>(0)},
      {"barrier", warps, "column sums are replaced while they are read", "race",
       erase<NVVM::BarrierOp>(1)},
      {"index", warps, "turns of a place are not told apart", "missing-wait",
       bypass<arith::DivUIOp>(4, 0)},
      {"reduction", warps, "a lane keeps a half that is not its own",
       "wrong values", bypass<arith::SelectOp>(0, 2)},
      {"size", warps, "slices of the last tile are never asked for", "deadlock",
       shorten(-2)},
      {"size", warps, "a warp's rows have no shared memory", "out-of-bounds",
       launchWith(sharedBytes, -2048)},
      {"launch", warps, "the last block is missing", "wrong values",
       launchWith(blocks, -1)},
  };
}

std::vector<PlantedBug> reductionBugs() {
  std::string teams = "rowwise, rows of teams",
              block = "rowwise, a row of a block", columns = "columnwise";
  return {
      {"barrier", teams, "sums are read before all have been stored", "race",
       erase<BarrierOp>(1)},
      {"predicate", teams, "vectors beyond the last column are added",
       "wrong values", bypass<arith::SelectOp>(0, 1)},
      {"predicate", teams, "rows beyond the last are added", "wrong values",
       bypass<arith::SelectOp>(1, 1)},
      {"predicate", teams, "rows beyond the last are stored", "race",
       always(0)},
      {"index", teams, "a team's sums lie at its neighbor's place",
       "uninitialized", shift<vector::StoreOp>(2, 40)},
      {"reduction", teams, "threads exchange with the wrong neighbor",
       "wrong values", exchangeWith(0, 2)},
      {"reduction", teams, "a step of the butterfly is left out",
       "wrong values", bypass<gpu::ShuffleOp>(2, 0)},
      {"barrier", block, "warps' numbers are read before all are stored",
       "race", erase<BarrierOp>(1)},
      {"store", block, "warps' numbers are never stored", "uninitialized",
       erase<memref::StoreOp>(0)},
      {"barrier", block, "warps' numbers are replaced while they are read",
       "race", erase<BarrierOp>(2)},
      {"predicate", block, "every thread stores for its warp", "race",
       always(0)},
      {"reduction", block, "a warp is added twice, another never",
       "wrong values", shift<LoadOp>(-1, -1)},
      {"launch", block, "a warp is missing", "uninitialized",
       launchWith(threads, -32)},
      {"barrier", columns, "sums are read before all have been stored", "race",
       erase<BarrierOp>(0)},
      {"barrier", columns, "one thread alone waits", "deadlock", waitAlone(0)},
      {"predicate", columns, "columns beyond the last are stored", "race",
       always(1)},
      {"index", columns, "a part's sum lies a place too far", "uninitialized",
       shift<vector::StoreOp>(0, 1)},
      {"size", columns, "rows after the last whole turn are left out",
       "wrong values", never(0)},
      {"reduction", columns, "the last part is left out", "wrong values",
       bypass<arith::AddFOp>(-1, 0)},
      {"launch", columns, "a part of the rows has no threads", "uninitialized",
       launchWith(threads, -32)},
  };
}

std::vector<PlantedBug> movementBugs() {
  std::string both = "movement";
  return {
      {"predicate", both, "threads beyond the last element move",
       "out-of-bounds", always(0)},
      {"predicate", both, "all is taken from the first input", "out-of-bounds",
       always(1)},
      {"index", both, "the second input is read a vector too far",
       "out-of-bounds", shift<vector::LoadOp>(1, 4)},
  };
}

} // namespace

std::vector<PlantedBug> plantedBugs() {
  std::vector<PlantedBug> all;
  for (auto bugs : {depthwiseBugs(), contractionBugs(), warpGroupBugs(),
                    specializedBugs(), reductionBugs(), movementBugs()})
    all.insert(all.end(), bugs.begin(), bugs.end());
  return all;
}

} // namespace bcssl::test
