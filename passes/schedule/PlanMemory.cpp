//===- PlanMemory.cpp - every value's place in memory ---------------------===//

#include "passes/fusion/Grouping.h"
#include "passes/schedule/ArenaPlan.h"
#include "passes/schedule/CheckProgram.h"
#include "passes/schedule/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace bcssl {
#define GEN_PASS_DEF_PLANMEMORY
#include "passes/schedule/Passes.h.inc"

namespace {

/// Numbers of the schema's Space.
enum Space : int64_t { Arena = 0, State = 1, Input = 2, Output = 3 };

struct Place {
  int64_t space = Arena;
  int64_t offset = 0;
};

int64_t bytesOf(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return tensor.getNumElements() *
         llvm::divideCeil(tensor.getElementTypeBitWidth(), 8);
}

int64_t aligned(int64_t bytes) { return llvm::alignTo(bytes, 64); }

/// Byte distance of an alias from its root.
int64_t offsetFromRoot(Value value) {
  int64_t offset = 0;
  while (Operation *op = value.getDefiningOp()) {
    if (auto slice = dyn_cast<SliceOp>(op)) {
      auto type = cast<RankedTensorType>(slice.getInput().getType());
      offset += slice.getOffset() * (bytesOf(type) / type.getDimSize(0));
    } else if (!isa<ReshapeOp>(op)) {
      break;
    }
    value = op->getOperand(0);
  }
  return offset;
}

/// Plans one program.
class Planner {
public:
  Planner(func::FuncOp function, const llvm::StringMap<int64_t> &stateOffsets)
      : function(function), stateOffsets(stateOffsets),
        builder(function.getContext()) {}

  LogicalResult run();

private:
  void collectKernels();
  void placeArguments();
  void placeResults();
  bool mayReplaceState(Value argument, KernelOp writer, unsigned result);
  LogicalResult placeTemporaries();
  void annotate();
  ArrayAttr slotOf(Value value);

  func::FuncOp function;
  const llvm::StringMap<int64_t> &stateOffsets;
  Builder builder;
  SmallVector<KernelOp> kernels;
  DenseMap<Operation *, int64_t> position;
  llvm::MapVector<Value, Place> places; // roots only
  SmallVector<Attribute> moves;         // targets, beside movedValues
  SmallVector<Value> movedValues;
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
      places[argument] = {State, stateOffsets.lookup(name.getValue())};
    } else {
      places[argument] = {Input, inputBytes};
      function.setArgAttr(number, "bcssl.offset",
                          builder.getI64IntegerAttr(inputBytes));
      inputBytes += aligned(bytesOf(argument.getType()));
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

/// Whether a kernel reads its operand only at the element that it writes.
bool readsSameElement(KernelOp kernel, unsigned operand, unsigned result) {
  if (kernel.getFamily() != KernelFamily::Rowwise &&
      kernel.getFamily() != KernelFamily::Columnwise)
    return false;
  BlockArgument argument = kernel.getBody().front().getArgument(operand);
  auto yield = cast<YieldOp>(kernel.getBody().front().getTerminator());
  if (argument.getType() != yield.getValues()[result].getType())
    return false;
  // A row reduction visits the whole row before anything of it is stored;
  // other readers must not look at other elements.
  return llvm::all_of(argument.getUsers(), [](Operation *user) {
    OpKind kind = kindOf(user);
    return kind == OpKind::Partial || kind == OpKind::RowReduce ||
           (kind == OpKind::Pointwise &&
            !isa<CrossViewTargetsOp, OneHotOp, RandomUniformOp>(user));
  });
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

  struct Pending {
    Value value;
    Place place;
  };
  SmallVector<Pending> pending;
  for (OpOperand &operand : terminator->getOpOperands()) {
    unsigned number = operand.getOperandNumber();
    Value value = operand.get(), root = rootOf(value);
    Place place;
    bool direct = root.getDefiningOp<KernelOp>() &&
                  bytesOf(root.getType()) == bytesOf(value.getType()) &&
                  !places.contains(root);
    if (auto name = function.getResultAttrOfType<StringAttr>(
            number, "bcssl.variable")) {
      place = {State, stateOffsets.lookup(name.getValue())};
      BlockArgument old = oldValue.lookup(name.getValue());
      if (old == value)
        continue;
      auto kernel = root.getDefiningOp<KernelOp>();
      direct &=
          !old ||
          (kernel && mayReplaceState(old, kernel,
                                     cast<OpResult>(root).getResultNumber()));
    } else {
      place = {Output, outputBytes};
      function.setResultAttr(number, "bcssl.offset",
                             builder.getI64IntegerAttr(outputBytes));
      outputBytes += aligned(bytesOf(value.getType()));
    }
    if (direct)
      places[root] = place;
    else
      pending.push_back({value, place});
  }
  for (const Pending &move : pending) {
    // Resolved to slots in annotate(), when temporaries have their places.
    moves.push_back(builder.getI64ArrayAttr(
        {move.place.space, move.place.offset, bytesOf(move.value.getType())}));
    movedValues.push_back(move.value);
  }
}

LogicalResult Planner::placeTemporaries() {
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
  if (auto overlap = findOverlap(buffers))
    return function.emitError("memory plan: buffers ")
           << overlap->first << " and " << overlap->second
           << " overlap while both live";
  for (auto [owner, buffer] : llvm::zip(owners, buffers))
    places[owner] = {Arena, buffer.offset};
  return success();
}

ArrayAttr Planner::slotOf(Value value) {
  Place place = places.lookup(rootOf(value));
  return builder.getI64ArrayAttr({place.space,
                                  place.offset + offsetFromRoot(value),
                                  bytesOf(value.getType())});
}

void Planner::annotate() {
  for (KernelOp kernel : kernels) {
    SmallVector<Attribute> slots;
    for (Value operand : kernel.getInputs())
      slots.push_back(slotOf(operand));
    for (Value result : kernel.getResults())
      slots.push_back(slotOf(result));
    kernel->setAttr("slots", builder.getArrayAttr(slots));
  }
  // An old value that becomes another variable's new value is set aside first:
  // its place may be the target of another move.
  SmallVector<Attribute> aside, pairs;
  for (auto [target, value] : llvm::zip(moves, movedValues)) {
    ArrayAttr from = slotOf(value);
    if (places.lookup(rootOf(value)).space == State) {
      ArrayAttr copy = builder.getI64ArrayAttr(
          {Arena, arenaBytes, bytesOf(value.getType())});
      arenaBytes += aligned(bytesOf(value.getType()));
      aside.push_back(builder.getArrayAttr({from, copy}));
      from = copy;
    }
    pairs.push_back(builder.getArrayAttr({from, target}));
  }
  aside.append(pairs);
  pairs.swap(aside);
  function->setAttr("bcssl.moves", builder.getArrayAttr(pairs));
  function->setAttr("bcssl.arena_bytes", builder.getI64IntegerAttr(arenaBytes));
  function->setAttr("bcssl.input_bytes", builder.getI64IntegerAttr(inputBytes));
  function->setAttr("bcssl.output_bytes",
                    builder.getI64IntegerAttr(outputBytes));
}

LogicalResult Planner::run() {
  collectKernels();
  placeArguments();
  placeResults();
  if (failed(placeTemporaries()))
    return failure();
  annotate();
  return success();
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
      stateBytes += aligned(bytesOf(variable.getType()));
    }
    module->setAttr("bcssl.state_bytes", builder.getI64IntegerAttr(stateBytes));
    for (auto function : module.getOps<func::FuncOp>())
      if (!function.isDeclaration() &&
          (failed(checkProgram(function)) ||
           failed(Planner(function, stateOffsets).run())))
        return signalPassFailure();
  }
};

} // namespace
} // namespace bcssl
