//===- PackContractions.cpp - right operands in panels --------------------===//

#include "passes/codegen/Tiles.h"
#include "passes/schedule/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace bcssl {
#define GEN_PASS_DEF_PACKCONTRACTIONS
#include "passes/schedule/Passes.h.inc"

namespace {

struct PackRightOperand : OpRewritePattern<ContractOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ContractOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getForm() == ContractForm::TN)
      return rewriter.notifyMatchFailure(op,
                                         "both operands are read along rows");
    if (op.getParts() != 1)
      return rewriter.notifyMatchFailure(op, "in parts");
    auto right = cast<RankedTensorType>(op.getRhs().getType());
    bool transposed = op.getForm() == ContractForm::NT;
    int64_t columns = right.getDimSize(transposed ? 0 : 1);
    int64_t depth = right.getDimSize(transposed ? 1 : 0);
    auto packed = RankedTensorType::get(
        {static_cast<int64_t>(llvm::divideCeil(columns, panelWidth)), depth,
         panelWidth},
        right.getElementType());
    Value pack = PackOp::create(rewriter, op.getLoc(), packed, op.getRhs(),
                                op.getForm());
    rewriter.replaceOpWithNewOp<PackedContractOp>(op, op.getType(), op.getLhs(),
                                                  pack);
    return success();
  }
};

struct PackContractions : impl::PackContractionsBase<PackContractions> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<PackRightOperand>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace bcssl
