//===- KernelBuilder.cpp - the words of a GPU kernel ----------------------===//

#include "passes/codegen/gpu/KernelBuilder.h"

#include "passes/codegen/Tiles.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace bcssl {
namespace {

constexpr llvm::StringLiteral sharedSymbol = "dynamic_shared";

int64_t bytesOf(Type element) { return element.getIntOrFloatBitWidth() / 8; }

Attribute sharedSpace(MLIRContext *context) {
  return gpu::AddressSpaceAttr::get(context, gpu::AddressSpace::Workgroup);
}

MemRefType bytesInShared(MLIRContext *context, int64_t bytes) {
  return MemRefType::get({bytes}, IntegerType::get(context, 8),
                         MemRefLayoutAttrInterface{}, sharedSpace(context));
}

/// The alignment of a vector of so many elements at a multiple of its length.
llvm::MaybeAlign alignmentOf(Type element, int64_t lanes) {
  return llvm::MaybeAlign(std::min(gpuWideBytes, lanes * bytesOf(element)));
}

} // namespace

void declareSharedMemory(ImplicitLocOpBuilder &builder) {
  // Rows of 128 bytes are what swizzled copies will ask for.
  memref::GlobalOp::create(
      builder, sharedSymbol, /*sym_visibility=*/StringAttr(),
      bytesInShared(builder.getContext(), 0), /*initial_value=*/Attribute(),
      /*constant=*/false, builder.getI64IntegerAttr(1024));
}

Value KernelBuilder::thread(int64_t threads) {
  return gpu::ThreadIdOp::create(builder, gpu::Dimension::x,
                                 builder.getIndexAttr(threads));
}

Value KernelBuilder::block(int64_t blocks) {
  return gpu::BlockIdOp::create(builder, gpu::Dimension::x,
                                builder.getIndexAttr(blocks));
}

void KernelBuilder::barrier() { gpu::BarrierOp::create(builder); }

void KernelBuilder::barrierOfFirst(int64_t threads) {
  constexpr int64_t number = 1; // 0 is the whole block's
  NVVM::BarrierOp::create(builder, /*res=*/TypeRange(),
                          arith::ConstantIntOp::create(builder, number, 32),
                          arith::ConstantIntOp::create(builder, threads, 32),
                          NVVM::BarrierReductionAttr(),
                          /*reductionPredicate=*/Value());
}

void KernelBuilder::warpBarrier() {
  constexpr int64_t all = -1;
  NVVM::SyncWarpOp::create(builder,
                           arith::ConstantIntOp::create(builder, all, 32));
}

Value KernelBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(builder, value);
}

Value KernelBuilder::add(Value a, Value b) {
  return arith::AddIOp::create(builder, a, b);
}

Value KernelBuilder::add(Value a, int64_t b) {
  return b == 0 ? a : add(a, index(b));
}

Value KernelBuilder::sub(Value a, Value b) {
  return arith::SubIOp::create(builder, a, b);
}

Value KernelBuilder::mul(Value a, int64_t b) {
  return b == 1 ? a : Value(arith::MulIOp::create(builder, a, index(b)));
}

Value KernelBuilder::quotient(Value a, int64_t b) {
  return b == 1 ? a : Value(arith::DivUIOp::create(builder, a, index(b)));
}

Value KernelBuilder::remainder(Value a, int64_t b) {
  return b == 1 ? index(0)
                : Value(arith::RemUIOp::create(builder, a, index(b)));
}

Value KernelBuilder::min(Value a, Value b) {
  return arith::MinSIOp::create(builder, a, b);
}

Value KernelBuilder::max(Value a, Value b) {
  return arith::MaxSIOp::create(builder, a, b);
}

Value KernelBuilder::within(Value a, int64_t end) {
  // A negative number is a large one without its sign.
  return arith::CmpIOp::create(builder, arith::CmpIPredicate::ult, a,
                               index(end));
}

Value KernelBuilder::both(Value a, Value b) {
  if (!a || !b)
    return a ? a : b;
  return arith::AndIOp::create(builder, a, b);
}

void KernelBuilder::when(Value condition, llvm::function_ref<void()> body) {
  if (!condition)
    return body();
  scf::IfOp::create(builder, condition, [&](OpBuilder &, Location) {
    body();
    scf::YieldOp::create(builder);
  });
}

void KernelBuilder::forRange(Value begin, Value end, int64_t step,
                             llvm::function_ref<void(Value)> body) {
  scf::ForOp::create(builder, begin, end, index(step), ValueRange{},
                     [&](OpBuilder &, Location, Value i, ValueRange) {
                       body(i);
                       scf::YieldOp::create(builder);
                     });
}

Value KernelBuilder::shuffleXor(Value value, int64_t offset) {
  auto shuffle =
      gpu::ShuffleOp::create(builder, value, static_cast<int32_t>(offset),
                             /*width=*/32, gpu::ShuffleMode::XOR);
  return shuffle.getShuffleResult();
}

Value KernelBuilder::sharedMemory(int64_t elements, Type element) {
  MLIRContext *context = builder.getContext();
  int64_t bytes = elements * bytesOf(element);
  Value whole = memref::GetGlobalOp::create(builder, bytesInShared(context, 0),
                                            sharedSymbol);
  // The symbol has no size of its own; the launch gives it one.
  Value upToHere = memref::ReinterpretCastOp::create(
      builder, bytesInShared(context, sharedBytes + bytes), whole,
      /*offset=*/int64_t{0}, ArrayRef<int64_t>{sharedBytes + bytes},
      ArrayRef<int64_t>{1});
  auto type = MemRefType::get({elements}, element, MemRefLayoutAttrInterface{},
                              sharedSpace(context));
  Value piece = memref::ViewOp::create(builder, type, upToHere,
                                       index(sharedBytes), ValueRange{});
  sharedBytes = llvm::alignTo(sharedBytes + bytes, gpuWideBytes);
  return piece;
}

Value KernelBuilder::load(Value memref, Value at, int64_t lanes) {
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  return vector::LoadOp::create(
      builder, VectorType::get({lanes}, element), memref, at,
      /*nontemporal=*/false, alignmentOf(element, lanes));
}

void KernelBuilder::store(Value vector, Value memref, Value at) {
  auto type = cast<VectorType>(vector.getType());
  vector::StoreOp::create(
      builder, vector, memref, at, /*nontemporal=*/false,
      alignmentOf(type.getElementType(), type.getNumElements()));
}

Value KernelBuilder::loadWhen(Value condition, Value memref, Value at,
                              int64_t lanes) {
  if (!condition)
    return load(memref, at, lanes);
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  auto choice = scf::IfOp::create(
      builder, condition,
      [&](OpBuilder &, Location) {
        scf::YieldOp::create(builder, load(memref, at, lanes));
      },
      [&](OpBuilder &, Location) {
        scf::YieldOp::create(builder, zeros(element, lanes));
      });
  return choice.getResult(0);
}

Value KernelBuilder::splat(TypedAttr value, int64_t lanes) {
  auto type = VectorType::get({lanes}, value.getType());
  return arith::ConstantOp::create(
      builder, DenseElementsAttr::get(type, Attribute(value)));
}

Value KernelBuilder::zeros(Type element, int64_t lanes) {
  return splat(builder.getZeroAttr(element), lanes);
}

Value KernelBuilder::widen(Value vector) {
  auto type = cast<VectorType>(vector.getType());
  if (!type.getElementType().isBF16())
    return vector;
  return arith::ExtFOp::create(builder, type.clone(builder.getF32Type()),
                               vector);
}

Value KernelBuilder::narrow(Value vector, Type element) {
  if (!element.isBF16())
    return vector;
  return arith::TruncFOp::create(
      builder, cast<VectorType>(vector.getType()).clone(element), vector);
}

} // namespace bcssl
