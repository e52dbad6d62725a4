//===- OutlineGroups.cpp - groups to kernel operations --------------------===//

#include "passes/fusion/Grouping.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

#include <queue>

using namespace mlir;

namespace bcssl {
namespace {

/// Builds the kernels of one block, one after the other, before its terminator.
class Outliner {
public:
  Outliner(Block &block, Grouping &grouping)
      : block(block), grouping(grouping), builder(block.getTerminator()) {
    for (auto [number, group] : llvm::enumerate(grouping.getGroups()))
      for (Operation *op : group.recomputed)
        recomputedIn[op].push_back(number);
    findUnread();
  }

  void run();

private:
  using Node = int; // groups first, then aliases
  SmallVector<Node> order();
  void outline(Group &group);
  SmallVector<Operation *> bodyOf(const Group &group);
  bool isReadOutside(Value value, int group);
  bool isReadInside(Value value, int group);
  void findUnread();

  Block &block;
  Grouping &grouping;
  OpBuilder builder;
  DenseMap<Operation *, SmallVector<int, 1>> recomputedIn;
  /// Members whose readers all compute them again.
  DenseSet<Operation *> unread;
  IRMapping memory; // value of the old program -> value in memory
};

/// The members and everything they compute again, in program order.
SmallVector<Operation *> Outliner::bodyOf(const Group &group) {
  SetVector<Operation *> body;
  for (Operation *op : group.members)
    if (!unread.contains(op))
      body.insert(op);
  body.insert(group.recomputed.begin(), group.recomputed.end());
  for (size_t i = 0; i < body.size(); ++i)
    for (Value operand : body[i]->getOperands())
      if (Operation *def = operand.getDefiningOp())
        if ((kindOf(def) == OpKind::Constant ||
             kindOf(def) == OpKind::Broadcast) &&
            grouping.groupOf(def) < 0)
          body.insert(def);
  SmallVector<Operation *> sorted(body.begin(), body.end());
  llvm::sort(sorted,
             [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  return sorted;
}

bool Outliner::isReadOutside(Value value, int number) {
  SmallVector<Operation *> readers(value.getUsers());
  while (!readers.empty()) {
    Operation *reader = readers.pop_back_val();
    OpKind kind = kindOf(reader);
    int group = grouping.groupOf(reader);
    if (kind == OpKind::Broadcast && group < 0) {
      readers.append(reader->user_begin(), reader->user_end());
      continue;
    }
    if (group < 0) // an alias or the return
      return true;
    // Readers that are recomputed elsewhere read this value there.
    Operation *def = value.getDefiningOp();
    auto isRecomputed = [&](int other) {
      return grouping.getGroups()[other].recomputed.contains(def);
    };
    for (int other : recomputedIn.lookup(reader))
      if (other != number && !isRecomputed(other))
        return true;
    if (group != number && !unread.contains(reader) && !isRecomputed(group))
      return true;
  }
  return false;
}

bool Outliner::isReadInside(Value value, int number) {
  return llvm::any_of(value.getUsers(), [&](Operation *reader) {
    if (kindOf(reader) == OpKind::Broadcast && grouping.groupOf(reader) < 0)
      return isReadInside(reader->getResult(0), number);
    return grouping.groupOf(reader) == number && !unread.contains(reader);
  });
}

/// Readers come behind what they read: one pass from the end finds all.
void Outliner::findUnread() {
  for (Operation &op : llvm::reverse(block.without_terminator())) {
    int group = grouping.groupOf(&op);
    if (group >= 0 && llvm::none_of(op.getResults(), [&](Value result) {
          return isReadOutside(result, group) || isReadInside(result, group);
        }))
      unread.insert(&op);
  }
}

/// Groups and aliases, producers first, otherwise in program order.
SmallVector<Outliner::Node> Outliner::order() {
  std::vector<Group> &groups = grouping.getGroups();
  SmallVector<Operation *> aliases;
  DenseMap<Operation *, Node> nodeOf;
  for (Operation &op : block.without_terminator())
    if (kindOf(&op) == OpKind::Alias) {
      nodeOf[&op] = groups.size() + aliases.size();
      aliases.push_back(&op);
    }
  for (auto [number, group] : llvm::enumerate(groups))
    for (Operation *op : group.members)
      nodeOf[op] = number;

  size_t count = groups.size() + aliases.size();
  std::vector<SetVector<Node>> readers(count);
  std::vector<unsigned> missing(count, 0);
  std::vector<Operation *> first(count);
  auto addReads = [&](Operation *op, Node node, const Group *group) {
    Grouping::forOperands(op, [&](Value value) {
      Operation *def = value.getDefiningOp();
      if (!def || (group && group->recomputed.contains(def)))
        return;
      auto from = nodeOf.find(def);
      if (from != nodeOf.end() && from->second != node &&
          readers[from->second].insert(node))
        ++missing[node];
    });
  };
  for (auto [number, group] : llvm::enumerate(groups)) {
    first[number] = group.members.front();
    for (Operation *op : group.members)
      addReads(op, number, &group);
    for (Operation *op : group.recomputed)
      addReads(op, number, &group);
  }
  for (auto [number, op] : llvm::enumerate(aliases)) {
    first[groups.size() + number] = op;
    addReads(op, groups.size() + number, nullptr);
  }

  auto later = [&](Node a, Node b) {
    return first[b]->isBeforeInBlock(first[a]);
  };
  std::priority_queue<Node, std::vector<Node>, decltype(later)> ready(later);
  for (size_t node = 0; node < count; ++node)
    if (missing[node] == 0)
      ready.push(node);
  SmallVector<Node> sorted;
  while (!ready.empty()) {
    Node node = ready.top();
    ready.pop();
    sorted.push_back(node);
    for (Node reader : readers[node])
      if (--missing[reader] == 0)
        ready.push(reader);
  }
  assert(sorted.size() == count && "kernels depend on each other in a cycle");
  return sorted;
}

void Outliner::outline(Group &group) {
  int number = grouping.groupOf(group.members.front());
  SmallVector<Operation *> body = bodyOf(group);
  SetVector<Operation *> inside(body.begin(), body.end());
  SetVector<Value> inputs;
  for (Operation *op : body)
    for (Value operand : op->getOperands())
      if (Operation *def = operand.getDefiningOp();
          !def || !inside.contains(def))
        inputs.insert(operand);
  SmallVector<Value> outputs;
  for (Operation *op : group.members)
    for (Value result : op->getResults())
      if (isReadOutside(result, number))
        outputs.push_back(result);
  if (outputs.empty())
    return;

  SmallVector<Location> locations;
  for (Operation *op : group.members)
    locations.push_back(op->getLoc());
  Location location = builder.getFusedLoc(locations);
  SmallVector<Value> operands;
  for (Value input : inputs)
    operands.push_back(memory.lookupOrDefault(input));
  SmallVector<Type> types;
  for (Value output : outputs)
    types.push_back(output.getType());
  auto kernel = KernelOp::create(builder, location, types, operands,
                                 group.family, DictionaryAttr());
  Block *entry = new Block();
  kernel.getBody().push_back(entry);
  IRMapping local;
  for (Value input : inputs)
    local.map(input, entry->addArgument(input.getType(), input.getLoc()));
  OpBuilder inner = OpBuilder::atBlockEnd(entry);
  for (Operation *op : body)
    inner.clone(*op, local);
  SmallVector<Value> yielded;
  for (Value output : outputs)
    yielded.push_back(local.lookup(output));
  YieldOp::create(inner, location, yielded);
  for (auto [output, result] : llvm::zip(outputs, kernel.getResults()))
    memory.map(output, result);
}

void Outliner::run() {
  std::vector<Group> &groups = grouping.getGroups();
  SmallVector<Operation *> aliases;
  for (Operation &op : block.without_terminator())
    if (kindOf(&op) == OpKind::Alias)
      aliases.push_back(&op);
  SmallVector<Operation *> old;
  for (Operation &op : block.without_terminator())
    old.push_back(&op);
  for (Node node : order()) {
    if (node < static_cast<Node>(groups.size()))
      outline(groups[node]);
    else
      builder.clone(*aliases[node - groups.size()], memory);
  }
  Operation *terminator = block.getTerminator();
  for (OpOperand &operand : terminator->getOpOperands())
    operand.set(memory.lookupOrDefault(operand.get()));
  for (Operation *op : llvm::reverse(old))
    op->erase();
}

} // namespace

void outlineGroups(Block &block, Grouping &grouping) {
  Outliner(block, grouping).run();
}

} // namespace bcssl
