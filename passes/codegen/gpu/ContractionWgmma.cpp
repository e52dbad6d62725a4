//===- ContractionWgmma.cpp - contractions of bf16 by warp groups ---------===//
//
// wgmma of sm_90a: each warp group multiplies 64 rows by all columns of the
// tile and reads both operands from shared memory, as they lie in memory. All
// threads copy slices ahead while the tensor cores work; what they wait for
// each other, the other block of the multiprocessor fills.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/gpu/ContractionRing.h"
#include "passes/codegen/gpu/Wgmma.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace bcssl {
namespace {

class WgmmaGenerator {
public:
  explicit WgmmaGenerator(GpuKernelContext context)
      : builder(context.builder), kernel(context.builder), context(context),
        shape(gpuContractionOf(context.kernel)) {
    fromAttribute(context.kernel.getTileAttr(), tile);
  }
  void run();

private:
  OperandRing makeRing(Value tensor, bool isLeft,
                       const ContractionBlock &block);
  void put(ContractionEpilogue &epilogue, Value sums, Value thread);

  ImplicitLocOpBuilder &builder;
  KernelBuilder kernel;
  GpuKernelContext context;
  GpuContractionShape shape;
  GpuContractionTile tile;
};

/// The operand's slices as wgmma reads them.
WgmmaSlice sliceOf(const GpuContractionShape &shape,
                   const GpuContractionTile &tile, bool isLeft) {
  return isLeft ? WgmmaSlice{shape.leftAlongDepth, tile.rows}
                : WgmmaSlice{shape.rightAlongDepth, tile.columns};
}

OperandRing WgmmaGenerator::makeRing(Value tensor, bool isLeft,
                                     const ContractionBlock &block) {
  Value memref = context.buffers[cast<BlockArgument>(tensor).getArgNumber()];
  WgmmaSlice slice = sliceOf(shape, tile, isLeft);
  return OperandRing(
      kernel, OperandPieces(kernel, memref, shape, isLeft, tile, block),
      slice.elements(), tile.stages(),
      [&](Value run, Value chunk) { return slice.place(kernel, run, chunk); });
}

/// A thread has, of each 8 columns, two neighbours in two rows: its warp's 16
/// rows are four threads to a row.
void WgmmaGenerator::put(ContractionEpilogue &epilogue, Value sums,
                         Value thread) {
  auto pair = VectorType::get({2}, builder.getF32Type());
  Value lane = kernel.remainder(thread, 32);
  Value row = kernel.add(kernel.mul(kernel.quotient(thread, 32), 16),
                         kernel.quotient(lane, 4)),
        column = kernel.mul(kernel.remainder(lane, 4), 2);
  for (int64_t number = 0; number < tile.columns / 2; number += 2) {
    Value neighbours = vector::FromElementsOp::create(
        builder, pair,
        ValueRange{LLVM::ExtractValueOp::create(builder, sums, number),
                   LLVM::ExtractValueOp::create(builder, sums, number + 1)});
    epilogue.put(neighbours, kernel.add(row, number / 2 % 2 * 8),
                 kernel.add(column, number / 4 * 8));
  }
}

void WgmmaGenerator::run() {
  ContractionBlock block(kernel, shape, tile);
  ContractOp anchor = gpuContractionOf(context.kernel);
  OperandRing left = makeRing(anchor.getLhs(), /*isLeft=*/true, block);
  OperandRing right = makeRing(anchor.getRhs(), /*isLeft=*/false, block);
  ContractionRing ring(kernel, block, std::move(left), std::move(right),
                       tile.stages(), /*fenced=*/true);
  WgmmaSlice leftSlice = sliceOf(shape, tile, /*isLeft=*/true),
             rightSlice = sliceOf(shape, tile, /*isLeft=*/false);
  auto descriptor = [&](const WgmmaSlice &slice, const OperandRing &operand) {
    return slice.descriptor(kernel, operand.shared);
  };
  Value group = kernel.quotient(block.thread, wgmmaThreads);
  auto toNumber = [&](Value index) -> Value {
    return arith::IndexCastOp::create(builder, builder.getI64Type(), index);
  };
  Value leftFirst = arith::AddIOp::create(
            builder, descriptor(leftSlice, ring.left),
            toNumber(kernel.mul(group, WgmmaSlice::descriptorOfRows))),
        rightFirst = descriptor(rightSlice, ring.right);
  ValueRange sums =
      ring.run(wgmmaZeros(kernel, tile.columns),
               [&](Value stage, ValueRange before,
                   llvm::function_ref<void()> copyAhead) -> SmallVector<Value> {
                 auto at = [&](Value first, const WgmmaSlice &slice) -> Value {
                   return arith::AddIOp::create(
                       builder, first,
                       toNumber(kernel.mul(stage, slice.elements() * 2 / 16)));
                 };
                 Value after = wgmmaMultiply(
                     kernel, leftSlice, rightSlice, at(leftFirst, leftSlice),
                     at(rightFirst, rightSlice), before.front());
                 copyAhead();
                 wgmmaWait(kernel, 0);
                 return {after};
               });

  kernel.barrier();
  // Four rows of 8 banks each side by side: half a warp stores them at once.
  ContractionEpilogue epilogue(context, shape, tile, block, /*padding=*/8);
  put(epilogue, sums.front(), block.thread);
  epilogue.run();
}

} // namespace

void emitGpuContractionWgmma(GpuKernelContext context) {
  WgmmaGenerator(context).run();
}

} // namespace bcssl
