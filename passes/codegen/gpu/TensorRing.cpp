//===- TensorRing.cpp - slices of both operands by the copy engine --------===//

#include "passes/codegen/gpu/TensorRing.h"

#include "passes/codegen/gpu/ContractionRing.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace bcssl {
namespace {

constexpr int64_t boxRun = 64; // elements of 128 bytes, which are swizzled
constexpr unsigned clusterSpace = 7;

/// The barriers of a place.
enum : int64_t { full, empty };

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
                       const GpuContractionTile &tile, ValueRange maps,
                       Value makesBarriers, int64_t readers)
    : kernel(kernel), tile(tile) {
  ImplicitLocOpBuilder &builder = kernel.builder;
  left = makeOperand({shape.leftAlongDepth, tile.rows}, maps[0]);
  right = makeOperand({shape.rightAlongDepth, tile.columns}, maps[1]);
  int64_t kinds = readers == 0 ? 1 : 2;
  barriers = pointerTo(
      kernel, kernel.sharedMemory(kinds * tile.stages(), builder.getI64Type()));
  kernel.when(makesBarriers, [&] {
    for (int64_t stage = 0; stage < tile.stages(); ++stage)
      for (int64_t kind = 0; kind < kinds; ++kind)
        NVVM::MBarrierInitOp::create(
            builder, barrierOf(kernel.index(stage), kind),
            number(kernel, kind == full ? 1 : readers), /*predicate=*/Value());
    NVVM::FenceMbarrierInitOp::create(builder);
  });
  kernel.barrier();
}

TensorRing::Operand TensorRing::makeOperand(WgmmaSlice slice, Value map) {
  Value memref = kernel.sharedMemory(tile.stages() * slice.elements(),
                                     kernel.builder.getBF16Type());
  return {slice, map, memref, pointerTo(kernel, memref)};
}

Value TensorRing::barrierOf(Value stage, int64_t kind) {
  Value at = kernel.add(stage, kind * tile.stages());
  return LLVM::GEPOp::create(kernel.builder, barriers.getType(),
                             kernel.builder.getI64Type(), barriers,
                             ValueRange{toInteger(kernel, at, 64)});
}

void TensorRing::await(Value barrier, Value turn) {
  constexpr int64_t ticks = 10'000'000; // until the wait is tried again
  NVVM::MBarrierTryWaitParityOp::create(
      kernel.builder, barrier, toInteger(kernel, kernel.remainder(turn, 2), 32),
      number(kernel, ticks));
}

void TensorRing::awaitFull(Value stage, Value turn) {
  await(barrierOf(stage, full), turn);
}

void TensorRing::awaitEmpty(Value stage, Value turn) {
  await(barrierOf(stage, empty), turn);
}

void TensorRing::giveBack(Value stage) {
  NVVM::MBarrierArriveOp::create(kernel.builder, TypeRange{},
                                 barrierOf(stage, empty), /*count=*/Value(),
                                 NVVM::MemScopeKind::CTA, /*relaxed=*/false);
}

/// Boxes of 128 bytes by all rows (columns) or terms.
void TensorRing::fillOperand(const Operand &operand, Value first, Value begin,
                             Value stage, Value barrier) {
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
        toInteger(kernel, kernel.add(first, outer), 32),
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

/// The barrier counts whole boxes, zeros too.
void TensorRing::fill(const ContractionBlock &block, Value slice, Value stage) {
  Value barrier = barrierOf(stage, full);
  int64_t bytes = 2 * (left.slice.elements() + right.slice.elements());
  NVVM::MBarrierArriveExpectTxOp::create(
      kernel.builder, TypeRange{}, barrier, number(kernel, bytes),
      NVVM::MemScopeKind::CTA, /*relaxed=*/false, /*predicate=*/Value());
  Value begin = kernel.add(block.begin, kernel.mul(slice, tile.depth));
  fillOperand(left, block.firstRow, begin, stage, barrier);
  fillOperand(right, block.firstColumn, begin, stage, barrier);
}

Value TensorRing::multiply(Value group, Value stage, Value sums, bool isFirst) {
  auto descriptorOf = [&](const Operand &operand, Value moved) -> Value {
    constexpr int64_t unit = 16; // bytes of a descriptor's address
    int64_t step = operand.slice.elements() * 2 / unit;
    Value offset = kernel.add(moved, kernel.mul(stage, step));
    return arith::AddIOp::create(
        kernel.builder, operand.slice.descriptor(kernel, operand.shared),
        toInteger(kernel, offset, 64));
  };
  return wgmmaMultiply(
      kernel, left.slice, right.slice,
      descriptorOf(left, kernel.mul(group, WgmmaSlice::descriptorOfRows)),
      descriptorOf(right, kernel.index(0)), sums, isFirst);
}

} // namespace bcssl
