//===- NarrowActivations.cpp - what crosses kernels, in bf16 --------------===//

#include "passes/fusion/ActivationValues.h"
#include "passes/fusion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace bcssl {
#define GEN_PASS_DEF_NARROWACTIVATIONS
#include "passes/fusion/Passes.h.inc"

namespace {

Type elementOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getElementType();
}

Type narrowed(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.clone(BFloat16Type::get(type.getContext()));
}

/// Whether the program multiplies in bf16; a program in f32 stays one.
bool multipliesInBf16(Block &program) {
  for (auto kernel : program.getOps<KernelOp>())
    for (Operation &op : kernel.getBody().front())
      if (kindOf(&op) == OpKind::Anchor && elementOf(op.getOperand(0)).isBF16())
        return true;
  return false;
}

/// Whether a kernel can widen the input where it reads it. What is read as
/// memory, and not at the element that is computed, has to lie there as it is.
bool canWiden(BlockArgument input) {
  return llvm::all_of(input.getUsers(), [](Operation *user) {
    OpKind kind = kindOf(user);
    return kind == OpKind::RowReduce || kind == OpKind::Partial ||
           (kind == OpKind::Pointwise &&
            !isa<CrossViewTargetsOp, OneHotOp, RandomUniformOp>(user));
  });
}

/// The values of one program that get their bf16 rounding for a place in
/// memory: results of kernels and the reshapes and slices of them.
class Narrowing {
public:
  Narrowing(Block &program, int64_t minElements)
      : program(program), minElements(minElements) {}

  void run();

private:
  bool isLarge(Value value) const;
  bool areReadersContent(Value value) const;
  void choose();
  void narrowResults(KernelOp kernel);
  void widenInputs(KernelOp kernel);
  void mergeEqualResults(KernelOp kernel);
  void mergeEqualInputs(KernelOp kernel);

  Block &program;
  int64_t minElements;
  SetVector<Value> chosen;
};

bool Narrowing::isLarge(Value value) const {
  auto type = cast<RankedTensorType>(value.getType());
  return type.getElementType().isF32() && type.getRank() > 1 &&
         type.getNumElements() >= minElements;
}

/// Whether all readers take the value in bf16, given what is chosen.
bool Narrowing::areReadersContent(Value value) const {
  return llvm::all_of(value.getUses(), [&](OpOperand &use) {
    Operation *reader = use.getOwner();
    if (kindOf(reader) == OpKind::Alias)
      return chosen.contains(reader->getResult(0));
    auto kernel = dyn_cast<KernelOp>(reader);
    if (!kernel)
      return false; // a result of the program
    if (kernel.getFamily() == KernelFamily::Movement)
      return chosen.contains(kernel.getResult(0));
    return canWiden(
        kernel.getBody().front().getArgument(use.getOperandNumber()));
  });
}

/// Whether a value that is moved, not computed, comes from chosen ones alone.
static bool areSourcesChosen(Value value, const SetVector<Value> &chosen) {
  Operation *op = value.getDefiningOp();
  auto kernel = dyn_cast<KernelOp>(op);
  if (kernel && kernel.getFamily() != KernelFamily::Movement)
    return true;
  return llvm::all_of(op->getOperands(),
                      [&](Value operand) { return chosen.contains(operand); });
}

void Narrowing::choose() {
  ActivationValues values(program);
  for (Operation &op : program.without_terminator())
    for (Value result : op.getResults())
      if (isLarge(result) && values.isActivation(result))
        chosen.insert(result);
  // Moves and their readers depend on each other.
  for (bool changed = true; changed;)
    changed = chosen.remove_if([&](Value value) {
      return !areReadersContent(value) || !areSourcesChosen(value, chosen);
    });
}

void Narrowing::narrowResults(KernelOp kernel) {
  Operation *yield = kernel.getBody().front().getTerminator();
  OpBuilder builder(yield);
  for (auto [result, yielded] :
       llvm::zip_equal(kernel.getResults(), yield->getOpOperands())) {
    if (!chosen.contains(result))
      continue;
    Value value = yielded.get();
    result.setType(narrowed(result));
    if (kernel.getFamily() == KernelFamily::Movement) {
      value.setType(result.getType());
      continue;
    }
    auto isRounding = [&](Operation *user) {
      return isa<arith::TruncFOp>(user) &&
             user->getResult(0).getType() == result.getType();
    };
    auto known = llvm::find_if(value.getUsers(), isRounding);
    yielded.set(known != value.user_end()
                    ? known->getResult(0)
                    : Value(arith::TruncFOp::create(builder, value.getLoc(),
                                                    result.getType(), value)));
  }
}

void Narrowing::widenInputs(KernelOp kernel) {
  Block &body = kernel.getBody().front();
  OpBuilder builder = OpBuilder::atBlockBegin(&body);
  for (auto [argument, input] :
       llvm::zip_equal(body.getArguments(), kernel.getInputs())) {
    if (!chosen.contains(input))
      continue;
    Type wide = argument.getType();
    argument.setType(input.getType());
    if (kernel.getFamily() == KernelFamily::Movement)
      continue;
    auto widened =
        arith::ExtFOp::create(builder, argument.getLoc(), wide, argument);
    argument.replaceAllUsesExcept(widened, widened);
  }
}

/// A value that went into products was rounded before, and is stored once.
void Narrowing::mergeEqualResults(KernelOp kernel) {
  Operation *yield = kernel.getBody().front().getTerminator();
  llvm::MapVector<Value, unsigned> firstOf;
  for (auto [number, value] : llvm::enumerate(yield->getOperands()))
    if (!firstOf.try_emplace(value, number).second)
      kernel.getResult(number).replaceAllUsesWith(
          kernel.getResult(firstOf.lookup(value)));
  if (firstOf.size() == kernel.getNumResults())
    return;
  SmallVector<Type> types;
  SmallVector<Value> yielded;
  for (auto [value, number] : firstOf) {
    types.push_back(value.getType());
    yielded.push_back(value);
  }
  OpBuilder builder(kernel);
  auto merged =
      KernelOp::create(builder, kernel.getLoc(), types, kernel.getInputs(),
                       kernel.getFamily(), kernel.getTileAttr());
  merged.getBody().takeBody(kernel.getBody());
  merged.getBody().front().getTerminator()->setOperands(yielded);
  for (auto [place, entry] : llvm::enumerate(firstOf))
    kernel.getResult(entry.second).replaceAllUsesWith(merged.getResult(place));
  kernel.erase();
}

/// A kernel that multiplies a value and also adds it reads it once.
void Narrowing::mergeEqualInputs(KernelOp kernel) {
  Block &body = kernel.getBody().front();
  DenseMap<Value, BlockArgument> firstOf;
  llvm::BitVector again(kernel->getNumOperands());
  for (auto [argument, input] :
       llvm::zip_equal(body.getArguments(), kernel.getInputs())) {
    auto [first, isNew] = firstOf.try_emplace(input, argument);
    if (isNew)
      continue;
    argument.replaceAllUsesWith(first->second);
    again.set(argument.getArgNumber());
  }
  body.eraseArguments(again);
  kernel->eraseOperands(again);
}

void Narrowing::run() {
  choose();
  SmallVector<KernelOp> kernels(program.getOps<KernelOp>());
  for (KernelOp kernel : kernels)
    narrowResults(kernel);
  for (Operation &op : program)
    if (kindOf(&op) == OpKind::Alias && chosen.contains(op.getResult(0)))
      op.getResult(0).setType(narrowed(op.getResult(0)));
  for (KernelOp kernel : kernels)
    widenInputs(kernel);
  for (KernelOp kernel : kernels)
    mergeEqualResults(kernel);
  for (auto kernel : program.getOps<KernelOp>())
    mergeEqualInputs(kernel);
}

struct NarrowActivations : impl::NarrowActivationsBase<NarrowActivations> {
  using NarrowActivationsBase::NarrowActivationsBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isDeclaration())
      return;
    if (minElements < 1) {
      function.emitOpError("expects a positive min-elements, got ")
          << minElements.getValue();
      return signalPassFailure();
    }
    Block &program = function.getBody().front();
    for (Operation &op : program.without_terminator())
      if (!isa<KernelOp>(op) && kindOf(&op) != OpKind::Alias) {
        op.emitOpError("expects kernels, reshapes and slices alone: run "
                       "bcssl-form-kernels first");
        return signalPassFailure();
      }
    if (multipliesInBf16(program))
      Narrowing(program, minElements).run();
  }
};

} // namespace
} // namespace bcssl
