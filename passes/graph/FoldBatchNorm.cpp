//===- FoldBatchNorm.cpp - BatchNorm into the convolution before it -------===//

#include "dialects/bcssl/ExpandBuilder.h"
#include "passes/graph/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace bcssl {
#define GEN_PASS_DEF_FOLDBATCHNORM
#include "passes/graph/Passes.h.inc"

namespace {

/// y = conv(x, w * g) + (offset - mean * g), g = scale / sqrt(variance +
/// epsilon).
struct FoldIntoDepthwise : OpRewritePattern<BatchNormOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BatchNormOp op,
                                PatternRewriter &rewriter) const override {
    auto conv = op.getInput().getDefiningOp<DepthwiseConv2dOp>();
    if (!conv || !conv->hasOneUse())
      return rewriter.notifyMatchFailure(
          op, "not the only reader of a depthwise convolution");
    if (!isa<BlockArgument>(op.getMean()) ||
        !isa<BlockArgument>(op.getVariance()))
      return rewriter.notifyMatchFailure(op, "statistics of the batch");
    ExpandBuilder build(rewriter, op);
    Value inverse = build.rsqrt(
        build.add(op.getVariance(), op.getEpsilon().convertToDouble()));
    Value gain = build.mul(op.getScale(), inverse);
    Value filter =
        build.mul(conv.getFilter(), build.alongColumns(gain, conv.getFilter()));
    Value offset = build.sub(op.getOffset(), build.mul(op.getMean(), gain));
    Value folded = DepthwiseConv2dOp::create(build, conv.getType(),
                                             conv.getInput(), filter);
    rewriter.replaceOp(op,
                       build.add(folded, build.alongColumns(offset, folded)));
    return success();
  }
};

struct FoldBatchNorm : impl::FoldBatchNormBase<FoldBatchNorm> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FoldIntoDepthwise>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace bcssl
