//===- ContractionWgmma.cpp - contractions of bf16 by warp groups ---------===//
//
// wgmma of sm_90a: each warp group multiplies 64 rows by all columns of the
// tile and reads both operands from shared memory, as they lie in memory. The
// copy engine brings slices ahead while the tensor cores work. Two blocks share
// a multiprocessor: while one ends, the other multiplies.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/gpu/ContractionRing.h"
#include "passes/codegen/gpu/TensorRing.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace bcssl {
namespace {

class WgmmaGenerator {
public:
  WgmmaGenerator(GpuKernelContext context, const GpuContractionTile &tile)
      : builder(context.builder), kernel(context.builder), context(context),
        shape(gpuContractionOf(context.kernel)), tile(tile),
        block(kernel, shape, tile),
        isFirst(arith::CmpIOp::create(builder, arith::CmpIPredicate::eq,
                                      block.thread, kernel.index(0))),
        ring(kernel, shape, tile, context.tensorMaps, isFirst, /*readers=*/0) {}
  void run();

private:
  void fillSlice(Value slice);
  void clearTerms(const TensorRing::Operand &operand, Value stage);
  void clearTail(Value stage);
  Value multiplySlices();

  ImplicitLocOpBuilder &builder;
  KernelBuilder kernel;
  GpuKernelContext context;
  GpuContractionShape shape;
  const GpuContractionTile &tile;
  ContractionBlock block;
  Value isFirst;
  TensorRing ring;
};

/// Clears an operand's terms behind those of the part in its last slice, which
/// are the next part's. Infinite ones would not vanish in a product with zero:
/// both operands are cleared.
void WgmmaGenerator::clearTerms(const TensorRing::Operand &operand,
                                Value stage) {
  constexpr int64_t perRun = 64 / contractionChunk; // chunks of 128 bytes
  int64_t chunks = operand.slice.elements() / contractionChunk,
          threads = tile.threads(/*elementBytes=*/2);
  Value to = kernel.mul(stage, operand.slice.elements());
  for (int64_t done = 0; done < chunks; done += threads) {
    Value chunk = kernel.add(block.thread, done);
    Value term = kernel.remainder(kernel.quotient(chunk, perRun), tile.depth);
    Value isBehind = arith::CmpIOp::create(builder, arith::CmpIPredicate::uge,
                                           term, block.firstTerms);
    kernel.when(isBehind, [&] {
      kernel.store(kernel.zeros(builder.getBF16Type(), contractionChunk),
                   operand.memref,
                   kernel.add(to, kernel.mul(chunk, contractionChunk)));
    });
  }
}

void WgmmaGenerator::clearTail(Value stage) {
  clearTerms(ring.left, stage);
  clearTerms(ring.right, stage);
  NVVM::FenceProxyOp::create(
      builder, NVVM::ProxyKind::async_shared,
      NVVM::SharedSpaceAttr::get(builder.getContext(),
                                 NVVM::SharedSpace::shared_cta));
  kernel.barrier();
}

/// Asks for a slice, if there is one.
void WgmmaGenerator::fillSlice(Value slice) {
  Value isThere = arith::CmpIOp::create(builder, arith::CmpIPredicate::ult,
                                        slice, block.slices);
  kernel.when(kernel.both(isFirst, isThere), [&] {
    ring.fill(block, slice, kernel.remainder(slice, tile.stages()));
  });
}

/// The sums, whose last products may not be there yet.
Value WgmmaGenerator::multiplySlices() {
  int64_t stages = tile.stages();
  for (int64_t ahead = 0; ahead < stages - 1; ++ahead)
    fillSlice(kernel.index(ahead));
  // The products of one slice go on while the next ones start. A single slice
  // begins the sums: zeros would be put into registers that products already
  // own.
  bool isSingle = shape.partDepth <= tile.depth;
  Value none = isSingle ? wgmmaNothing(kernel, tile.columns)
                        : wgmmaZeros(kernel, tile.columns);
  Value group = kernel.quotient(block.thread, wgmmaThreads);
  bool hasTail = shape.endsInsideSlice(tile);
  auto loop = scf::ForOp::create(
      builder, kernel.index(0), block.slices, kernel.index(1), none,
      [&](OpBuilder &, Location, Value slice, ValueRange before) {
        Value stage = kernel.remainder(slice, stages);
        ring.awaitFull(stage, kernel.quotient(slice, stages));
        if (hasTail) {
          Value isLast =
              arith::CmpIOp::create(builder, arith::CmpIPredicate::eq,
                                    kernel.add(slice, 1), block.slices);
          kernel.when(isLast, [&] { clearTail(stage); });
        }
        Value after = ring.multiply(group, stage, before.front(), isSingle);
        wgmmaWait(kernel, isSingle ? 0 : 1);
        // All have multiplied the slice before: its place is free.
        kernel.barrier();
        fillSlice(kernel.add(slice, stages - 1));
        scf::YieldOp::create(builder, after);
      });
  return loop.getResult(0);
}

void WgmmaGenerator::run() {
  Value sums = multiplySlices();
  wgmmaWait(kernel, 0);

  kernel.barrier();
  // Four rows of 8 banks each side by side: half a warp stores them at once.
  ContractionEpilogue epilogue(context, shape, tile, block, /*padding=*/8);
  Value firstRow = kernel.mul(kernel.quotient(block.thread, 32), wgmmaWarpRows);
  wgmmaForPairs(kernel, sums, kernel.remainder(block.thread, 32), 0,
                tile.columns, [&](Value pair, Value row, Value column) {
                  epilogue.put(pair, kernel.add(firstRow, row), column);
                });
  epilogue.run();
}

} // namespace

void emitGpuContractionWgmma(GpuKernelContext context) {
  GpuContractionTile tile;
  fromAttribute(context.kernel.getTileAttr(), tile);
  WgmmaGenerator(context, tile).run();
}

} // namespace bcssl
