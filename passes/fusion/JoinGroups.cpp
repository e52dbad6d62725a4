//===- JoinGroups.cpp - groups that only pass values on -------------------===//
//
// Operations are grouped in program order, and one that reads only arguments,
// such as the decay of a moment, starts a group of its own. So an optimizer's
// update falls into several groups, each of which reads what another has just
// stored. Flat groups of one shape that feed each other are one kernel: AdamW
// and the moving average of a parameter read five tensors and write four.
//
//===----------------------------------------------------------------------===//

#include "passes/fusion/Grouping.h"

using namespace mlir;

namespace bcssl {

/// Whether each element of what the group makes follows from elements at the
/// same place.
static bool isFlat(const Group &group) {
  return group.family == KernelFamily::Rowwise &&
         llvm::all_of(group.members, [&](Operation *op) {
           return kindOf(op) == OpKind::Pointwise &&
                  shapeOf(op->getResult(0)) == ArrayRef<int64_t>(group.space) &&
                  !isa<CrossViewTargetsOp, OneHotOp>(op);
         });
}

/// Whether the operation reads what `group` makes only as it is, neither in
/// another shape nor repeated.
bool Grouping::readsDirectly(Operation *op, int group) {
  bool isDirect = true;
  forOperands(op, [&](Value value) {
    Operation *def = rootOf(value).getDefiningOp();
    if (def && groupOf(def) == group)
      isDirect &= llvm::is_contained(op->getOperands(), value) &&
                  value.getDefiningOp() == def;
  });
  return isDirect;
}

bool Grouping::mayBeOne(int from, int into) {
  const Group &first = groups[from], &second = groups[into];
  if (first.space != second.space || !isFlat(first) || !isFlat(second) ||
      first.members.size() + second.members.size() > maxMembers)
    return false;
  if (!llvm::all_of(second.members,
                    [&](Operation *op) { return readsDirectly(op, from); }))
    return false;
  // Nothing in between may wait for the one and be waited for by the other.
  return llvm::none_of(producers[into], [&](int between) {
    return between != from && reaches(from, between);
  });
}

void Grouping::moveMembers(int from, int into) {
  Group &group = groups[into];
  for (Operation *op : groups[from].members)
    groupOfOp[op] = into;
  group.members.append(groups[from].members);
  llvm::sort(group.members,
             [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  groups[from].members.clear();
  for (llvm::SetVector<int> &needed : producers)
    if (needed.remove(from))
      needed.insert(into);
  for (int producer : producers[from])
    producers[into].insert(producer);
  producers[into].remove(into);
  producers[from].clear();
}

void Grouping::joinFlatGroups() {
  for (int into = 0; into < static_cast<int>(groups.size()); ++into) {
    auto next = [&] {
      return llvm::find_if(producers[into],
                           [&](int from) { return mayBeOne(from, into); });
    };
    for (auto from = next(); from != producers[into].end(); from = next())
      moveMembers(*from, into);
  }
  removeEmptyGroups();
}

void Grouping::removeEmptyGroups() {
  std::vector<int> numbers;
  int count = 0;
  for (const Group &group : groups)
    numbers.push_back(group.members.empty() ? -1 : count++);
  for (auto [number, to] : llvm::enumerate(numbers)) {
    if (to < 0)
      continue;
    llvm::SetVector<int> needed;
    for (int producer : producers[number])
      needed.insert(numbers[producer]);
    producers[to] = std::move(needed);
    if (to != static_cast<int>(number))
      groups[to] = std::move(groups[number]);
  }
  groups.resize(count);
  producers.resize(count);
  for (auto &[op, group] : groupOfOp)
    group = numbers[group];
}

} // namespace bcssl
