//===- Recompute.cpp - compute cheap values again instead of loading them -===//

#include "passes/fusion/Grouping.h"

using namespace mlir;

namespace bcssl {
namespace {

/// Whether a rowwise kernel knows the value of each row, and can store it for
/// another one: little beside the rows.
bool isRowValue(Grouping &grouping, Value value) {
  int number = grouping.groupOf(value.getDefiningOp());
  if (number < 0)
    return false;
  const Group &group = grouping.getGroups()[number];
  return group.family == KernelFamily::Rowwise && !group.space.empty() &&
         shapeOf(value) == ArrayRef<int64_t>(group.space).drop_back();
}

/// Collects into `chain` the operations that compute `value` from values in
/// memory, or returns false. `leaves` are the full-size tensors that it reads.
bool collectChain(Grouping &grouping, int reader, Value value,
                  SetVector<Operation *> &chain, SetVector<Value> &leaves) {
  constexpr size_t longest = 12;
  Operation *op = value.getDefiningOp();
  if (!op || chain.size() >= longest || kindOf(op) != OpKind::Pointwise ||
      !isCheap(op))
    return false;
  if (chain.contains(op))
    return true;
  bool isRowwise = grouping.getGroups()[reader].family == KernelFamily::Rowwise;
  for (Value operand : op->getOperands()) {
    Operation *def = operand.getDefiningOp();
    if (def && kindOf(def) == OpKind::Constant)
      continue;
    if (def && kindOf(def) == OpKind::Broadcast && grouping.groupOf(def) < 0) {
      Value from = def->getOperand(0);
      Operation *fromDef = from.getDefiningOp();
      if (fromDef && kindOf(fromDef) != OpKind::Constant &&
          !grouping.isStored(from) &&
          !(isRowwise && isRowValue(grouping, from)))
        return false;
      continue;
    }
    if (shapeOf(operand) == shapeOf(value) && grouping.isStored(operand))
      leaves.insert(operand);
    else if (!collectChain(grouping, reader, operand, chain, leaves))
      return false;
  }
  chain.insert(op);
  return true;
}

/// Full-size tensors that a group reads from memory.
SetVector<Value> storedInputs(Grouping &grouping, const Group &group,
                              int number) {
  SetVector<Value> inputs;
  auto visit = [&](Operation *op) {
    for (Value operand : op->getOperands()) {
      Operation *def = operand.getDefiningOp();
      if (def &&
          (kindOf(def) == OpKind::Constant || kindOf(def) == OpKind::Broadcast))
        continue;
      if ((!def || grouping.groupOf(def) != number) &&
          !(def && group.recomputed.contains(def)))
        inputs.insert(operand);
    }
  };
  llvm::for_each(group.members, visit);
  llvm::for_each(group.recomputed, visit);
  return inputs;
}

bool isCondition(Value value) {
  return cast<RankedTensorType>(value.getType()).getElementType().isInteger(1);
}

} // namespace

void recomputeConditions(Grouping &grouping) {
  for (auto [number, group] : llvm::enumerate(grouping.getGroups()))
    for (Value input : storedInputs(grouping, group, number))
      if (isCondition(input) && input.getDefiningOp())
        group.recomputed.insert(input.getDefiningOp());
}

void recomputeCheapValues(Grouping &grouping) {
  std::vector<Group> &groups = grouping.getGroups();
  for (int number = static_cast<int>(groups.size()) - 1; number >= 0;
       --number) {
    Group &group = groups[number];
    if (group.family == KernelFamily::Movement ||
        group.family == KernelFamily::Columnwise ||
        group.family == KernelFamily::DepthwiseFilterGrad)
      continue;
    for (Value input : storedInputs(grouping, group, number)) {
      // An anchor reads whole tensors; only pointwise readers can recompute.
      bool pointwise = llvm::all_of(input.getUsers(), [&](Operation *user) {
        OpKind kind = kindOf(user);
        return grouping.groupOf(user) != number || kind == OpKind::Pointwise ||
               kind == OpKind::RowReduce || kind == OpKind::Partial;
      });
      if (!pointwise || shapeOf(input) != ArrayRef<int64_t>(group.space))
        continue;
      SetVector<Operation *> chain;
      SetVector<Value> leaves;
      if (!collectChain(grouping, number, input, chain, leaves))
        continue;
      SetVector<Value> present = storedInputs(grouping, group, number);
      unsigned more = llvm::count_if(
          leaves, [&](Value leaf) { return !present.contains(leaf); });
      if (more <= 1)
        group.recomputed.insert(chain.begin(), chain.end());
    }
  }
}

} // namespace bcssl
