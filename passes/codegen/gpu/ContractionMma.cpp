//===- ContractionMma.cpp - contractions of bf16 by tensor cores ----------===//
//
// mma.sync m16n8k16 with sums in f32, for chips from sm_80 on. A ring of three
// slices of both operands is filled by asynchronous copies, two slices ahead of
// the one that is multiplied. Operands keep their order in memory: `ldmatrix`
// brings 8 x 8 blocks into registers as they lie, or transposed where
// neighbours in memory are not neighbours in the sum.
//
// A run of memory (a row of the operand, cut to the slice) lies in chunks of 16
// bytes. Eight runs are read at the same chunk at a time; an exclusive or of
// the chunk with the run's number puts them into different banks.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/gpu/Contraction.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <optional>

using namespace mlir;

namespace bcssl {
namespace {

constexpr int64_t stages = 3;    // of the ring
constexpr int64_t warpRows = 64; // results of a warp
constexpr int64_t chunk = 8;     // elements that lie together
constexpr int64_t fragment =
    16; // rows, pairs of 8 columns, and terms of a step
constexpr unsigned globalSpace = 1, sharedSpace = 3;

class MmaGenerator {
public:
  explicit MmaGenerator(GpuKernelContext context)
      : builder(context.builder), kernel(context.builder), context(context),
        shape(gpuContractionOf(context.kernel)) {
    fromAttribute(context.kernel.getTileAttr(), tile);
  }
  void run();

private:
  struct Operand {
    OperandPieces pieces;
    int64_t runs, length;  ///< of a slice in shared memory
    Value memref;          ///< all slices
    Value global, shared;  ///< pointers to both memories
    SmallVector<Value> to; ///< where the pieces of a slice go
    Value base;            ///< the thread's share of the first block it loads
    SmallVector<Value> offsets; ///< added to it, by term or by block

    int64_t sliceElements() const { return runs * length; }
  };

  Operand makeOperand(Value tensor, bool isLeft, const ContractionBlock &block);
  void locateFragments(Operand &operand, bool isLeft, Value firstOuter,
                       int64_t blocks);
  Value swizzled(const Operand &operand, Value run, Value chunkIndex);
  Value pointer(Value memref, unsigned space);
  Value element(Value base, Value at, unsigned space);

  void copy(const Operand &operand, Value begin, Value terms, Value stage);
  void copySlice(Value begin, Value terms, Value stage);
  SmallVector<Value> load(const Operand &operand, Value first, int64_t block,
                          int64_t step);
  SmallVector<Value> multiply(Value stage, ValueRange sums);
  void multiplyFragment(ArrayRef<Value> left, ArrayRef<Value> right,
                        MutableArrayRef<Value> sums);

  ImplicitLocOpBuilder &builder;
  KernelBuilder kernel;
  GpuKernelContext context;
  GpuContractionShape shape;
  GpuContractionTile tile;
  std::optional<Operand> left, right;
  Value lane;
  int64_t rowBlocks = 0, columnBlocks = 0; ///< of 16 and of 8, of a warp
};

/// A pointer to the first element of a buffer.
Value MmaGenerator::pointer(Value memref, unsigned space) {
  Value address = arith::IndexCastOp::create(
      builder, builder.getI64Type(),
      memref::ExtractAlignedPointerAsIndexOp::create(builder, memref));
  MLIRContext *context = builder.getContext();
  if (space == sharedSpace)
    return LLVM::IntToPtrOp::create(
        builder, LLVM::LLVMPointerType::get(context, space), address);
  Value generic = LLVM::IntToPtrOp::create(
      builder, LLVM::LLVMPointerType::get(context), address);
  return LLVM::AddrSpaceCastOp::create(
      builder, LLVM::LLVMPointerType::get(context, space), generic);
}

/// A pointer to element `at`.
Value MmaGenerator::element(Value base, Value at, unsigned space) {
  Value offset = arith::IndexCastOp::create(builder, builder.getI64Type(), at);
  return LLVM::GEPOp::create(
      builder, LLVM::LLVMPointerType::get(builder.getContext(), space),
      builder.getBF16Type(), base, ValueRange{offset});
}

/// The chunk's place in its run. Four chunks are 64 bytes, so that two runs
/// share the banks' 128.
Value MmaGenerator::swizzled(const Operand &operand, Value run,
                             Value chunkIndex) {
  int64_t chunks = operand.length / chunk;
  Value mask = chunks == 4 ? kernel.remainder(kernel.quotient(run, 2), 4)
                           : kernel.remainder(run, 8);
  return arith::XOrIOp::create(builder, chunkIndex, mask);
}

MmaGenerator::Operand MmaGenerator::makeOperand(Value tensor, bool isLeft,
                                                const ContractionBlock &block) {
  Value memref = context.buffers[cast<BlockArgument>(tensor).getArgNumber()];
  OperandPieces pieces(kernel, memref, shape, isLeft, tile, block);
  bool alongDepth = pieces.alongDepth;
  auto across = static_cast<int64_t>(llvm::PowerOf2Ceil(pieces.inTile));
  Operand operand{std::move(pieces),
                  alongDepth ? across : tile.depth,
                  alongDepth ? tile.depth : across,
                  Value(),
                  pointer(memref, globalSpace),
                  Value(),
                  {},
                  Value(),
                  {}};
  operand.memref = kernel.sharedMemory(stages * operand.sliceElements(),
                                       builder.getBF16Type());
  operand.shared = pointer(operand.memref, sharedSpace);
  for (const OperandPieces::Piece &piece : operand.pieces.pieces) {
    Value run = alongDepth ? piece.outer : piece.depth,
          inRun = alongDepth ? piece.depth : piece.outer;
    Value place = swizzled(operand, run, kernel.quotient(inRun, chunk));
    Value to =
        kernel.add(kernel.mul(run, operand.length), kernel.mul(place, chunk));
    if (operand.pieces.lanes != chunk)
      to = kernel.add(to, kernel.remainder(inRun, chunk));
    operand.to.push_back(to);
  }
  return operand;
}

/// Where the thread reads the `blocks` blocks of 16 rows or columns of its warp
/// from `firstOuter` on. `ldmatrix` takes the addresses of eight runs of each
/// of four 8 x 8 blocks from eight threads each.
void MmaGenerator::locateFragments(Operand &operand, bool isLeft,
                                   Value firstOuter, int64_t blocks) {
  Value inBlock = kernel.remainder(lane, 8), number = kernel.quotient(lane, 8);
  // The order of the four is that of the registers of an mma's operand.
  Value low = kernel.remainder(number, 2), high = kernel.quotient(number, 2);
  Value outerHalf = isLeft ? low : high, depthHalf = isLeft ? high : low;
  if (operand.pieces.alongDepth) {
    Value run =
        kernel.add(kernel.add(firstOuter, kernel.mul(outerHalf, 8)), inBlock);
    operand.base = kernel.mul(run, operand.length);
    for (int64_t step = 0; step < tile.depth / fragment; ++step)
      operand.offsets.push_back(kernel.mul(
          swizzled(operand, inBlock, kernel.add(depthHalf, 2 * step)), chunk));
    return;
  }
  Value run = kernel.add(kernel.mul(depthHalf, 8), inBlock);
  operand.base = kernel.mul(run, operand.length);
  Value first = kernel.add(kernel.quotient(firstOuter, chunk), outerHalf);
  for (int64_t block = 0; block < blocks; ++block)
    operand.offsets.push_back(kernel.mul(
        swizzled(operand, inBlock, kernel.add(first, 2 * block)), chunk));
}

/// Copies the thread's pieces of the slice that begins with the term `begin`
/// and has `terms` (null: all): zeros behind them.
void MmaGenerator::copy(const Operand &operand, Value begin, Value terms,
                        Value stage) {
  Value offset = kernel.mul(begin, operand.pieces.step);
  Value first = kernel.mul(stage, operand.sliceElements());
  int64_t lanes = operand.pieces.lanes;
  auto bytes = static_cast<uint32_t>(lanes * 2);
  for (auto [piece, place] :
       llvm::zip_equal(operand.pieces.pieces, operand.to)) {
    Value from = kernel.add(piece.from, offset), to = kernel.add(first, place);
    Value inside;
    if (terms)
      inside = arith::CmpIOp::create(builder, arith::CmpIPredicate::ult,
                                     piece.depth, terms);
    kernel.when(piece.exists, [&] {
      if (lanes == 1) {
        // Too small for an asynchronous copy.
        kernel.store(
            kernel.loadWhen(inside, operand.pieces.memref, from, lanes),
            operand.memref, to);
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
      NVVM::CpAsyncOp::create(builder, element(operand.shared, to, sharedSpace),
                              element(operand.global, from, globalSpace), bytes,
                              bytes == gpuWideBytes
                                  ? NVVM::LoadCacheModifierKind::CG
                                  : NVVM::LoadCacheModifierKind::CA,
                              size);
    });
  }
}

void MmaGenerator::copySlice(Value begin, Value terms, Value stage) {
  copy(*left, begin, terms, stage);
  copy(*right, begin, terms, stage);
}

/// The four registers of 16 rows or columns and 16 terms.
SmallVector<Value> MmaGenerator::load(const Operand &operand, Value first,
                                      int64_t block, int64_t step) {
  bool alongDepth = operand.pieces.alongDepth;
  Value at = kernel.add(kernel.add(first, operand.base),
                        operand.offsets[alongDepth ? step : block]);
  at = kernel.add(at, (alongDepth ? block : step) * fragment * operand.length);
  Type i32 = builder.getI32Type();
  auto type = LLVM::LLVMStructType::getLiteral(builder.getContext(),
                                               SmallVector<Type>(4, i32));
  Value loaded = NVVM::LdMatrixOp::create(
      builder, type, element(operand.shared, at, sharedSpace), 4,
      alongDepth ? NVVM::MMALayout::row : NVVM::MMALayout::col,
      NVVM::LdStMatrixShapeAttr::get(builder.getContext(), 8, 8),
      NVVM::LdStMatrixEltType::B16);
  SmallVector<Value> registers;
  for (int64_t i = 0; i < 4; ++i)
    registers.push_back(LLVM::ExtractValueOp::create(builder, loaded, i));
  return registers;
}

void MmaGenerator::multiplyFragment(ArrayRef<Value> left, ArrayRef<Value> right,
                                    MutableArrayRef<Value> sums) {
  auto type = LLVM::LLVMStructType::getLiteral(
      builder.getContext(), SmallVector<Type>(4, builder.getF32Type()));
  auto product = NVVM::MmaOp::create(
      builder, type, left, right, ArrayRef<Value>(sums),
      ArrayRef<int64_t>{16, 8, 16}, std::nullopt, std::nullopt,
      std::array{NVVM::MMATypes::bf16, NVVM::MMATypes::bf16},
      std::array{NVVM::MMALayout::row, NVVM::MMALayout::col});
  for (int64_t i = 0; i < 4; ++i)
    sums[i] = LLVM::ExtractValueOp::create(builder, product.getRes(), i);
}

/// Adds the products of a slice to the sums: [16 rows][8 columns][register].
SmallVector<Value> MmaGenerator::multiply(Value stage, ValueRange before) {
  SmallVector<Value> sums(before);
  Value leftFirst = kernel.mul(stage, left->sliceElements()),
        rightFirst = kernel.mul(stage, right->sliceElements());
  for (int64_t step = 0; step < tile.depth / fragment; ++step) {
    SmallVector<SmallVector<Value>> rows, columns;
    for (int64_t r = 0; r < rowBlocks; ++r)
      rows.push_back(load(*left, leftFirst, r, step));
    for (int64_t c = 0; c < columnBlocks / 2; ++c)
      columns.push_back(load(*right, rightFirst, c, step));
    for (int64_t r = 0; r < rowBlocks; ++r)
      for (int64_t c = 0; c < columnBlocks; ++c)
        multiplyFragment(
            rows[r], ArrayRef<Value>(columns[c / 2]).slice(c % 2 * 2, 2),
            MutableArrayRef<Value>(sums).slice((r * columnBlocks + c) * 4, 4));
  }
  return sums;
}

void MmaGenerator::run() {
  ContractionBlock block(kernel, shape, tile);
  ContractOp anchor = gpuContractionOf(context.kernel);
  left = makeOperand(anchor.getLhs(), /*isLeft=*/true, block);
  right = makeOperand(anchor.getRhs(), /*isLeft=*/false, block);
  int64_t warpColumns = tile.warpColumns(shape.elementBytes());
  rowBlocks = warpRows / fragment;
  columnBlocks = warpColumns / 8;
  lane = kernel.remainder(block.thread, 32);
  Value warp = kernel.quotient(block.thread, 32);
  int64_t across = tile.columns / warpColumns;
  Value row = kernel.mul(kernel.quotient(warp, across), warpRows),
        column = kernel.mul(kernel.remainder(warp, across), warpColumns);
  locateFragments(*left, /*isLeft=*/true, row, rowBlocks);
  locateFragments(*right, /*isLeft=*/false, column, columnBlocks / 2);

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
  Value zero = arith::ConstantOp::create(builder, builder.getF32FloatAttr(0));
  SmallVector<Value> zeros(rowBlocks * columnBlocks * 4, zero);
  auto loop = scf::ForOp::create(
      builder, kernel.index(0), block.slices, kernel.index(1), zeros,
      [&](OpBuilder &, Location, Value slice, ValueRange sums) {
        // This slice has come for all threads, and all have multiplied the one
        // whose place the next copy takes. Empty groups keep the count.
        NVVM::CpAsyncWaitGroupOp::create(builder, stages - 2);
        kernel.barrier();
        Value next = kernel.add(slice, stages - 1);
        kernel.when(isThere(next), [&] {
          copySlice(block.beginOf(kernel, next), Value(),
                    kernel.remainder(next, stages));
        });
        NVVM::CpAsyncCommitGroupOp::create(builder);
        scf::YieldOp::create(builder,
                             multiply(kernel.remainder(slice, stages), sums));
      });

  kernel.barrier();
  // Four rows of 8 banks each side by side: half a warp stores them at once.
  ContractionEpilogue epilogue(context, shape, tile, block, /*padding=*/8);
  auto pair = VectorType::get({2}, builder.getF32Type());
  Value firstRow = kernel.add(row, kernel.quotient(lane, 4)),
        firstColumn =
            kernel.add(column, kernel.mul(kernel.remainder(lane, 4), 2));
  for (int64_t r = 0; r < rowBlocks; ++r)
    for (int64_t c = 0; c < columnBlocks; ++c)
      for (int64_t half = 0; half < 2; ++half) {
        int64_t number = (r * columnBlocks + c) * 4 + half * 2;
        Value sums = vector::FromElementsOp::create(
            builder, pair,
            ValueRange{loop.getResult(number), loop.getResult(number + 1)});
        epilogue.put(sums, kernel.add(firstRow, r * fragment + half * 8),
                     kernel.add(firstColumn, c * 8));
      }
  epilogue.run();
}

} // namespace

void emitGpuContractionMma(GpuKernelContext context) {
  MmaGenerator(context).run();
}

} // namespace bcssl
