//===- SplitReductions.cpp - long sums of few results in parts ------------===//

#include "passes/schedule/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace bcssl {
#define GEN_PASS_DEF_SPLITREDUCTIONS
#include "passes/schedule/Passes.h.inc"

namespace {

ArrayRef<int64_t> shapeOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getShape();
}

/// How many parts make `tiles` results of `length` terms about `blocks`
/// blocks, with no part empty and at least `least` terms in each.
int64_t partsFor(int64_t blocks, int64_t tiles, int64_t length, int64_t least) {
  int64_t parts =
      std::max<int64_t>(std::min(blocks / tiles, length / least), 1);
  return llvm::divideCeil(length, llvm::divideCeil(length, parts));
}

/// Replaces `op` by `parts` sums in f32 and their sum, rounded as before.
void split(Operation *op, int64_t parts, PatternRewriter &rewriter) {
  Location loc = op->getLoc();
  auto result = cast<RankedTensorType>(op->getResult(0).getType());
  Type f32 = rewriter.getF32Type();
  SmallVector<int64_t> shape{parts};
  shape.append(result.getShape().begin(), result.getShape().end());
  Operation *sums = rewriter.clone(*op);
  sums->setAttr("parts", rewriter.getI64IntegerAttr(parts));
  sums->getResult(0).setType(RankedTensorType::get(shape, f32));
  // As rows of one length, which a columnwise kernel adds up.
  int64_t size = result.getNumElements();
  Value rows = ReshapeOp::create(rewriter, loc,
                                 RankedTensorType::get({parts, size}, f32),
                                 sums->getResult(0));
  Value sum =
      ReduceOp::create(rewriter, loc, RankedTensorType::get({size}, f32), rows,
                       ReduceKind::Sum, ArrayRef<int64_t>{0});
  Value total = ReshapeOp::create(
      rewriter, loc, RankedTensorType::get(result.getShape(), f32), sum);
  if (total.getType() != result)
    total = arith::TruncFOp::create(rewriter, loc, result, total);
  rewriter.replaceOp(op, total);
}

struct SplitContraction : OpRewritePattern<ContractOp> {
  SplitContraction(MLIRContext *context, int64_t blocks)
      : OpRewritePattern(context), blocks(blocks) {}

  LogicalResult matchAndRewrite(ContractOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getParts() != 1)
      return rewriter.notifyMatchFailure(op, "in parts already");
    // The largest tile of a block; shorter sums cost more than they bring.
    constexpr int64_t tile = 128;
    auto left = cast<RankedTensorType>(op.getLhs().getType());
    ArrayRef<int64_t> result = shapeOf(op.getOutput());
    int64_t tiles =
        llvm::divideCeil(llvm::product_of(result.drop_back()), tile) *
        llvm::divideCeil(result.back(), tile);
    int64_t columns = left.getShape().back(), parts;
    if (op.getForm() == ContractForm::TN) {
      constexpr int64_t leastRows = 256;
      parts =
          partsFor(blocks, tiles, left.getNumElements() / columns, leastRows);
    } else {
      // What would join the product is a kernel of its own behind parts. The
      // sum is along rows in memory, of which parts are whole wide pieces.
      constexpr int64_t leastTerms = 2048, piece = 64;
      parts = partsFor(blocks, tiles, columns, leastTerms);
      while (llvm::divideCeil(columns, parts) % piece != 0 && parts > 1)
        --parts;
    }
    if (parts == 1)
      return rewriter.notifyMatchFailure(op, "enough results, or few terms");
    split(op, parts, rewriter);
    return success();
  }

  int64_t blocks;
};

struct SplitFilterGrad : OpRewritePattern<DepthwiseConv2dFilterGradOp> {
  SplitFilterGrad(MLIRContext *context, int64_t blocks)
      : OpRewritePattern(context), blocks(blocks) {}

  LogicalResult matchAndRewrite(DepthwiseConv2dFilterGradOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getParts() != 1)
      return rewriter.notifyMatchFailure(op, "in parts already");
    // About what one block sums of a filter.
    constexpr int64_t channels = 32, filterRows = 8;
    ArrayRef<int64_t> filter = shapeOf(op.getFilterGrad());
    int64_t tiles = llvm::divideCeil(filter[0], filterRows) *
                    llvm::divideCeil(filter[2], channels);
    int64_t parts = partsFor(blocks, tiles, shapeOf(op.getInput())[0], 1);
    if (parts == 1)
      return rewriter.notifyMatchFailure(op, "enough results, or one image");
    split(op, parts, rewriter);
    return success();
  }

  int64_t blocks;
};

struct SplitReductions : impl::SplitReductionsBase<SplitReductions> {
  using SplitReductionsBase::SplitReductionsBase;

  void runOnOperation() override {
    if (int64_t given = blocks; given < 1) {
      getOperation().emitError()
          << "expects a positive number of blocks, got " << given;
      return signalPassFailure();
    }
    RewritePatternSet patterns(&getContext());
    patterns.add<SplitContraction>(&getContext(), blocks);
    // Blocks of filter gradients have few threads: four for one of the others.
    patterns.add<SplitFilterGrad>(&getContext(), 4 * blocks);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace bcssl
