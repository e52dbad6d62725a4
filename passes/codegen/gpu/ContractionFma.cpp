//===- ContractionFma.cpp - contractions in f32 ---------------------------===//
//
// Plain multiply-adds: tensor cores would round f32 operands to ten bits.
//
// Shared memory holds two slices of each operand, term by term: [slice][term]
// [row or column]. A thread loads its pieces of the next slice into registers,
// multiplies the present one, and then stores the pieces: the memory's latency
// is hidden behind the arithmetic. Operands that lie along the sum are
// transposed by the stores; an exclusive or of the position with the term's
// number keeps those of one warp in different banks.
//
// A warp computes 64 x 32 results and a thread 8 x 8 of them, in pieces of 4 x
// 4 that lie 32 rows and 16 columns apart: each term costs it four loads of 16
// bytes for 64 multiply-adds.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/gpu/Contraction.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace bcssl {
namespace {

constexpr int64_t warpRows = 64, warpColumns = 32; // results of a warp
constexpr int64_t piece = 4; // rows, and columns, that lie together
constexpr int64_t pieceRows = 32, pieceColumns = 16; // from piece to piece
constexpr int64_t pieces = 2; // of a thread along rows, and along columns

class FmaGenerator {
public:
  explicit FmaGenerator(GpuKernelContext context)
      : builder(context.builder), kernel(context.builder), context(context),
        shape(gpuContractionOf(context.kernel)) {
    fromAttribute(context.kernel.getTileAttr(), tile);
  }
  void run();

private:
  /// An operand on its way through registers to shared memory.
  struct Operand {
    OperandPieces pieces;
    Value shared;
    SmallVector<Value> to; ///< where the pieces of a slice go

    int64_t sliceElements(int64_t depth) const { return depth * pieces.inTile; }
  };

  Operand makeOperand(Value tensor, bool isLeft, const ContractionBlock &block);
  int64_t swizzleOf(const Operand &operand, int64_t term) const;
  SmallVector<Value> fetch(const Operand &operand, Value begin, Value terms);
  SmallVector<Value> fetchNext(Value slice, const ContractionBlock &block);
  void put(const Operand &operand, ValueRange fetched, Value slice);
  SmallVector<Value> multiply(Value slice, ValueRange sums);
  SmallVector<Value> loadTerm(const Operand &operand, Value slice,
                              Value position, int64_t term, int64_t distance);

  ImplicitLocOpBuilder &builder;
  KernelBuilder kernel;
  GpuKernelContext context;
  GpuContractionShape shape;
  GpuContractionTile tile;
  std::optional<Operand> left, right;
  Value row, column; // of the thread's first result in the tile
};

/// What the position of a term is combined with: a warp stores 32 pieces of
/// four terms at a time, for `32 / (depth / 4)` neighbouring rows.
int64_t FmaGenerator::swizzleOf(const Operand &operand, int64_t term) const {
  return operand.pieces.alongDepth ? term / piece * (32 * piece / tile.depth)
                                   : 0;
}

FmaGenerator::Operand FmaGenerator::makeOperand(Value tensor, bool isLeft,
                                                const ContractionBlock &block) {
  Value memref = context.buffers[cast<BlockArgument>(tensor).getArgNumber()];
  Operand operand{
      OperandPieces(kernel, memref, shape, isLeft, tile, block), Value(), {}};
  operand.shared = kernel.sharedMemory(2 * operand.sliceElements(tile.depth),
                                       builder.getF32Type());
  for (const OperandPieces::Piece &from : operand.pieces.pieces) {
    Value outer = from.outer;
    if (operand.pieces.alongDepth)
      outer =
          arith::XOrIOp::create(builder, outer,
                                kernel.mul(kernel.quotient(from.depth, piece),
                                           swizzleOf(operand, piece)));
    operand.to.push_back(
        kernel.add(kernel.mul(from.depth, operand.pieces.inTile), outer));
  }
  return operand;
}

/// The thread's pieces of the slice that begins with the term `begin` and has
/// `terms` (null: all): zeros behind them.
SmallVector<Value> FmaGenerator::fetch(const Operand &operand, Value begin,
                                       Value terms) {
  SmallVector<Value> fetched;
  Value offset = kernel.mul(begin, operand.pieces.step);
  for (const OperandPieces::Piece &from : operand.pieces.pieces) {
    Value exists = from.exists;
    if (terms)
      exists = kernel.both(
          exists, arith::CmpIOp::create(builder, arith::CmpIPredicate::ult,
                                        from.depth, terms));
    fetched.push_back(kernel.loadWhen(exists, operand.pieces.memref,
                                      kernel.add(from.from, offset),
                                      operand.pieces.lanes));
  }
  return fetched;
}

/// The thread's pieces of both operands' slice, or zeros if there is none.
SmallVector<Value> FmaGenerator::fetchNext(Value slice,
                                           const ContractionBlock &block) {
  Value isThere = arith::CmpIOp::create(builder, arith::CmpIPredicate::ult,
                                        slice, block.slices);
  auto choice = scf::IfOp::create(
      builder, isThere,
      [&](OpBuilder &, Location) {
        Value begin = block.beginOf(kernel, slice);
        SmallVector<Value> fetched = fetch(*left, begin, Value());
        fetched.append(fetch(*right, begin, Value()));
        scf::YieldOp::create(builder, fetched);
      },
      [&](OpBuilder &, Location) {
        SmallVector<Value> none(
            left->to.size(), kernel.zeros(shape.element, left->pieces.lanes));
        none.append(right->to.size(),
                    kernel.zeros(shape.element, right->pieces.lanes));
        scf::YieldOp::create(builder, none);
      });
  return SmallVector<Value>(choice.getResults());
}

void FmaGenerator::put(const Operand &operand, ValueRange fetched,
                       Value slice) {
  Value first = kernel.mul(slice, operand.sliceElements(tile.depth));
  for (auto [vector, to, from] :
       llvm::zip_equal(fetched, operand.to, operand.pieces.pieces))
    kernel.when(from.exists, [&, vector = vector, to = to] {
      Value at = kernel.add(first, to);
      if (!operand.pieces.alongDepth)
        return kernel.store(vector, operand.shared, at);
      for (int64_t lane = 0; lane < operand.pieces.lanes; ++lane)
        memref::StoreOp::create(
            builder, vector::ExtractOp::create(builder, vector, lane),
            operand.shared, kernel.add(at, lane * operand.pieces.inTile));
    });
}

/// The thread's rows or columns of one term, in pieces `distance` apart.
SmallVector<Value> FmaGenerator::loadTerm(const Operand &operand, Value slice,
                                          Value position, int64_t term,
                                          int64_t distance) {
  Value first = kernel.mul(slice, operand.sliceElements(tile.depth));
  SmallVector<Value> vectors;
  for (int64_t number = 0; number < pieces; ++number) {
    // The position is a multiple of 4 with no bit of the distance, so that
    // adding it is an exclusive or too.
    int64_t mask = swizzleOf(operand, term) ^ (number * distance);
    Value at = arith::XOrIOp::create(builder, position, kernel.index(mask));
    vectors.push_back(kernel.load(
        operand.shared,
        kernel.add(kernel.add(first, at), term * operand.pieces.inTile),
        piece));
  }
  return vectors;
}

/// Adds the products of a slice to the sums: [row][piece of columns].
SmallVector<Value> FmaGenerator::multiply(Value slice, ValueRange before) {
  SmallVector<Value> sums(before);
  auto type = VectorType::get({piece}, builder.getF32Type());
  for (int64_t term = 0; term < tile.depth; ++term) {
    SmallVector<Value> rows = loadTerm(*left, slice, row, term, pieceRows),
                       columns =
                           loadTerm(*right, slice, column, term, pieceColumns);
    for (int64_t r = 0; r < pieces * piece; ++r) {
      Value factor =
          vector::ExtractOp::create(builder, rows[r / piece], r % piece);
      Value repeated = vector::BroadcastOp::create(builder, type, factor);
      for (int64_t c = 0; c < pieces; ++c) {
        Value &sum = sums[r * pieces + c];
        sum = vector::FMAOp::create(builder, repeated, columns[c], sum);
      }
    }
  }
  return sums;
}

void FmaGenerator::run() {
  ContractionBlock block(kernel, shape, tile);
  ContractOp anchor = gpuContractionOf(context.kernel);
  left = makeOperand(anchor.getLhs(), /*isLeft=*/true, block);
  right = makeOperand(anchor.getRhs(), /*isLeft=*/false, block);
  Value lane = kernel.remainder(block.thread, 32),
        warp = kernel.quotient(block.thread, 32);
  int64_t across = tile.columns / warpColumns,
          threadsAcross = pieceColumns / piece;
  row = kernel.add(kernel.mul(kernel.quotient(warp, across), warpRows),
                   kernel.mul(kernel.quotient(lane, threadsAcross), piece));
  column = kernel.add(kernel.mul(kernel.remainder(warp, across), warpColumns),
                      kernel.mul(kernel.remainder(lane, threadsAcross), piece));

  Value none = kernel.index(0), one = kernel.index(1);
  put(*left, fetch(*left, block.begin, block.firstTerms), none);
  put(*right, fetch(*right, block.begin, block.firstTerms), none);
  kernel.barrier();
  SmallVector<Value> zeros(pieces * piece * pieces,
                           kernel.zeros(builder.getF32Type(), piece));
  auto loop = scf::ForOp::create(
      builder, none, block.slices, one, zeros,
      [&](OpBuilder &, Location, Value slice, ValueRange sums) {
        Value present = kernel.remainder(slice, 2);
        SmallVector<Value> fetched = fetchNext(kernel.add(slice, 1), block);
        size_t leftPieces = left->pieces.pieces.size();
        SmallVector<Value> after = multiply(present, sums);
        Value other = kernel.sub(one, present);
        put(*left, ValueRange(fetched).take_front(leftPieces), other);
        put(*right, ValueRange(fetched).drop_front(leftPieces), other);
        kernel.barrier();
        scf::YieldOp::create(builder, after);
      });

  // Rows of 16 banks' distance: eight threads store two rows of four pieces.
  ContractionEpilogue epilogue(context, shape, tile, block, /*padding=*/piece);
  for (auto [number, sum] : llvm::enumerate(loop.getResults())) {
    int64_t r = number / pieces, c = number % pieces;
    epilogue.put(sum, kernel.add(row, r / piece * pieceRows + r % piece),
                 kernel.add(column, c * pieceColumns));
  }
  epilogue.run();
}

} // namespace

void emitGpuContractionFma(GpuKernelContext context) {
  FmaGenerator(context).run();
}

} // namespace bcssl
