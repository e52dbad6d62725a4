//===- VerifyMemory.cpp - runs a memory plan on paper ---------------------===//
//
// Knows nothing of lifetimes: it follows which value's bytes every slot holds
// while kernels and moves run in order, and compares with what is read.
//
//===----------------------------------------------------------------------===//

#include "passes/fusion/Grouping.h"
#include "passes/schedule/MemoryContents.h"
#include "passes/schedule/Passes.h"

using namespace mlir;

namespace bcssl {
#define GEN_PASS_DEF_VERIFYMEMORY
#include "passes/schedule/Passes.h.inc"

namespace {

Content contentOf(Value value) {
  return {rootOf(value), nullptr, offsetFromRoot(value)};
}

int64_t numberOf(Operation *op, StringRef name) {
  return op->getAttrOfType<IntegerAttr>(name).getInt();
}

/// Where a variable lies.
Slot slotOf(VariableOp variable) {
  return {Space::State, numberOf(variable, "bcssl.offset"),
          bytesOf(variable.getType())};
}

/// Follows one program.
class ProgramVerifier {
public:
  ProgramVerifier(ModuleOp module, func::FuncOp function)
      : module(module), function(function),
        sizes{numberOf(function, "bcssl.arena_bytes"),
              numberOf(module, "bcssl.state_bytes"),
              numberOf(function, "bcssl.input_bytes"),
              numberOf(function, "bcssl.output_bytes")} {}

  LogicalResult run();

private:
  Slot portSlot(DictionaryAttr attributes, Type type, Space space);
  LogicalResult checkSize(Operation *op, const Slot &slot, int64_t bytes);
  LogicalResult checkHolds(Operation *op, const Twine &what, const Slot &slot,
                           const Content &content);
  LogicalResult fillVariables();
  LogicalResult fillInputs();
  LogicalResult checkWrite(KernelOp kernel, ArrayRef<Slot> slots,
                           unsigned result);
  LogicalResult launch(KernelOp kernel);
  LogicalResult runMoves();
  LogicalResult checkResults();

  ModuleOp module;
  func::FuncOp function;
  int64_t sizes[4]; ///< bytes of each space
  MemoryContents memory;
  /// What a variable's place must hold at the end.
  llvm::DenseMap<VariableOp, Content> variables;
};

/// The place of an argument or of a result: its variable's, or one in `space`.
Slot ProgramVerifier::portSlot(DictionaryAttr attributes, Type type,
                               Space space) {
  if (auto name = attributes.getAs<StringAttr>("bcssl.variable"))
    return slotOf(module.lookupSymbol<VariableOp>(name));
  return {space, attributes.getAs<IntegerAttr>("bcssl.offset").getInt(),
          bytesOf(type)};
}

LogicalResult ProgramVerifier::checkSize(Operation *op, const Slot &slot,
                                         int64_t bytes) {
  if (slot.bytes != bytes)
    return op->emitOpError() << "expects a slot of " << bytes << " bytes, got "
                             << toAttribute(op->getContext(), slot);
  // An offset may be so large that the end would not fit its number.
  if (slot.offset > sizes[static_cast<size_t>(slot.space)] - slot.bytes)
    return op->emitOpError()
           << "expects a slot within its space of "
           << sizes[static_cast<size_t>(slot.space)] << " bytes, got "
           << toAttribute(op->getContext(), slot);
  return success();
}

LogicalResult ProgramVerifier::checkHolds(Operation *op, const Twine &what,
                                          const Slot &slot,
                                          const Content &content) {
  auto mismatch = memory.mismatch(slot, content);
  if (!mismatch)
    return success();
  InFlightDiagnostic error = op->emitOpError()
                             << "expects " << what << " in slot "
                             << toAttribute(op->getContext(), slot) << ", got ";
  if (!mismatch->writer)
    return error << "bytes that this program has not written";
  error << "what another operation has written";
  error.attachNote(mismatch->writer->getLoc()) << "written here";
  return error;
}

/// All variables are there before a program runs; those it does not read must
/// be there afterwards all the same.
LogicalResult ProgramVerifier::fillVariables() {
  for (auto variable : module.getOps<VariableOp>()) {
    Slot slot = slotOf(variable);
    if (failed(checkSize(variable, slot, slot.bytes)))
      return failure();
    variables[variable] = {nullptr, variable};
  }
  for (BlockArgument argument : function.getArguments())
    if (auto name = function.getArgAttrOfType<StringAttr>(
            argument.getArgNumber(), "bcssl.variable"))
      variables[module.lookupSymbol<VariableOp>(name)] = contentOf(argument);
  for (auto variable : module.getOps<VariableOp>())
    memory.write(slotOf(variable), variables[variable]);
  // One variable over another would have erased it.
  for (auto variable : module.getOps<VariableOp>())
    if (memory.mismatch(slotOf(variable), variables[variable]))
      return variable.emitOpError("expects a place of its own, got that of "
                                  "another variable");
  return success();
}

LogicalResult ProgramVerifier::fillInputs() {
  for (BlockArgument argument : function.getArguments()) {
    Slot slot = portSlot(function.getArgAttrDict(argument.getArgNumber()),
                         argument.getType(), Space::Input);
    if (slot.space == Space::State)
      continue;
    if (failed(checkSize(function, slot, slot.bytes)))
      return failure();
    memory.write(slot, contentOf(argument));
  }
  for (BlockArgument argument : function.getArguments())
    if (failed(checkHolds(
            function, "argument " + Twine(argument.getArgNumber()),
            portSlot(function.getArgAttrDict(argument.getArgNumber()),
                     argument.getType(), Space::Input),
            contentOf(argument))))
      return failure();
  return success();
}

/// The tiles of a launch run in any order: a result may lie over an operand
/// only where each element is read before it is written, and over no other
/// result.
LogicalResult ProgramVerifier::checkWrite(KernelOp kernel, ArrayRef<Slot> slots,
                                          unsigned result) {
  unsigned operands = kernel->getNumOperands();
  const Slot &slot = slots[operands + result];
  if (slot.space == Space::Input)
    return kernel.emitOpError()
           << "expects result " << result << " outside of the inputs, got "
           << toAttribute(kernel.getContext(), slot);
  for (auto [number, other] : llvm::enumerate(slots)) {
    bool isItself = number == operands + result;
    bool isReplaced = number < operands && slot == other &&
                      readsSameElement(kernel, number, result);
    if (!isItself && !isReplaced && slot.overlaps(other))
      return kernel.emitOpError()
             << "expects result " << result
             << " apart from what the kernel reads elsewhere and from its "
                "other results, got "
             << toAttribute(kernel.getContext(), slot) << " and "
             << toAttribute(kernel.getContext(), other);
  }
  return success();
}

LogicalResult ProgramVerifier::launch(KernelOp kernel) {
  SmallVector<Slot> slots;
  for (Attribute slot : kernel->getAttrOfType<ArrayAttr>("slots"))
    slots.push_back(*toSlot(slot));
  SmallVector<Value> values(kernel->getOperands());
  llvm::append_range(values, kernel->getResults());
  for (auto [value, slot] : llvm::zip_equal(values, slots))
    if (failed(checkSize(kernel, slot, bytesOf(value.getType()))))
      return failure();
  for (auto [number, operand] : llvm::enumerate(kernel.getInputs()))
    if (failed(checkHolds(kernel, "operand " + Twine(number), slots[number],
                          contentOf(operand))))
      return failure();
  unsigned operands = kernel->getNumOperands();
  for (OpResult result : kernel->getResults()) {
    if (failed(checkWrite(kernel, slots, result.getResultNumber())))
      return failure();
    memory.write(slots[operands + result.getResultNumber()],
                 {result, nullptr, 0, kernel});
  }
  return success();
}

LogicalResult ProgramVerifier::runMoves() {
  for (Attribute move : function->getAttrOfType<ArrayAttr>("bcssl.moves")) {
    Slot from = *toSlot(cast<ArrayAttr>(move)[0]);
    Slot to = *toSlot(cast<ArrayAttr>(move)[1]);
    if (failed(checkSize(function, from, to.bytes)) ||
        failed(checkSize(function, to, from.bytes)))
      return failure();
    if (to.space == Space::Input || from.overlaps(to))
      return function.emitOpError(
                 "expects a move to a place apart and not to an input, got ")
             << move;
    memory.move(from, to);
  }
  return success();
}

LogicalResult ProgramVerifier::checkResults() {
  Operation *terminator = function.getBody().front().getTerminator();
  for (OpOperand &operand : terminator->getOpOperands()) {
    unsigned number = operand.getOperandNumber();
    DictionaryAttr attributes = function.getResultAttrDict(number);
    Slot slot = portSlot(attributes, operand.get().getType(), Space::Output);
    if (failed(checkSize(function, slot, slot.bytes)) ||
        failed(checkHolds(function, "result " + Twine(number), slot,
                          contentOf(operand.get()))))
      return failure();
    if (auto name = attributes.getAs<StringAttr>("bcssl.variable"))
      variables.erase(module.lookupSymbol<VariableOp>(name));
  }
  for (auto variable : module.getOps<VariableOp>())
    if (auto kept = variables.find(variable); kept != variables.end())
      if (failed(checkHolds(
              function, "variable '" + variable.getSymName() + "' as it was",
              slotOf(variable), kept->second)))
        return failure();
  return success();
}

LogicalResult ProgramVerifier::run() {
  if (failed(fillVariables()) || failed(fillInputs()))
    return failure();
  for (auto kernel : function.getBody().front().getOps<KernelOp>())
    if (failed(launch(kernel)))
      return failure();
  return failure(failed(runMoves()) || failed(checkResults()));
}

struct VerifyMemory : impl::VerifyMemoryBase<VerifyMemory> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(checkMemoryPlan(module)))
      return signalPassFailure();
    for (auto function : module.getOps<func::FuncOp>())
      if (!function.isDeclaration() &&
          failed(ProgramVerifier(module, function).run()))
        return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace
} // namespace bcssl
