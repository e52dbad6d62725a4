//===- ContractionWgmma.cpp - contractions of bf16 by warp groups ---------===//
//
// wgmma of sm_90a: each warp group multiplies 64 rows by all columns of the
// tile and reads both operands from shared memory, as they lie in memory. The
// copy engine brings slices ahead while the tensor cores work. Two blocks share
// a multiprocessor: while one ends, the other multiplies.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/gpu/TensorRing.h"

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
  void put(ContractionEpilogue &epilogue, Value sums, Value thread);

  ImplicitLocOpBuilder &builder;
  KernelBuilder kernel;
  GpuKernelContext context;
  GpuContractionShape shape;
  GpuContractionTile tile;
};

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
  TensorRing ring(kernel, shape, tile, block, context.tensorMaps);
  auto toNumber = [&](Value index) -> Value {
    return arith::IndexCastOp::create(builder, builder.getI64Type(), index);
  };
  Value group = kernel.quotient(block.thread, wgmmaThreads);
  Value leftFirst = arith::AddIOp::create(
            builder, ring.left.slice.descriptor(kernel, ring.left.shared),
            toNumber(kernel.mul(group, WgmmaSlice::descriptorOfRows))),
        rightFirst = ring.right.slice.descriptor(kernel, ring.right.shared);
  auto at = [&](Value first, const WgmmaSlice &slice, Value stage) -> Value {
    return arith::AddIOp::create(
        builder, first, toNumber(kernel.mul(stage, slice.elements() * 2 / 16)));
  };
  // The products of one slice go on while the next ones start. A single slice
  // begins the sums: zeros would be put into registers that products already
  // own.
  bool isSingle = shape.partDepth <= tile.depth;
  Value none = isSingle ? wgmmaNothing(kernel, tile.columns)
                        : wgmmaZeros(kernel, tile.columns);
  Value sums = ring.run(none, [&](Value stage, Value before) {
    Value after = wgmmaMultiply(kernel, ring.left.slice, ring.right.slice,
                                at(leftFirst, ring.left.slice, stage),
                                at(rightFirst, ring.right.slice, stage), before,
                                isSingle);
    wgmmaWait(kernel, isSingle ? 0 : 1);
    return after;
  });
  wgmmaWait(kernel, 0);

  kernel.barrier();
  // Four rows of 8 banks each side by side: half a warp stores them at once.
  ContractionEpilogue epilogue(context, shape, tile, block, /*padding=*/8);
  put(epilogue, sums, block.thread);
  epilogue.run();
}

} // namespace

void emitGpuContractionWgmma(GpuKernelContext context) {
  WgmmaGenerator(context).run();
}

} // namespace bcssl
