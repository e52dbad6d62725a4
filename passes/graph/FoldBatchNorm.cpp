//===- FoldBatchNorm.cpp - BatchNorm into the convolution before it -------===//

#include "dialects/bcssl/SharedForms.h"
#include "passes/graph/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;

namespace bcssl {
#define GEN_PASS_DEF_FOLDBATCHNORM
#include "passes/graph/Passes.h.inc"

namespace {

constexpr remark::RemarkOpts remarkOptions =
    remark::RemarkOpts::name("BatchNorm").category("bcssl-fold-batch-norm");

/// Why `op` stays, or nothing if it can be folded.
StringRef reasonToStay(BatchNormOp op) {
  auto conv = op.getInput().getDefiningOp<DepthwiseConv2dOp>();
  if (!conv)
    return "no depthwise convolution in front";
  if (!conv->hasOneUse())
    return "the convolution has another reader";
  if (!isa<BlockArgument>(op.getMean()) ||
      !isa<BlockArgument>(op.getVariance()))
    return "the statistics are computed, not variables";
  return "";
}

/// y = conv(x, filter * gain) + (offset - mean * gain) with
/// gain = scale / sqrt(variance + epsilon).
void fold(BatchNormOp op) {
  auto conv = op.getInput().getDefiningOp<DepthwiseConv2dOp>();
  OpBuilder builder(op);
  ExpandBuilder build(builder, op);
  Value gain = buildChannelGain(build, op).factor;
  Value filter =
      build.mul(conv.getFilter(), build.alongColumns(gain, conv.getFilter()));
  Value offset = build.sub(op.getOffset(), build.mul(op.getMean(), gain));
  Value folded =
      DepthwiseConv2dOp::create(build, conv.getType(), conv.getInput(), filter);
  Value shifted = build.add(folded, build.alongColumns(offset, folded));
  op.getOutput().replaceAllUsesWith(shifted);
  op.erase();
  conv.erase();
}

struct FoldBatchNorm : impl::FoldBatchNormBase<FoldBatchNorm> {
  void runOnOperation() override {
    SmallVector<BatchNormOp> norms;
    getOperation().walk([&](BatchNormOp op) { norms.push_back(op); });
    for (BatchNormOp op : norms) {
      if (StringRef reason = reasonToStay(op); !reason.empty()) {
        remark::missed(op.getLoc(), remarkOptions) << reason;
        continue;
      }
      remark::passed(op.getLoc(), remarkOptions)
          << "folded into the convolution";
      fold(op);
    }
  }
};

} // namespace
} // namespace bcssl
