//===- ActivationValues.cpp - what a value has to do with images ----------===//

#include "passes/fusion/ActivationValues.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace bcssl {

ActivationValues::ActivationValues(Block &program) {
  auto function = cast<func::FuncOp>(program.getParentOp());
  for (BlockArgument argument : program.getArguments())
    extents[argument] =
        function.getArgAttr(argument.getArgNumber(), "bcssl.input") &&
                shapeOf(argument).size() > 1
            ? Extent::Full
            : Extent::None;
  for (Operation &op : program.without_terminator())
    visit(&op);
}

bool ActivationValues::isActivation(Value value) const {
  auto found = extents.find(value);
  return found != extents.end() && found->second == Extent::Full &&
         llvm::none_of(logits, [&](Value member) {
           return joined.isEquivalent(member.getAsOpaquePointer(),
                                      value.getAsOpaquePointer());
         });
}

/// `value` is `from` under another name.
void ActivationValues::assign(Value value, Value from) {
  extents[value] = extents.lookup(from);
  joined.unionSets(value.getAsOpaquePointer(), from.getAsOpaquePointer());
}

void ActivationValues::visit(Operation *op) {
  if (auto kernel = dyn_cast<KernelOp>(op)) {
    Block &body = kernel.getBody().front();
    for (auto [argument, input] :
         llvm::zip_equal(body.getArguments(), kernel.getInputs()))
      assign(argument, input);
    for (Operation &inner : body.without_terminator())
      visit(&inner);
    for (auto [result, yielded] : llvm::zip_equal(
             kernel.getResults(), body.getTerminator()->getOperands()))
      assign(result, yielded);
    return;
  }
  Value result = op->getResult(0);
  extents[result] = extentOf(op);
  OpKind kind = kindOf(op);
  if (kind == OpKind::Pointwise || kind == OpKind::Alias ||
      kind == OpKind::Movement)
    for (Value operand : op->getOperands()) {
      Operation *def = operand.getDefiningOp();
      if (!def ||
          (kindOf(def) != OpKind::Broadcast && kindOf(def) != OpKind::Constant))
        joined.unionSets(result.getAsOpaquePointer(),
                         operand.getAsOpaquePointer());
    }
  if (auto reduce = dyn_cast<ReduceOp>(op);
      reduce && reduce.getKind() == ReduceKind::Max)
    logits.push_back(reduce.getInput());
}

ActivationValues::Extent ActivationValues::extentOf(Operation *op) const {
  Extent extent = Extent::None;
  for (Value operand : op->getOperands())
    extent = std::max(extent, extents.lookup(operand));
  switch (kindOf(op)) {
  case OpKind::Partial:
    return Extent::None;
  case OpKind::Anchor: {
    auto contract = dyn_cast<ContractOp>(op);
    bool sumsImages = isa<DepthwiseConv2dFilterGradOp>(op) ||
                      (contract && contract.getForm() == ContractForm::TN);
    return sumsImages ? Extent::None : extent;
  }
  case OpKind::RowReduce:
  case OpKind::ColumnReduce:
    if (cast<ReduceOp>(op).getDims().front() == 0)
      return Extent::None;
    return kindOf(op) == OpKind::RowReduce ? std::min(extent, Extent::Rows)
                                           : extent;
  case OpKind::Broadcast:
    return extent == Extent::None ? extent : Extent::Full;
  default:
    return extent;
  }
}

} // namespace bcssl
