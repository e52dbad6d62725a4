//===- Wgmma.cpp - matrix products of a warp group ------------------------===//
//
// Layouts and descriptors are those of the PTX manual, "Asynchronous warpgroup
// level matrix shared memory layout", with the swizzle of 128 bytes.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/gpu/Wgmma.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace bcssl {
namespace {

constexpr int64_t terms = 64;     // of a slice
constexpr int64_t runLength = 64; // elements of 128 bytes
constexpr int64_t atomRuns = 8;
constexpr int64_t chunkElements = 8;
constexpr int64_t descriptorBytes = 16; // of a descriptor's unit

} // namespace

int64_t WgmmaSlice::elements() const {
  return (alongDepth ? outer : llvm::alignTo(outer, runLength)) * terms;
}

Value WgmmaSlice::place(KernelBuilder &kernel, Value run, Value chunk) const {
  constexpr int64_t chunks = runLength / chunkElements;
  Value swizzled =
      arith::XOrIOp::create(kernel.builder, kernel.remainder(chunk, chunks),
                            kernel.remainder(run, atomRuns));
  Value at = kernel.add(kernel.mul(run, runLength),
                        kernel.mul(swizzled, chunkElements));
  // Runs along the result are cut into pieces of 64 with all terms each.
  return alongDepth ? at
                    : kernel.add(at, kernel.mul(kernel.quotient(chunk, chunks),
                                                runLength * terms));
}

Value WgmmaSlice::descriptor(KernelBuilder &kernel, Value shared) const {
  ImplicitLocOpBuilder &builder = kernel.builder;
  Type i64 = builder.getI64Type();
  auto constant = [&](uint64_t value) -> Value {
    return arith::ConstantOp::create(
        builder, builder.getIntegerAttr(i64, static_cast<int64_t>(value)));
  };
  constexpr uint64_t addressMask = 0x3ffff, swizzle128 = uint64_t{1} << 62;
  // From 8 runs to the next, and (not used along the depth) from 64 rows or
  // columns to the next.
  constexpr uint64_t stride = atomRuns * runLength * 2 / descriptorBytes,
                     leading = terms * runLength * 2 / descriptorBytes;
  uint64_t fields =
      swizzle128 | stride << 32 | (alongDepth ? 1 : leading) << 16;
  Value bytes = LLVM::PtrToIntOp::create(builder, i64, shared);
  Value start = arith::ShRUIOp::create(
      builder, arith::AndIOp::create(builder, bytes, constant(addressMask)),
      constant(4));
  return arith::OrIOp::create(builder, start, constant(fields));
}

int64_t WgmmaSlice::descriptorStep() const {
  return wgmmaDepth * (alongDepth ? 1 : runLength) * 2 / descriptorBytes;
}

static Type sumsType(KernelBuilder &kernel, int64_t columns) {
  SmallVector<Type> types(columns / 2, kernel.builder.getF32Type());
  return LLVM::LLVMStructType::getLiteral(kernel.builder.getContext(), types);
}

Value wgmmaZeros(KernelBuilder &kernel, int64_t columns) {
  return LLVM::ZeroOp::create(kernel.builder, sumsType(kernel, columns));
}

Value wgmmaNothing(KernelBuilder &kernel, int64_t columns) {
  return LLVM::UndefOp::create(kernel.builder, sumsType(kernel, columns));
}

Value wgmmaMultiply(KernelBuilder &kernel, const WgmmaSlice &left,
                    const WgmmaSlice &right, Value leftDescriptor,
                    Value rightDescriptor, Value sums, bool isFirst) {
  ImplicitLocOpBuilder &builder = kernel.builder;
  auto moved = [&](Value descriptor, int64_t by) {
    if (by == 0)
      return descriptor;
    Value offset =
        arith::ConstantOp::create(builder, builder.getI64IntegerAttr(by));
    return Value(arith::AddIOp::create(builder, descriptor, offset));
  };
  auto columns = static_cast<int64_t>(
      cast<LLVM::LLVMStructType>(sums.getType()).getBody().size() * 2);
  MLIRContext *context = builder.getContext();
  auto shape = NVVM::MMAShapeAttr::get(context, static_cast<int>(wgmmaRows),
                                       static_cast<int>(columns),
                                       static_cast<int>(wgmmaDepth));
  // Rows of the left and columns of the right operand are contiguous.
  auto leftLayout =
           left.alongDepth ? NVVM::MMALayout::row : NVVM::MMALayout::col,
       rightLayout =
           right.alongDepth ? NVVM::MMALayout::col : NVVM::MMALayout::row;
  NVVM::WgmmaFenceAlignedOp::create(builder);
  for (int64_t step = 0; step < terms / wgmmaDepth; ++step)
    sums = NVVM::WgmmaMmaAsyncOp::create(
        builder, sums.getType(), sums,
        moved(leftDescriptor, step * left.descriptorStep()),
        moved(rightDescriptor, step * right.descriptorStep()), shape,
        NVVM::WGMMATypes::bf16, NVVM::WGMMATypes::bf16, NVVM::WGMMATypes::f32,
        isFirst && step == 0 ? NVVM::WGMMAScaleOut::zero
                             : NVVM::WGMMAScaleOut::one,
        NVVM::WGMMAScaleIn::one, NVVM::WGMMAScaleIn::one, leftLayout,
        rightLayout, NVVM::MMAIntOverflowAttr());
  NVVM::WgmmaGroupSyncAlignedOp::create(builder);
  return sums;
}

/// Four threads have a row, two neighbours of each 8 columns each; a thread has
/// two such rows.
void wgmmaForPairs(KernelBuilder &kernel, Value sums, Value lane, int64_t begin,
                   int64_t end, function_ref<void(Value, Value, Value)> put) {
  ImplicitLocOpBuilder &builder = kernel.builder;
  auto type = VectorType::get({2}, builder.getF32Type());
  Value row = kernel.quotient(lane, 4),
        column = kernel.mul(kernel.remainder(lane, 4), 2);
  for (int64_t number = begin / 2; number < end / 2; number += 2) {
    Value pair = vector::FromElementsOp::create(
        builder, type,
        ValueRange{LLVM::ExtractValueOp::create(builder, sums, number),
                   LLVM::ExtractValueOp::create(builder, sums, number + 1)});
    put(pair, kernel.add(row, number / 2 % 2 * 8),
        kernel.add(column, number / 4 * 8));
  }
}

void wgmmaWait(KernelBuilder &kernel, int64_t pending) {
  NVVM::WgmmaWaitGroupSyncOp::create(kernel.builder, pending);
}

} // namespace bcssl
