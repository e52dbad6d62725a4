//===- Grouping.cpp - which operation belongs to which kernel -------------===//

#include "passes/fusion/Grouping.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"

using namespace mlir;

namespace bcssl {

Value rootOf(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (kindOf(op) != OpKind::Alias)
      break;
    value = op->getOperand(0);
  }
  return value;
}

void Grouping::forOperands(Operation *op, function_ref<void(Value)> visit) {
  for (Value operand : op->getOperands()) {
    Operation *def = operand.getDefiningOp();
    if (def && kindOf(def) == OpKind::Broadcast)
      forOperands(def, visit);
    else if (!def || kindOf(def) != OpKind::Constant)
      visit(operand);
  }
}

int Grouping::groupOf(Operation *op) const {
  auto entry = groupOfOp.find(op);
  return entry == groupOfOp.end() ? -1 : entry->second;
}

bool Grouping::isStored(Value value) const {
  Operation *def = value.getDefiningOp();
  if (!def)
    return true;
  int group = groupOf(def);
  if (group < 0)
    return kindOf(def) == OpKind::Alias;
  SmallVector<Operation *> readers(value.getUsers());
  while (!readers.empty()) {
    Operation *reader = readers.pop_back_val();
    if (kindOf(reader) == OpKind::Broadcast && groupOf(reader) < 0)
      readers.append(reader->user_begin(), reader->user_end());
    else if (groupOf(reader) != group && kindOf(reader) != OpKind::Constant)
      return true;
  }
  return false;
}

void Grouping::run() {
  // Column reductions insert operations behind themselves, which are visited.
  for (Operation &op : llvm::make_early_inc_range(block))
    add(&op);
  if (options.fuse)
    joinFlatGroups();
}

int Grouping::newGroup(Operation *op, KernelFamily family,
                       ArrayRef<int64_t> space) {
  groups.push_back({family, llvm::to_vector(space), {}, {}});
  producers.emplace_back();
  join(op, groups.size() - 1);
  return groups.size() - 1;
}

void Grouping::join(Operation *op, int group) {
  groups[group].members.push_back(op);
  groupOfOp[op] = group;
  forOperands(op, [&](Value value) {
    if (Operation *def = rootOf(value).getDefiningOp())
      if (int from = groupOf(def); from >= 0 && from != group)
        producers[group].insert(from);
  });
}

bool Grouping::reaches(int from, int to) {
  SmallVector<int> pending{to};
  DenseSet<int> seen;
  while (!pending.empty()) {
    int group = pending.pop_back_val();
    if (group == from)
      return true;
    if (seen.insert(group).second)
      pending.append(producers[group].begin(), producers[group].end());
  }
  return false;
}

/// Whether an operand of `op` needs `group` to have run.
bool Grouping::createsCycle(Operation *op, int group) {
  bool cycle = false;
  forOperands(op, [&](Value value) {
    Value root = rootOf(value);
    Operation *def = root.getDefiningOp();
    int from = def ? groupOf(def) : -1;
    if (from < 0)
      return;
    // Through an alias the value is memory, complete only after its kernel.
    if (from == group)
      cycle |= root != value;
    else
      cycle |= reaches(group, from);
  });
  return cycle;
}

/// Whether the operation rounds an argument of the program, such as a parameter
/// that products take in bf16.
static bool roundsArgument(Operation *op) {
  return isa<arith::TruncFOp>(op) && isa<BlockArgument>(op->getOperand(0));
}

static bool isAnchored(const Group &group) {
  return kindOf(group.members.front()) == OpKind::Anchor;
}

/// Groups worth joining: those of the operands' producers, latest first, then
/// those that read the same values. Roundings of arguments have neither; those
/// of one shape share a kernel.
SmallVector<int> Grouping::candidates(Operation *op) {
  SetVector<int> near, far;
  auto addReaders = [&](Value value) {
    SmallVector<Operation *> readers(value.getUsers());
    while (!readers.empty()) {
      Operation *reader = readers.pop_back_val();
      if (kindOf(reader) == OpKind::Broadcast)
        readers.append(reader->user_begin(), reader->user_end());
      else if (int group = groupOf(reader); group >= 0)
        far.insert(group);
    }
  };
  forOperands(op, [&](Value value) {
    // One number costs nothing to read twice.
    if (!shapeOf(value).empty() || shapeOf(op->getResult(0)).empty())
      addReaders(value);
    Operation *def = value.getDefiningOp();
    int group = def ? groupOf(def) : -1;
    if (group < 0)
      return;
    near.insert(group);
    // A sum of a row cannot join an anchor, but what is summed may be computed
    // again where its operands are read.
    if (kindOf(op) == OpKind::RowReduce && isAnchored(groups[group]) &&
        kindOf(def) == OpKind::Pointwise && isCheap(def))
      forOperands(def, addReaders);
  });
  SmallVector<int> result(near.begin(), near.end());
  llvm::sort(result, std::greater<int>());
  SmallVector<int> siblings;
  for (int group : far)
    if (!near.contains(group))
      siblings.push_back(group);
  llvm::sort(siblings, std::greater<int>());
  result.append(siblings);
  if (result.empty() && roundsArgument(op))
    for (auto [number, group] : llvm::enumerate(groups))
      if (roundsArgument(group.members.front()))
        result.push_back(number);
  return result;
}

/// Whether nothing joins a contraction: a weight gradient, or parts of a sum.
static bool standsAlone(Operation *op) {
  auto contract = dyn_cast<ContractOp>(op);
  return contract &&
         (contract.getForm() == ContractForm::TN || contract.getParts() != 1);
}

bool Grouping::mayJoin(Operation *op, int number) {
  Group &group = groups[number];
  if (group.members.size() >= maxMembers ||
      group.family == KernelFamily::Movement ||
      group.family == KernelFamily::DepthwiseFilterGrad ||
      standsAlone(group.members.front()))
    return false;
  // What comes first must not wait for what an optimizer does with arguments.
  if (roundsArgument(group.members.front()) && !roundsArgument(op))
    return false;
  OpKind kind = kindOf(op);
  bool rowwise = group.family == KernelFamily::Rowwise;
  ArrayRef<int64_t> space = group.space;
  ArrayRef<int64_t> shape = kind == OpKind::Pointwise
                                ? shapeOf(op->getResult(0))
                                : shapeOf(op->getOperand(0));
  bool asRow = false;
  if (kind == OpKind::RowReduce && (!rowwise || shape != space))
    return false;
  if (kind == OpKind::Partial &&
      (shape != space || group.family == KernelFamily::Columnwise))
    return false;
  if (kind == OpKind::Pointwise && shape != space) {
    asRow = rowwise && !space.empty() && shape == space.drop_back() &&
            !isa<CrossViewTargetsOp, OneHotOp, RandomUniformOp>(op);
    if (!asRow)
      return false;
  }
  if (isa<RandomUniformOp>(op) && !rowwise)
    return false;

  // Values made inside the group must be there when this operation runs: whole
  // rows for pointwise operations, one value a row for row arithmetic.
  bool fits = true, readsInside = false;
  for (Value operand : op->getOperands()) {
    Operation *def = operand.getDefiningOp();
    if (!def || kindOf(def) == OpKind::Constant)
      continue;
    if (kindOf(def) == OpKind::Broadcast) {
      Value from = def->getOperand(0);
      Operation *fromDef = from.getDefiningOp();
      if (fromDef && kindOf(fromDef) == OpKind::Broadcast)
        fits = false;
      if (fromDef && groupOf(fromDef) == number) {
        readsInside = true;
        // One value a row, repeated along the row.
        fits &= rowwise && !space.empty() && !asRow &&
                shapeOf(from) == space.drop_back() && shapeOf(from) != space &&
                cast<BroadcastOp>(def).getDims().size() == space.size() - 1;
      }
    } else if (groupOf(def) == number) {
      readsInside = true;
      fits &= shapeOf(operand) == shape && kindOf(def) != OpKind::Partial;
    }
  }
  if (isa<CrossViewTargetsOp, OneHotOp>(op))
    fits &= !readsInside;
  // Row arithmetic belongs where its rows are; alone it is its own space.
  if (asRow && !readsInside)
    return false;
  if (!fits)
    return false;

  // An epilogue loads no other tensor that is not in memory anyway.
  if (group.family == KernelFamily::Contraction ||
      group.family == KernelFamily::Depthwise) {
    bool readsStored = true;
    for (Value operand : op->getOperands()) {
      Operation *def = operand.getDefiningOp();
      if (!def || groupOf(def) == number || kindOf(def) == OpKind::Constant ||
          kindOf(def) == OpKind::Broadcast)
        continue;
      readsStored &= kindOf(def) != OpKind::Pointwise || isStored(operand);
    }
    if (!readsStored || (!readsInside && kind != OpKind::Partial))
      return false;
  }
  if (group.family == KernelFamily::Columnwise && !readsInside)
    return false;
  return !createsCycle(op, number);
}

/// Rows that one partial sum covers: the rows of one tile.
int64_t Grouping::partialRows(int number) const {
  const Group &group = groups[number];
  int64_t rows = rowsOf(group.space);
  if (group.family == KernelFamily::Depthwise)
    return group.space[1] * group.space[2];
  if (group.family == KernelFamily::Contraction)
    return options.contractionRows;
  return std::max<int64_t>(1, llvm::divideCeil(rows, options.partialSums));
}

/// Columnwise groups of the same results that a reduction over rows may share:
/// those that read the same values, then those that sum as many rows which the
/// same kernel made, such as its other partial sums.
SmallVector<int> Grouping::columnwiseCandidates(ReduceOp op) {
  Operation *def = rootOf(op.getInput()).getDefiningOp();
  int from = def ? groupOf(def) : -1;
  auto isUsable = [&](int number) {
    return number != from &&
           groups[number].family == KernelFamily::Columnwise &&
           ArrayRef<int64_t>(groups[number].space) == shapeOf(op.getOutput());
  };
  SmallVector<int> result;
  for (int group : candidates(op))
    if (isUsable(group))
      result.push_back(group);
  for (int number = groups.size() - 1; from >= 0 && number >= 0; --number)
    if (isUsable(number) && producers[number].contains(from) &&
        shapeOf(groups[number].members.front()->getOperand(0)) ==
            shapeOf(op.getInput()) &&
        !llvm::is_contained(result, number))
      result.push_back(number);
  return result;
}

/// Few rows are added directly; many in two steps.
void Grouping::addColumnReduce(ReduceOp op) {
  ArrayRef<int64_t> shape = shapeOf(op.getInput());
  int64_t rank = shape.size();
  bool allRows = static_cast<int64_t>(op.getDims().size()) == rank - 1 &&
                 op.getDims().front() == 0 && op.getKind() == ReduceKind::Sum;
  constexpr int64_t fewRows = 64;
  ArrayRef<int64_t> result = shapeOf(op.getOutput());
  auto addDirect = [&](ReduceOp reduce) {
    if (options.fuse)
      for (int group : columnwiseCandidates(reduce))
        if (groups[group].members.size() < maxMembers &&
            !createsCycle(reduce, group))
          return join(reduce, group);
    newGroup(reduce, KernelFamily::Columnwise, result);
  };
  if (!allRows || rowsOf(shape) <= fewRows)
    return addDirect(op);

  OpBuilder builder(op);
  auto makePartial = [&](int64_t rows) {
    auto type = RankedTensorType::get(
        {static_cast<int64_t>(llvm::divideCeil(rowsOf(shape), rows)),
         shape.back()},
        cast<RankedTensorType>(op.getType()).getElementType());
    return ReducePartialOp::create(builder, op.getLoc(), type, op.getInput(),
                                   rows);
  };
  // The partial sum is made with the rows of the group that it will join.
  ReducePartialOp partial = makePartial(1);
  int target = -1;
  if (options.fuse)
    for (int group : candidates(partial))
      if (mayJoin(partial, group)) {
        target = group;
        break;
      }
  partial.erase();
  int64_t rows = std::max<int64_t>(
      1, llvm::divideCeil(rowsOf(shape), options.partialSums));
  if (target >= 0)
    rows = partialRows(target);
  // A partial sum of one row would be a copy.
  if (rows == 1)
    return addDirect(op);
  partial = makePartial(rows);
  if (target >= 0)
    join(partial, target);
  else
    newGroup(partial, KernelFamily::Rowwise, shape);
  auto sum =
      ReduceOp::create(builder, op.getLoc(), op.getType(), partial.getOutput(),
                       ReduceKind::Sum, ArrayRef<int64_t>{0});
  op.getOutput().replaceAllUsesWith(sum.getOutput());
  op.erase();
  addDirect(sum);
}

/// Whether a kernel computes `value` from no tensor of its shape but `other`.
static bool followsFrom(Value value, Value other) {
  if (value == other)
    return true;
  Operation *def = value.getDefiningOp();
  return def && kindOf(def) == OpKind::Pointwise && isCheap(def) &&
         llvm::all_of(def->getOperands(), [&](Value operand) {
           Operation *from = operand.getDefiningOp();
           return operand == other ||
                  (from && (kindOf(from) == OpKind::Broadcast ||
                            kindOf(from) == OpKind::Constant));
         });
}

/// A product that is only summed over rows, such as the gradient of a scale,
/// may follow an anchor, whose epilogue then reads the other factor. Returns a
/// rowwise group that reads both factors anyway, or -1.
int Grouping::readerOfBoth(Operation *op) {
  if (op->getNumOperands() != 2 || op->use_empty() ||
      !llvm::all_of(op->getUsers(), [](Operation *user) {
        return kindOf(user) == OpKind::ColumnReduce;
      }))
    return -1;
  for (auto [made, read] : {std::pair(op->getOperand(0), op->getOperand(1)),
                            std::pair(op->getOperand(1), op->getOperand(0))}) {
    Operation *def = made.getDefiningOp();
    int from = def ? groupOf(def) : -1;
    if (from < 0 || !isAnchored(groups[from]))
      continue;
    for (Operation *reader : read.getUsers()) {
      int number = groupOf(reader);
      if (number < 0 || groups[number].family != KernelFamily::Rowwise)
        continue;
      for (Operation *member : groups[number].members)
        for (Value operand : member->getOperands())
          if (followsFrom(operand, made) && mayJoin(op, number))
            return number;
    }
  }
  return -1;
}

static bool isReadAsMemory(Operation *op) {
  return llvm::any_of(op->getUsers(), [](Operation *user) {
    OpKind kind = kindOf(user);
    return kind == OpKind::Anchor || kind == OpKind::Movement ||
           kind == OpKind::Alias || kind == OpKind::Other ||
           kind == OpKind::ColumnReduce ||
           (kind == OpKind::Broadcast &&
            kindOf(user->getOperand(0).getDefiningOp()) == OpKind::Broadcast) ||
           isa<CrossViewTargetsOp, OneHotOp, RandomUniformOp>(user);
  });
}

void Grouping::add(Operation *op) {
  switch (kindOf(op)) {
  case OpKind::Alias:
  case OpKind::Other:
    return;
  case OpKind::Constant:
  case OpKind::Broadcast:
    // Only what must lie in memory becomes a kernel.
    if (isReadAsMemory(op))
      newGroup(op, KernelFamily::Rowwise, shapeOf(op->getResult(0)));
    return;
  case OpKind::Anchor: {
    KernelFamily family = KernelFamily::Contraction;
    if (isa<DepthwiseConv2dFilterGradOp>(op))
      family = KernelFamily::DepthwiseFilterGrad;
    else if (isa<DepthwiseConv2dOp, DepthwiseConv2dInputGradOp>(op))
      family = KernelFamily::Depthwise;
    newGroup(op, family, shapeOf(op->getResult(0)));
    return;
  }
  case OpKind::Movement:
    newGroup(op, KernelFamily::Movement, shapeOf(op->getResult(0)));
    return;
  case OpKind::ColumnReduce:
    addColumnReduce(cast<ReduceOp>(op));
    return;
  case OpKind::Pointwise:
  case OpKind::RowReduce:
  case OpKind::Partial:
    if (groupOf(op) >= 0)
      return;
    if (options.fuse) {
      if (int group = readerOfBoth(op); group >= 0)
        return join(op, group);
      for (int group : candidates(op))
        if (mayJoin(op, group))
          return join(op, group);
    }
    newGroup(op, KernelFamily::Rowwise,
             kindOf(op) == OpKind::Pointwise ? shapeOf(op->getResult(0))
                                             : shapeOf(op->getOperand(0)));
    return;
  }
}

} // namespace bcssl
