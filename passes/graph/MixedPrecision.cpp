//===- MixedPrecision.cpp - products of bf16, sums in f32 -----------------===//

#include "dialects/bcssl/ExpandBuilder.h"
#include "passes/graph/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;

namespace bcssl {
#define GEN_PASS_DEF_MIXEDPRECISION
#include "passes/graph/Passes.h.inc"

namespace {

constexpr remark::RemarkOpts remarkOptions =
    remark::RemarkOpts::name("MixedPrecision")
        .category("bcssl-mixed-precision");

bool isAnchor(Operation *op) {
  return isa<ContractOp, DepthwiseConv2dOp, DepthwiseConv2dInputGradOp,
             DepthwiseConv2dFilterGradOp>(op);
}

bool isF32(Value value) { return tensorType(value).getElementType().isF32(); }

/// Elements change their places, and nothing else happens.
bool isMove(Operation *op) {
  return isa<ReshapeOp, SliceOp, ConcatOp, PadOp, SpaceToDepthOp,
             DepthToSpaceOp>(op);
}

/// Whether all that becomes of the results are factors of products.
bool isOnlyMultiplied(Operation *op) {
  return llvm::all_of(op->getUsers(), [](Operation *user) {
    return isAnchor(user) || (isMove(user) && isOnlyMultiplied(user));
  });
}

/// Rounds values to bf16, each once.
class Rounder {
public:
  explicit Rounder(Block &entry) : entry(entry) {}

  Value round(Value value) {
    auto [known, isNew] = rounded.try_emplace(value);
    if (!isNew)
      return known->second;
    Value result = roundNew(value);
    return rounded[value] = result;
  }

private:
  Value roundNew(Value value) {
    Operation *op = value.getDefiningOp();
    RankedTensorType type = tensorType(value);
    auto narrow = type.clone(BFloat16Type::get(type.getContext()));
    if (auto widened = dyn_cast_or_null<arith::ExtFOp>(op);
        widened && widened.getIn().getType() == narrow)
      return widened.getIn();
    // What is moved in bf16 is half as much. A reshape moves nothing and may be
    // read in both precisions.
    if (op && (isa<ReshapeOp>(op) || (isMove(op) && isOnlyMultiplied(op)))) {
      SmallVector<Value> operands;
      for (Value operand : op->getOperands())
        operands.push_back(round(operand));
      OpBuilder builder(op);
      Operation *moved = builder.clone(*op);
      moved->setOperands(operands);
      moved->getResult(0).setType(narrow);
      return moved->getResult(0);
    }
    OpBuilder builder(value.getContext());
    if (op)
      builder.setInsertionPointAfter(op);
    else
      builder.setInsertionPointToStart(&entry);
    return builder.createOrFold<arith::TruncFOp>(value.getLoc(), narrow, value);
  }

  Block &entry;
  DenseMap<Value, Value> rounded;
};

struct MixedPrecision : impl::MixedPrecisionBase<MixedPrecision> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isDeclaration())
      return;
    SmallVector<Operation *> anchors;
    for (Operation &op : function.getBody().front()) {
      if (isa<ExpandableInterface, GradientOp>(op)) {
        op.emitOpError("expects an expanded program: run bcssl-differentiate "
                       "and bcssl-expand first");
        return signalPassFailure();
      }
      if (!isAnchor(&op))
        continue;
      if (llvm::all_of(op.getOperands(), isF32))
        anchors.push_back(&op);
      else
        remark::missed(op.getLoc(), remarkOptions) << "not in f32";
    }
    Rounder rounder(function.getBody().front());
    for (Operation *anchor : anchors)
      for (OpOperand &operand : anchor->getOpOperands())
        operand.set(rounder.round(operand.get()));
  }
};

} // namespace
} // namespace bcssl
