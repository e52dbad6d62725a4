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

#include "passes/codegen/gpu/ContractionRing.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace bcssl {
namespace {

constexpr int64_t warpRows = 64; // results of a warp
constexpr int64_t fragment =
    16; // rows, pairs of 8 columns, and terms of a step

class MmaGenerator {
public:
  explicit MmaGenerator(GpuKernelContext context)
      : builder(context.builder), kernel(context.builder), context(context),
        shape(gpuContractionOf(context.kernel)) {
    fromAttribute(context.kernel.getTileAttr(), tile);
  }
  void run();

private:
  /// How an operand's slices lie, and what of them the thread's warp reads.
  struct Operand {
    bool alongDepth = false;
    int64_t runs = 0, length = 0; ///< of a slice in shared memory
    Value shared;                 ///< pointer to all slices
    Value base; ///< the thread's share of the first block it loads
    SmallVector<Value> offsets; ///< added to it, by term or by block

    int64_t sliceElements() const { return runs * length; }
  };

  OperandRing makeRing(Operand &operand, Value tensor, bool isLeft,
                       const ContractionBlock &block);
  void locateFragments(Operand &operand, bool isLeft, Value firstOuter,
                       int64_t blocks);
  Value swizzled(const Operand &operand, Value run, Value chunk);

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
  Operand left, right;
  Value lane;
  int64_t rowBlocks = 0, columnBlocks = 0; ///< of 16 and of 8, of a warp
};

/// The chunk's place in its run. Four chunks are 64 bytes, so that two runs
/// share the banks' 128.
Value MmaGenerator::swizzled(const Operand &operand, Value run, Value chunk) {
  int64_t chunks = operand.length / contractionChunk;
  Value mask = chunks == 4 ? kernel.remainder(kernel.quotient(run, 2), 4)
                           : kernel.remainder(run, 8);
  return arith::XOrIOp::create(builder, chunk, mask);
}

OperandRing MmaGenerator::makeRing(Operand &operand, Value tensor, bool isLeft,
                                   const ContractionBlock &block) {
  Value memref = context.buffers[cast<BlockArgument>(tensor).getArgNumber()];
  OperandPieces pieces(kernel, memref, shape, isLeft, tile, block);
  auto across = static_cast<int64_t>(llvm::PowerOf2Ceil(pieces.inTile));
  operand.alongDepth = pieces.alongDepth;
  operand.runs = pieces.alongDepth ? across : tile.depth;
  operand.length = pieces.alongDepth ? tile.depth : across;
  OperandRing ring(kernel, std::move(pieces), operand.sliceElements(),
                   tile.stages(), [&](Value run, Value chunk) {
                     return kernel.add(kernel.mul(run, operand.length),
                                       kernel.mul(swizzled(operand, run, chunk),
                                                  contractionChunk));
                   });
  operand.shared = ring.shared;
  return ring;
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
  if (operand.alongDepth) {
    Value run =
        kernel.add(kernel.add(firstOuter, kernel.mul(outerHalf, 8)), inBlock);
    operand.base = kernel.mul(run, operand.length);
    for (int64_t step = 0; step < tile.depth / fragment; ++step)
      operand.offsets.push_back(kernel.mul(
          swizzled(operand, inBlock, kernel.add(depthHalf, 2 * step)),
          contractionChunk));
    return;
  }
  Value run = kernel.add(kernel.mul(depthHalf, 8), inBlock);
  operand.base = kernel.mul(run, operand.length);
  Value first =
      kernel.add(kernel.quotient(firstOuter, contractionChunk), outerHalf);
  for (int64_t block = 0; block < blocks; ++block)
    operand.offsets.push_back(
        kernel.mul(swizzled(operand, inBlock, kernel.add(first, 2 * block)),
                   contractionChunk));
}

/// The four registers of 16 rows or columns and 16 terms.
SmallVector<Value> MmaGenerator::load(const Operand &operand, Value first,
                                      int64_t block, int64_t step) {
  bool alongDepth = operand.alongDepth;
  Value at = kernel.add(kernel.add(first, operand.base),
                        operand.offsets[alongDepth ? step : block]);
  at = kernel.add(at, (alongDepth ? block : step) * fragment * operand.length);
  Type i32 = builder.getI32Type();
  auto type = LLVM::LLVMStructType::getLiteral(builder.getContext(),
                                               SmallVector<Type>(4, i32));
  Value loaded = NVVM::LdMatrixOp::create(
      builder, type, elementAt(kernel, operand.shared, at), 4,
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
  Value leftFirst = kernel.mul(stage, left.sliceElements()),
        rightFirst = kernel.mul(stage, right.sliceElements());
  for (int64_t step = 0; step < tile.depth / fragment; ++step) {
    SmallVector<SmallVector<Value>> rows, columns;
    for (int64_t r = 0; r < rowBlocks; ++r)
      rows.push_back(load(left, leftFirst, r, step));
    for (int64_t c = 0; c < columnBlocks / 2; ++c)
      columns.push_back(load(right, rightFirst, c, step));
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
  OperandRing leftRing =
      makeRing(left, anchor.getLhs(), /*isLeft=*/true, block);
  OperandRing rightRing =
      makeRing(right, anchor.getRhs(), /*isLeft=*/false, block);
  ContractionRing ring(kernel, block, std::move(leftRing), std::move(rightRing),
                       tile.stages());
  int64_t warpColumns = tile.warpColumns(shape.elementBytes());
  rowBlocks = warpRows / fragment;
  columnBlocks = warpColumns / 8;
  lane = kernel.remainder(block.thread, 32);
  Value warp = kernel.quotient(block.thread, 32);
  int64_t across = tile.columns / warpColumns;
  Value row = kernel.mul(kernel.quotient(warp, across), warpRows),
        column = kernel.mul(kernel.remainder(warp, across), warpColumns);
  locateFragments(left, /*isLeft=*/true, row, rowBlocks);
  locateFragments(right, /*isLeft=*/false, column, columnBlocks / 2);

  Value zero = arith::ConstantOp::create(builder, builder.getF32FloatAttr(0));
  SmallVector<Value> zeros(rowBlocks * columnBlocks * 4, zero);
  ValueRange sums = ring.run(zeros, [&](Value stage, ValueRange sums,
                                        llvm::function_ref<void()> copyAhead) {
    copyAhead();
    return multiply(stage, sums);
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
        Value neighbours = vector::FromElementsOp::create(
            builder, pair, ValueRange{sums[number], sums[number + 1]});
        epilogue.put(neighbours, kernel.add(firstRow, r * fragment + half * 8),
                     kernel.add(firstColumn, c * 8));
      }
  epilogue.run();
}

} // namespace

void emitGpuContractionMma(GpuKernelContext context) {
  MmaGenerator(context).run();
}

} // namespace bcssl
