//===- RowRing.cpp - rows of a feature map in shared memory ---------------===//

#include "passes/codegen/gpu/RowRing.h"

#include "passes/codegen/Tiles.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace bcssl {

int64_t widestPiece(int64_t a, int64_t b, int64_t elementBytes) {
  int64_t lanes = gpuWideBytes / elementBytes;
  while (a % lanes != 0 || b % lanes != 0)
    lanes /= 2;
  return lanes;
}

/// Division by a constant takes a fifth of the instructions in 32 bits, and
/// LLVM cannot prove that the numbers of a loop are small.
template <typename Op>
static Value divideShort(KernelBuilder &kernel, Value a, int64_t b) {
  ImplicitLocOpBuilder &builder = kernel.builder;
  Type word = builder.getI32Type();
  Value divisor = arith::ConstantOp::create(
      builder, builder.getIntegerAttr(word, static_cast<int32_t>(b)));
  Value result = Op::create(
      builder, arith::IndexCastUIOp::create(builder, word, a), divisor);
  return arith::IndexCastUIOp::create(builder, builder.getIndexType(), result);
}

Value shortQuotient(KernelBuilder &kernel, Value a, int64_t b) {
  return b == 1 ? a : divideShort<arith::DivUIOp>(kernel, a, b);
}

Value shortRemainder(KernelBuilder &kernel, Value a, int64_t b) {
  return b == 1 ? kernel.index(0) : divideShort<arith::RemUIOp>(kernel, a, b);
}

Value RowRing::wrap(Value slot) {
  // Below the rows the difference is negative, a large number without its sign.
  return arith::MinUIOp::create(kernel.builder, slot,
                                kernel.add(slot, -ring.rows));
}

Value RowRing::at(Value slot, Value column) {
  Value site = kernel.add(kernel.mul(slot, ring.columns), column);
  return kernel.add(kernel.mul(site, ring.channels), ring.first);
}

RowRing::Piece RowRing::load(Value i, Value exists, Value begin, Value slot,
                             Value firstColumn, Value firstChannel,
                             Value image) {
  auto type = cast<MemRefType>(map.buffer.getType()).getElementType();
  int64_t lanes = widestPiece(map.channels, ring.channels,
                              type.getIntOrFloatBitWidth() / 8);
  int64_t pieces = ring.channels / lanes;
  Value site = shortQuotient(kernel, i, pieces);
  Value row = shortQuotient(kernel, site, ring.columns);
  Value ringColumn = shortRemainder(kernel, site, ring.columns);
  Value ringChannel = kernel.mul(shortRemainder(kernel, i, pieces), lanes);
  Value column = kernel.add(firstColumn, ringColumn);
  Value channel = kernel.add(firstChannel, ringChannel);
  Value inside = exists;
  if (ring.padded)
    inside = kernel.both(inside, kernel.within(column, map.width));
  if (map.channels % ring.channels != 0)
    inside = kernel.both(inside, kernel.within(channel, map.channels));
  Value mapRow =
      kernel.add(kernel.mul(image, map.height), kernel.add(begin, row));
  Value mapSite = kernel.add(kernel.mul(mapRow, map.width), column);
  Value from = kernel.add(kernel.mul(mapSite, map.channels), channel);
  Value value = kernel.loadWhen(inside, map.buffer, from, lanes);
  if (cast<MemRefType>(ring.memory.getType()).getElementType().isF32())
    value = kernel.widen(value);
  return {exists, value,
          kernel.add(at(wrap(kernel.add(slot, row)), ringColumn), ringChannel)};
}

void RowRing::copy(Value image, Value begin, Value end, int64_t most,
                   Value slot, Value firstColumn, Value firstChannel) {
  auto type = cast<MemRefType>(map.buffer.getType()).getElementType();
  int64_t lanes = widestPiece(map.channels, ring.channels,
                              type.getIntOrFloatBitWidth() / 8);
  int64_t piecesOfRow = ring.columns * (ring.channels / lanes);
  Value count = kernel.mul(kernel.sub(end, begin), piecesOfRow);
  // Several loads are under way at once: memory answers late.
  int64_t unroll =
      std::clamp<int64_t>(llvm::divideCeil(most * piecesOfRow, threads), 1, 4);
  ImplicitLocOpBuilder &builder = kernel.builder;
  scf::ForOp::create(
      builder, thread, count, kernel.index(unroll * threads), ValueRange{},
      [&](OpBuilder &, Location, Value first, ValueRange) {
        SmallVector<Piece> pieces;
        for (int64_t u = 0; u < unroll; ++u) {
          Value i = kernel.add(first, u * threads), exists;
          if (u != 0)
            exists = arith::CmpIOp::create(builder, arith::CmpIPredicate::slt,
                                           i, count);
          pieces.push_back(
              load(i, exists, begin, slot, firstColumn, firstChannel, image));
        }
        for (const Piece &piece : pieces)
          kernel.when(piece.exists, [&] {
            kernel.store(piece.value, ring.memory, piece.at);
          });
        scf::YieldOp::create(builder);
      });
}

} // namespace bcssl
