//===- TensorRing.cpp - slices of both operands by the copy engine --------===//

#include "passes/codegen/gpu/TensorRing.h"

#include "passes/codegen/gpu/ContractionRing.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace bcssl {
namespace {

constexpr int64_t boxRun = 64; // elements of 128 bytes, which are swizzled
constexpr unsigned clusterSpace = 7;

Value toInteger(KernelBuilder &kernel, Value index, unsigned bits) {
  return arith::IndexCastOp::create(kernel.builder,
                                    kernel.builder.getIntegerType(bits), index);
}

Value number(KernelBuilder &kernel, int64_t value) {
  return arith::ConstantIntOp::create(kernel.builder, value, 32);
}

} // namespace

SmallVector<GpuTensorMap, 0>
contractionTensorMaps(ContractOp anchor, const GpuContractionTile &tile) {
  GpuContractionShape shape(anchor);
  SmallVector<GpuTensorMap, 0> maps;
  for (bool isLeft : {true, false}) {
    bool alongDepth = isLeft ? shape.leftAlongDepth : shape.rightAlongDepth;
    int64_t across = isLeft ? shape.rows : shape.columns,
            inTile = isLeft ? tile.rows : tile.columns;
    GpuTensorMap map;
    map.buffer = cast<BlockArgument>(isLeft ? anchor.getLhs() : anchor.getRhs())
                     .getArgNumber();
    map.elementBytes = shape.elementBytes();
    map.sizes = {alongDepth ? shape.depth : across,
                 alongDepth ? across : shape.depth};
    map.strides = {map.sizes[0]};
    map.box = {boxRun, alongDepth ? inTile : tile.depth};
    map.swizzleBytes = boxRun * shape.elementBytes();
    maps.push_back(std::move(map));
  }
  return maps;
}

TensorRing::TensorRing(KernelBuilder &kernel, const GpuContractionShape &shape,
                       const GpuContractionTile &tile,
                       const ContractionBlock &block, ValueRange maps)
    : kernel(kernel), tile(tile), block(block),
      hasTail(shape.parts > 1 && shape.partDepth % tile.depth != 0) {
  ImplicitLocOpBuilder &builder = kernel.builder;
  left =
      makeOperand({shape.leftAlongDepth, tile.rows}, maps[0], block.firstRow);
  right = makeOperand({shape.rightAlongDepth, tile.columns}, maps[1],
                      block.firstColumn);
  barriers = pointerTo(
      kernel, kernel.sharedMemory(tile.stages(), builder.getI64Type()));
  isFirst = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq,
                                  block.thread, kernel.index(0));
  kernel.when(isFirst, [&] {
    for (int64_t stage = 0; stage < tile.stages(); ++stage)
      NVVM::MBarrierInitOp::create(builder, barrierOf(kernel.index(stage)),
                                   number(kernel, 1), /*predicate=*/Value());
    NVVM::FenceMbarrierInitOp::create(builder);
  });
  kernel.barrier();
}

TensorRing::Operand TensorRing::makeOperand(WgmmaSlice slice, Value map,
                                            Value first) {
  Value memref = kernel.sharedMemory(tile.stages() * slice.elements(),
                                     kernel.builder.getBF16Type());
  return {slice, map, first, memref, pointerTo(kernel, memref)};
}

Value TensorRing::barrierOf(Value stage) {
  return LLVM::GEPOp::create(kernel.builder, barriers.getType(),
                             kernel.builder.getI64Type(), barriers,
                             ValueRange{toInteger(kernel, stage, 64)});
}

Value TensorRing::isThere(Value slice) {
  return arith::CmpIOp::create(kernel.builder, arith::CmpIPredicate::ult, slice,
                               block.slices);
}

void TensorRing::waitFor(Value slice, Value stage) {
  constexpr int64_t ticks = 10'000'000; // until the wait is tried again
  Value parity = kernel.remainder(kernel.quotient(slice, tile.stages()), 2);
  NVVM::MBarrierTryWaitParityOp::create(kernel.builder, barrierOf(stage),
                                        toInteger(kernel, parity, 32),
                                        number(kernel, ticks));
}

/// Boxes of 128 bytes by all rows (columns) or terms.
void TensorRing::copyOperand(const Operand &operand, Value begin, Value stage,
                             Value barrier) {
  ImplicitLocOpBuilder &builder = kernel.builder;
  const WgmmaSlice &slice = operand.slice;
  auto cluster = LLVM::LLVMPointerType::get(builder.getContext(), clusterSpace);
  Value to = kernel.mul(stage, slice.elements());
  int64_t step = slice.alongDepth ? slice.outer : boxRun;
  for (int64_t outer = 0; outer < slice.outer; outer += step) {
    Value target = LLVM::AddrSpaceCastOp::create(
        builder, cluster,
        elementAt(kernel, operand.shared, kernel.add(to, outer * tile.depth)));
    SmallVector<Value> coordinates{
        toInteger(kernel, kernel.add(operand.first, outer), 32),
        toInteger(kernel, begin, 32)};
    if (slice.alongDepth)
      std::swap(coordinates[0], coordinates[1]);
    NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp::create(
        builder, target, operand.map, coordinates, barrier, ValueRange{},
        /*multicastMask=*/Value(), /*l2CacheHint=*/Value(),
        NVVM::TMALoadMode::TILE, /*isCTAOnly=*/false, NVVM::CTAGroupKindAttr(),
        /*predicate=*/Value());
  }
}

/// Asks for a slice. The barrier counts whole boxes, zeros too.
void TensorRing::copy(Value slice, Value stage) {
  Value barrier = barrierOf(stage);
  int64_t bytes = 2 * (left.slice.elements() + right.slice.elements());
  NVVM::MBarrierArriveExpectTxOp::create(
      kernel.builder, TypeRange{}, barrier, number(kernel, bytes),
      NVVM::MemScopeKind::CTA, /*relaxed=*/false, /*predicate=*/Value());
  Value begin = kernel.add(block.begin, kernel.mul(slice, tile.depth));
  copyOperand(left, begin, stage, barrier);
  copyOperand(right, begin, stage, barrier);
}

/// Clears an operand's terms behind those of the part in its last slice, which
/// are the next part's. Infinite ones would not vanish in a product with zero:
/// both operands are cleared.
void TensorRing::clearTerms(const Operand &operand, Value stage) {
  int64_t perRun = boxRun / contractionChunk,
          chunks = operand.slice.elements() / contractionChunk,
          threads = tile.threads(/*elementBytes=*/2);
  Value to = kernel.mul(stage, operand.slice.elements());
  for (int64_t done = 0; done < chunks; done += threads) {
    Value chunk = kernel.add(block.thread, done);
    Value term = kernel.remainder(kernel.quotient(chunk, perRun), tile.depth);
    Value isBehind = arith::CmpIOp::create(
        kernel.builder, arith::CmpIPredicate::uge, term, block.firstTerms);
    kernel.when(isBehind, [&] {
      kernel.store(kernel.zeros(kernel.builder.getBF16Type(), contractionChunk),
                   operand.memref,
                   kernel.add(to, kernel.mul(chunk, contractionChunk)));
    });
  }
}

void TensorRing::clearTail(Value stage) {
  clearTerms(left, stage);
  clearTerms(right, stage);
  NVVM::FenceProxyOp::create(
      kernel.builder, NVVM::ProxyKind::async_shared,
      NVVM::SharedSpaceAttr::get(kernel.builder.getContext(),
                                 NVVM::SharedSpace::shared_cta));
  kernel.barrier();
}

Value TensorRing::run(Value zeros, Multiply multiply) {
  ImplicitLocOpBuilder &builder = kernel.builder;
  int64_t stages = tile.stages();
  for (int64_t ahead = 0; ahead < stages - 1; ++ahead) {
    Value slice = kernel.index(ahead);
    kernel.when(kernel.both(isFirst, isThere(slice)),
                [&] { copy(slice, slice); });
  }
  auto loop = scf::ForOp::create(
      builder, kernel.index(0), block.slices, kernel.index(1), zeros,
      [&](OpBuilder &, Location, Value slice, ValueRange sums) {
        Value stage = kernel.remainder(slice, stages);
        waitFor(slice, stage);
        if (hasTail) {
          Value isLast =
              arith::CmpIOp::create(builder, arith::CmpIPredicate::eq,
                                    kernel.add(slice, 1), block.slices);
          kernel.when(isLast, [&] { clearTail(stage); });
        }
        Value after = multiply(stage, sums.front());
        // All have multiplied the slice before: its place is free.
        kernel.barrier();
        Value next = kernel.add(slice, stages - 1);
        kernel.when(kernel.both(isFirst, isThere(next)),
                    [&] { copy(next, kernel.remainder(next, stages)); });
        scf::YieldOp::create(builder, after);
      });
  return loop.getResult(0);
}

} // namespace bcssl
