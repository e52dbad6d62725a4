//===- ContractionRing.cpp - slices of both operands in a ring ------------===//

#include "passes/codegen/gpu/ContractionRing.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace bcssl {

static constexpr unsigned globalSpace = 1, sharedSpace = 3;

Value pointerTo(KernelBuilder &kernel, Value memref) {
  ImplicitLocOpBuilder &builder = kernel.builder;
  MLIRContext *context = builder.getContext();
  Value address = arith::IndexCastOp::create(
      builder, builder.getI64Type(),
      memref::ExtractAlignedPointerAsIndexOp::create(builder, memref));
  if (cast<MemRefType>(memref.getType()).getMemorySpace())
    return LLVM::IntToPtrOp::create(
        builder, LLVM::LLVMPointerType::get(context, sharedSpace), address);
  Value generic = LLVM::IntToPtrOp::create(
      builder, LLVM::LLVMPointerType::get(context), address);
  return LLVM::AddrSpaceCastOp::create(
      builder, LLVM::LLVMPointerType::get(context, globalSpace), generic);
}

Value elementAt(KernelBuilder &kernel, Value base, Value at) {
  ImplicitLocOpBuilder &builder = kernel.builder;
  Value offset = arith::IndexCastOp::create(builder, builder.getI64Type(), at);
  return LLVM::GEPOp::create(builder, base.getType(), builder.getBF16Type(),
                             base, ValueRange{offset});
}

OperandRing::OperandRing(KernelBuilder &kernel, OperandPieces operandPieces,
                         int64_t sliceElements, int64_t stages, Place place)
    : sliceElements(sliceElements), pieces(std::move(operandPieces)),
      memref(kernel.sharedMemory(stages * sliceElements,
                                 kernel.builder.getBF16Type())),
      global(pointerTo(kernel, pieces.memref)) {
  shared = pointerTo(kernel, memref);
  for (const OperandPieces::Piece &piece : pieces.pieces) {
    Value run = alongDepth() ? piece.outer : piece.depth,
          inRun = alongDepth() ? piece.depth : piece.outer;
    Value at = place(run, kernel.quotient(inRun, contractionChunk));
    if (pieces.lanes != contractionChunk)
      at = kernel.add(at, kernel.remainder(inRun, contractionChunk));
    to.push_back(at);
  }
}

void OperandRing::copy(KernelBuilder &kernel, Value begin, Value terms,
                       Value stage) const {
  ImplicitLocOpBuilder &builder = kernel.builder;
  Value offset = kernel.mul(begin, pieces.step);
  Value first = kernel.mul(stage, sliceElements);
  int64_t lanes = pieces.lanes;
  auto bytes = static_cast<uint32_t>(lanes * 2);
  for (auto [piece, place] : llvm::zip_equal(pieces.pieces, to)) {
    Value from = kernel.add(piece.from, offset),
          target = kernel.add(first, place);
    Value inside;
    if (terms)
      inside = arith::CmpIOp::create(builder, arith::CmpIPredicate::ult,
                                     piece.depth, terms);
    kernel.when(piece.exists, [&] {
      if (lanes == 1) {
        // Too small for an asynchronous copy.
        kernel.store(kernel.loadWhen(inside, pieces.memref, from, lanes),
                     memref, target);
        return;
      }
      Value size;
      if (inside) {
        auto constant = [&](uint32_t value) -> Value {
          return arith::ConstantIntOp::create(builder, value, 32);
        };
        size = arith::SelectOp::create(builder, inside, constant(bytes),
                                       constant(0));
        from = arith::SelectOp::create(builder, inside, from, kernel.index(0));
      }
      NVVM::CpAsyncOp::create(builder, elementAt(kernel, shared, target),
                              elementAt(kernel, global, from), bytes,
                              bytes == gpuWideBytes
                                  ? NVVM::LoadCacheModifierKind::CG
                                  : NVVM::LoadCacheModifierKind::CA,
                              size);
    });
  }
}

ContractionRing::ContractionRing(KernelBuilder &kernel,
                                 const ContractionBlock &block,
                                 OperandRing left, OperandRing right,
                                 int64_t stages)
    : left(std::move(left)), right(std::move(right)), kernel(kernel),
      block(block), stages(stages) {}

void ContractionRing::copySlice(Value begin, Value terms, Value stage) {
  left.copy(kernel, begin, terms, stage);
  right.copy(kernel, begin, terms, stage);
}

ValueRange ContractionRing::run(ValueRange zeros, Multiply multiply) {
  ImplicitLocOpBuilder &builder = kernel.builder;
  auto isThere = [&](Value slice) -> Value {
    return arith::CmpIOp::create(builder, arith::CmpIPredicate::ult, slice,
                                 block.slices);
  };
  copySlice(block.begin, block.firstTerms, kernel.index(0));
  NVVM::CpAsyncCommitGroupOp::create(builder);
  for (int64_t ahead = 1; ahead < stages - 1; ++ahead) {
    Value slice = kernel.index(ahead);
    kernel.when(isThere(slice), [&] {
      copySlice(block.beginOf(kernel, slice), Value(), slice);
    });
    NVVM::CpAsyncCommitGroupOp::create(builder);
  }
  auto loop = scf::ForOp::create(
      builder, kernel.index(0), block.slices, kernel.index(1), zeros,
      [&](OpBuilder &, Location, Value slice, ValueRange sums) {
        // This slice has come for all threads, and all have multiplied the one
        // whose place the next copy takes. Empty groups keep the count.
        NVVM::CpAsyncWaitGroupOp::create(builder, stages - 2);
        kernel.barrier();
        auto copyAhead = [&] {
          Value next = kernel.add(slice, stages - 1);
          kernel.when(isThere(next), [&] {
            copySlice(block.beginOf(kernel, next), Value(),
                      kernel.remainder(next, stages));
          });
          NVVM::CpAsyncCommitGroupOp::create(builder);
        };
        scf::YieldOp::create(builder, multiply(kernel.remainder(slice, stages),
                                               sums, copyAhead));
      });
  return loop.getResults();
}

} // namespace bcssl
