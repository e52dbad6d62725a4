//===- PlanMemory.cpp - every value's place in memory ---------------------===//

#include "passes/fusion/Grouping.h"
#include "passes/schedule/ArenaPlan.h"
#include "passes/schedule/CheckProgram.h"
#include "passes/schedule/MemoryPlan.h"
#include "passes/schedule/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace bcssl {
#define GEN_PASS_DEF_PLANMEMORY
#include "passes/schedule/Passes.h.inc"

namespace {

struct Place {
  Space space = Space::Arena;
  int64_t offset = 0;
};

/// Plans one program.
class Planner {
public:
  Planner(func::FuncOp function, const llvm::StringMap<int64_t> &stateOffsets)
      : function(function), stateOffsets(stateOffsets),
        builder(function.getContext()) {}

  void run();

private:
  void collectKernels();
  void placeArguments();
  void placeResults();
  bool mayReplaceState(Value argument, KernelOp writer, unsigned result);
  void placeTemporaries();
  void annotate();
  Slot slotOf(Value value);

  func::FuncOp function;
  const llvm::StringMap<int64_t> &stateOffsets;
  Builder builder;
  SmallVector<KernelOp> kernels;
  DenseMap<Operation *, int64_t> position;
  llvm::MapVector<Value, Place> places; ///< roots only
  /// Values and where they go after the last kernel. Where they lie until then
  /// is known when temporaries have their places.
  SmallVector<std::pair<Value, Slot>> moves;
  int64_t inputBytes = 0, outputBytes = 0, arenaBytes = 0;
};

void Planner::collectKernels() {
  for (auto kernel : function.getBody().front().getOps<KernelOp>()) {
    position[kernel] = kernels.size();
    kernels.push_back(kernel);
  }
}

void Planner::placeArguments() {
  for (BlockArgument argument : function.getArguments()) {
    unsigned number = argument.getArgNumber();
    if (auto name =
            function.getArgAttrOfType<StringAttr>(number, "bcssl.variable")) {
      places[argument] = {Space::State, stateOffsets.lookup(name.getValue())};
    } else {
      places[argument] = {Space::Input, inputBytes};
      function.setArgAttr(number, "bcssl.offset",
                          builder.getI64IntegerAttr(inputBytes));
      inputBytes += alignedBytes(bytesOf(argument.getType()));
    }
  }
}

/// All kernels that read a value, also through reshapes and slices.
SmallVector<OpOperand *> memoryReaders(Value root) {
  SmallVector<OpOperand *> readers;
  SmallVector<Value> pending{root};
  while (!pending.empty())
    for (OpOperand &use : pending.pop_back_val().getUses()) {
      if (isa<ReshapeOp, SliceOp>(use.getOwner()))
        pending.push_back(use.getOwner()->getResult(0));
      else
        readers.push_back(&use);
    }
  return readers;
}

bool Planner::mayReplaceState(Value argument, KernelOp writer,
                              unsigned result) {
  for (OpOperand *use : memoryReaders(argument)) {
    auto reader = dyn_cast<KernelOp>(use->getOwner());
    if (!reader)
      return false; // returned as another variable's value
    if (position[reader] > position[writer])
      return false;
    if (reader == writer &&
        (use->get() != argument ||
         !readsSameElement(writer, use->getOperandNumber(), result)))
      return false;
  }
  return true;
}

/// New values of variables and outputs go to their own places where possible,
/// else they are copied there after the last kernel.
void Planner::placeResults() {
  Operation *terminator = function.getBody().front().getTerminator();
  llvm::StringMap<BlockArgument> oldValue;
  for (BlockArgument argument : function.getArguments())
    if (auto name = function.getArgAttrOfType<StringAttr>(
            argument.getArgNumber(), "bcssl.variable"))
      oldValue[name.getValue()] = argument;

  for (OpOperand &operand : terminator->getOpOperands()) {
    unsigned number = operand.getOperandNumber();
    Value value = operand.get(), root = rootOf(value);
    Place place;
    bool direct = root.getDefiningOp<KernelOp>() &&
                  bytesOf(root.getType()) == bytesOf(value.getType()) &&
                  !places.contains(root);
    if (auto name = function.getResultAttrOfType<StringAttr>(
            number, "bcssl.variable")) {
      place = {Space::State, stateOffsets.lookup(name.getValue())};
      BlockArgument old = oldValue.lookup(name.getValue());
      if (old == value)
        continue;
      auto kernel = root.getDefiningOp<KernelOp>();
      direct &=
          !old ||
          (kernel && mayReplaceState(old, kernel,
                                     cast<OpResult>(root).getResultNumber()));
    } else {
      place = {Space::Output, outputBytes};
      function.setResultAttr(number, "bcssl.offset",
                             builder.getI64IntegerAttr(outputBytes));
      outputBytes += alignedBytes(bytesOf(value.getType()));
    }
    if (direct)
      places[root] = place;
    else
      moves.push_back(
          {value, {place.space, place.offset, bytesOf(value.getType())}});
  }
}

void Planner::placeTemporaries() {
  std::vector<ArenaBuffer> buffers;
  SmallVector<Value> owners;
  int64_t end = kernels.size();
  for (KernelOp kernel : kernels)
    for (Value result : kernel.getResults()) {
      if (places.contains(result))
        continue;
      ArenaBuffer buffer{bytesOf(result.getType()), position[kernel],
                         position[kernel]};
      for (OpOperand *use : memoryReaders(result))
        buffer.last = std::max(buffer.last, isa<KernelOp>(use->getOwner())
                                                ? position[use->getOwner()]
                                                : end);
      buffers.push_back(buffer);
      owners.push_back(result);
    }
  arenaBytes = planArena(buffers);
  for (auto [owner, buffer] : llvm::zip(owners, buffers))
    places[owner] = {Space::Arena, buffer.offset};
}

Slot Planner::slotOf(Value value) {
  Place place = places.lookup(rootOf(value));
  return {place.space, place.offset + offsetFromRoot(value),
          bytesOf(value.getType())};
}

void Planner::annotate() {
  MLIRContext *context = builder.getContext();
  for (KernelOp kernel : kernels) {
    SmallVector<Attribute> slots;
    for (Value operand : kernel.getInputs())
      slots.push_back(toAttribute(context, slotOf(operand)));
    for (Value result : kernel.getResults())
      slots.push_back(toAttribute(context, slotOf(result)));
    kernel->setAttr("slots", builder.getArrayAttr(slots));
  }
  // An old value that becomes another variable's new value is set aside first:
  // its place may be the target of another move.
  SmallVector<Attribute> aside, pairs;
  auto pairOf = [&](const Slot &from, const Slot &to) {
    return builder.getArrayAttr(
        {toAttribute(context, from), toAttribute(context, to)});
  };
  for (auto &[value, target] : moves) {
    Slot from = slotOf(value);
    if (from.space == Space::State) {
      Slot copy{Space::Arena, arenaBytes, from.bytes};
      arenaBytes += alignedBytes(from.bytes);
      aside.push_back(pairOf(from, copy));
      from = copy;
    }
    pairs.push_back(pairOf(from, target));
  }
  aside.append(pairs);
  pairs.swap(aside);
  function->setAttr("bcssl.moves", builder.getArrayAttr(pairs));
  function->setAttr("bcssl.arena_bytes", builder.getI64IntegerAttr(arenaBytes));
  function->setAttr("bcssl.input_bytes", builder.getI64IntegerAttr(inputBytes));
  function->setAttr("bcssl.output_bytes",
                    builder.getI64IntegerAttr(outputBytes));
}

void Planner::run() {
  collectKernels();
  placeArguments();
  placeResults();
  placeTemporaries();
  annotate();
}

struct PlanMemory : impl::PlanMemoryBase<PlanMemory> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    Builder builder(&getContext());
    llvm::StringMap<int64_t> stateOffsets;
    int64_t stateBytes = 0;
    for (auto variable : module.getOps<VariableOp>()) {
      if (failed(checkVariable(variable)))
        return signalPassFailure();
      stateOffsets[variable.getSymName()] = stateBytes;
      variable->setAttr("bcssl.offset", builder.getI64IntegerAttr(stateBytes));
      stateBytes += alignedBytes(bytesOf(variable.getType()));
    }
    module->setAttr("bcssl.state_bytes", builder.getI64IntegerAttr(stateBytes));
    for (auto function : module.getOps<func::FuncOp>()) {
      if (function.isDeclaration())
        continue;
      if (failed(checkProgram(function)))
        return signalPassFailure();
      Planner(function, stateOffsets).run();
    }
  }
};

} // namespace
} // namespace bcssl
