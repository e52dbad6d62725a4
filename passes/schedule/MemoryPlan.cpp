//===- MemoryPlan.cpp - what a memory plan says ---------------------------===//

#include "passes/schedule/MemoryPlan.h"

#include "passes/codegen/MergedKernel.h"
#include "passes/fusion/OpKinds.h"
#include "passes/schedule/CheckProgram.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace bcssl {

ArrayAttr toAttribute(MLIRContext *context, const Slot &slot) {
  return Builder(context).getI64ArrayAttr(
      {static_cast<int64_t>(slot.space), slot.offset, slot.bytes});
}

static bool isNumber(Attribute attribute) {
  auto number = dyn_cast_or_null<IntegerAttr>(attribute);
  return number && number.getType().isInteger(64) &&
         !number.getValue().isNegative();
}

std::optional<Slot> toSlot(Attribute attribute) {
  auto words = dyn_cast_or_null<ArrayAttr>(attribute);
  if (!words || words.size() != 3 || !llvm::all_of(words, isNumber))
    return std::nullopt;
  auto number = [&](unsigned i) {
    return cast<IntegerAttr>(words[i]).getInt();
  };
  if (number(0) > static_cast<int64_t>(Space::Output))
    return std::nullopt;
  return Slot{static_cast<Space>(number(0)), number(1), number(2)};
}

int64_t bytesOf(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return tensor.getNumElements() *
         llvm::divideCeil(tensor.getElementTypeBitWidth(), 8);
}

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

/// The part of a merged kernel that makes the result must be the only one that
/// reads the operand.
static bool partReadsSameElement(KernelOp merged, unsigned operand,
                                 unsigned result) {
  Block &body = merged.getBody().front();
  auto made = dyn_cast<OpResult>(body.getTerminator()->getOperand(result));
  auto maker = made ? dyn_cast<KernelOp>(made.getOwner()) : KernelOp();
  return maker &&
         llvm::all_of(body.getArgument(operand).getUses(), [&](OpOperand &use) {
           return use.getOwner() == maker &&
                  readsSameElement(maker, use.getOperandNumber(),
                                   made.getResultNumber());
         });
}

bool readsSameElement(KernelOp kernel, unsigned operand, unsigned result) {
  if (isMerged(kernel))
    return partReadsSameElement(kernel, operand, result);
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

static bool areSlots(Attribute attribute, size_t count) {
  auto slots = dyn_cast_or_null<ArrayAttr>(attribute);
  return slots && slots.size() == count &&
         llvm::all_of(slots, [](Attribute slot) { return toSlot(slot); });
}

/// Whether each argument or result with a name, text, has its offset.
static bool arePlaced(ArrayAttr attributes, StringRef portName) {
  return !attributes || llvm::all_of(attributes, [&](Attribute attribute) {
    auto port = cast<DictionaryAttr>(attribute);
    return !port.get(portName) || isNumber(port.get("bcssl.offset"));
  });
}

static bool isPlanned(func::FuncOp function) {
  for (StringRef name :
       {"bcssl.arena_bytes", "bcssl.input_bytes", "bcssl.output_bytes"})
    if (!isNumber(function->getAttr(name)))
      return false;
  auto moves = function->getAttrOfType<ArrayAttr>("bcssl.moves");
  return moves &&
         llvm::all_of(moves,
                      [](Attribute move) { return areSlots(move, 2); }) &&
         arePlaced(function.getArgAttrsAttr(), "bcssl.input") &&
         arePlaced(function.getResAttrsAttr(), "bcssl.output");
}

LogicalResult checkMemoryPlan(ModuleOp module) {
  auto report = [](Operation *op) {
    return op->emitOpError("expects a planned program: run the stages before");
  };
  if (!isNumber(module->getAttr("bcssl.state_bytes")))
    return report(module);
  for (auto variable : module.getOps<VariableOp>())
    if (failed(checkVariable(variable)) ||
        !isNumber(variable->getAttr("bcssl.offset")))
      return report(variable);
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isDeclaration())
      continue;
    if (failed(checkProgram(function)))
      return failure();
    if (!isPlanned(function))
      return report(function);
    for (auto kernel : function.getBody().front().getOps<KernelOp>())
      if (!areSlots(kernel->getAttr("slots"),
                    kernel->getNumOperands() + kernel->getNumResults()))
        return report(kernel);
  }
  return success();
}

} // namespace bcssl
