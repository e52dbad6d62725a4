//===- Rewrite.cpp - LLVM IR of GPUs for the host -------------------------===//

#include "tools/simt/executor/Rewrite.h"

#include "tools/simt/executor/ProductUses.h"
#include "tools/simt/executor/Scalars.h"

#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/ReplaceConstant.h"

#include <cstddef>
#include <cstring>

using namespace llvm;

void *bcsslSimtAccess(bcssl::simt::ThreadState *state, void *address,
                      uint32_t siteNumber) {
  using namespace bcssl::simt;
  auto &thread = static_cast<Thread &>(*state);
  Block &block = *thread.block;
  const Site &site = block.launch().kernel->sites[siteNumber];
  thread.site = siteNumber;
  bool isInside =
      site.kind == Site::Read
          ? block.checkRead(thread, address, site.bytes, site.alignment)
      : site.kind == Site::Write
          ? block.checkWrite(thread, address, site.bytes, site.alignment)
          : block.checkAtomic(thread, address, site.bytes);
  if (isInside)
    return address;
  alignas(64) static thread_local std::byte elsewhere[4096];
  std::memset(elsewhere, 0xff, sizeof(elsewhere));
  return elsewhere;
}

namespace bcssl::simt {
namespace {

constexpr unsigned sharedSpace = 3;
constexpr StringRef nvvmPrefix = "llvm.nvvm.";
constexpr StringRef registerPrefix = "llvm.nvvm.read.ptx.sreg.";

/// Where in ThreadState a special register is, or nothing.
std::optional<size_t> registerOffset(StringRef name) {
  if (!name.consume_front(registerPrefix))
    return std::nullopt;
  for (auto [stem, offset] :
       {std::pair<StringRef, size_t>{"tid.", offsetof(ThreadState, threadId)},
        {"ctaid.", offsetof(ThreadState, blockId)},
        {"ntid.", offsetof(ThreadState, blockSize)},
        {"nctaid.", offsetof(ThreadState, gridSize)}})
    if (name.starts_with(stem) && name.size() == stem.size() + 1 &&
        name.back() >= 'x' && name.back() <= 'z')
      return offset + 4 * (name.back() - 'x');
  if (name == "laneid")
    return offsetof(ThreadState, lane);
  if (name == "warpid")
    return offsetof(ThreadState, warp);
  if (name == "dynamic_smem_size")
    return offsetof(ThreadState, dynamicShared);
  if (name == "total_smem_size")
    return offsetof(ThreadState, totalShared);
  return std::nullopt;
}

/// What inline PTX does, or nothing.
std::optional<Assembly> findAssembly(const CallInst &call) {
  auto *assembly = dyn_cast<InlineAsm>(call.getCalledOperand());
  if (!assembly)
    return std::nullopt;
  return simt::findAssembly(std::string_view(assembly->getAsmString()),
                            call.arg_size());
}

std::string placeOf(const Instruction &instruction) {
  std::string place;
  const DILocation *location = instruction.getDebugLoc();
  for (; location; location = location->getInlinedAt())
    place += (place.empty() ? "" : ", called at ") +
             location->getFilename().str() + ":" +
             std::to_string(location->getLine());
  return place;
}

class KernelRewriter {
public:
  KernelRewriter(Function &old, bool checks, CalledOperations &called)
      : old(old), module(*old.getParent()), context(module.getContext()),
        layout(module.getDataLayout()), checks(checks), called(called) {}

  Kernel run();

private:
  void moveBody();
  void placeShared();
  void rewrite(Instruction &instruction);
  void rewriteCall(CallInst &call);
  void callOperation(CallInst &call, StringRef name,
                     const Operation &operation);
  void checkAccess(Instruction &access, unsigned operand, Type *type,
                   uint64_t alignment, decltype(Site::kind) kind);
  void checkProducts();
  void callHandler(IRBuilder<> &builder, StringRef symbol,
                   const Operation &operation, uint32_t site, Value *results,
                   Value *operands);
  uint32_t addSite(const Instruction &instruction, std::string what);

  Value *field(IRBuilder<> &builder, size_t offset, Type *type) {
    auto *load =
        builder.CreateLoad(type, builder.CreateConstInBoundsGEP1_64(
                                     builder.getInt8Ty(), thread, offset));
    load->setMetadata(LLVMContext::MD_invariant_load, MDNode::get(context, {}));
    return load;
  }

  Function &old;
  Module &module;
  LLVMContext &context;
  const DataLayout &layout;
  bool checks;
  CalledOperations &called;
  Kernel kernel;
  Function *function = nullptr;
  Value *thread = nullptr;
  BasicBlock *prologue = nullptr;
  SmallPtrSet<const Value *, 4> parameterMemory;
  DenseMap<const CallInst *, uint32_t> productSites;
};

uint32_t KernelRewriter::addSite(const Instruction &instruction,
                                 std::string what) {
  std::string place = placeOf(instruction);
  Site site;
  site.location = place.empty() ? what : place + " " + what;
  kernel.sites.push_back(std::move(site));
  return static_cast<uint32_t>(kernel.sites.size() - 1);
}

void KernelRewriter::moveBody() {
  auto *pointer = PointerType::getUnqual(context);
  auto *type = FunctionType::get(Type::getVoidTy(context), {pointer}, false);
  function = Function::Create(type, GlobalValue::ExternalLinkage,
                              rewrittenName(old.getName()), module);
  function->addFnAttr(Attribute::NoUnwind);
  thread = function->getArg(0);
  function->splice(function->end(), &old);
  BasicBlock *body = &function->front();
  prologue = BasicBlock::Create(context, "registers", function, body);
  IRBuilder<> builder(prologue);
  Value *arguments = field(builder, offsetof(ThreadState, arguments), pointer);
  for (Argument &argument : old.args()) {
    // By value: the parameter's own memory. Else the value that lies there.
    Type *held = argument.hasByValAttr() ? argument.getParamByValType()
                                         : argument.getType();
    auto *slot = builder.CreateLoad(
        pointer, builder.CreateConstInBoundsGEP1_64(
                     pointer, arguments, kernel.parameterBytes.size()));
    kernel.parameterBytes.push_back(
        static_cast<uint32_t>(layout.getTypeAllocSize(held)));
    Value *value = slot;
    if (!argument.hasByValAttr())
      value = builder.CreateLoad(held, slot);
    else if (argument.getType() != pointer)
      value = builder.CreateAddrSpaceCast(slot, argument.getType());
    if (argument.hasByValAttr())
      parameterMemory.insert(slot);
    argument.replaceAllUsesWith(value);
  }
  builder.CreateBr(body);
}

void KernelRewriter::placeShared() {
  SmallVector<GlobalVariable *> fixed, dynamic;
  SmallVector<Constant *> constants;
  for (GlobalVariable &global : module.globals()) {
    if (global.getAddressSpace() != sharedSpace)
      continue;
    constants.push_back(&global);
    (layout.getTypeAllocSize(global.getValueType()) ? fixed : dynamic)
        .push_back(&global);
  }
  convertUsersOfConstantsToInstructions(constants);
  IRBuilder<> builder(prologue->getTerminator());
  Value *base = field(builder, offsetof(ThreadState, shared),
                      PointerType::getUnqual(context));
  uint64_t end = 0;
  auto place = [&](GlobalVariable &global, uint64_t bytes) {
    end = alignTo(end, global.getAlign().valueOrOne());
    Value *address = builder.CreateAddrSpaceCast(
        builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), base, end),
        global.getType());
    global.replaceAllUsesWith(address);
    global.eraseFromParent();
    end += bytes;
  };
  for (GlobalVariable *global : fixed)
    place(*global, layout.getTypeAllocSize(global->getValueType()));
  for (GlobalVariable *global : dynamic)
    place(*global, 0);
  kernel.staticSharedBytes = static_cast<uint32_t>(end);
}

void KernelRewriter::checkAccess(Instruction &access, unsigned operand,
                                 Type *type, uint64_t alignment,
                                 decltype(Site::kind) kind) {
  Value *address = access.getOperand(operand);
  const Value *object = getUnderlyingObject(address, 0);
  auto *global = dyn_cast<GlobalVariable>(object);
  if (isa<AllocaInst>(object) || parameterMemory.contains(object) ||
      (global && global->isConstant()))
    return;
  uint64_t bytes = layout.getTypeStoreSize(type);
  uint32_t number =
      addSite(access, std::string(access.getOpcodeName()) + " of " +
                          std::to_string(bytes) + " bytes");
  Site &site = kernel.sites[number];
  site.bytes = static_cast<uint32_t>(bytes);
  site.alignment = static_cast<uint32_t>(std::min<uint64_t>(alignment, 16));
  site.kind = kind;
  auto *pointer = PointerType::getUnqual(context);
  IRBuilder<> builder(&access);
  auto check = module.getOrInsertFunction("bcsslSimtAccess", pointer, pointer,
                                          pointer, builder.getInt32Ty());
  Value *checked = builder.CreateCall(
      check, {thread, builder.CreateAddrSpaceCast(address, pointer),
              builder.getInt32(number)});
  access.setOperand(operand,
                    builder.CreateAddrSpaceCast(checked, address->getType()));
}

/// The type of integers with as many bits as a value of `type`.
Type *bitsOf(Type *type, const DataLayout &layout) {
  return IntegerType::get(type->getContext(),
                          layout.getTypeSizeInBits(type).getFixedValue());
}

void KernelRewriter::callHandler(IRBuilder<> &builder, StringRef name,
                                 const Operation &operation, uint32_t site,
                                 Value *results, Value *operands) {
  std::string symbol = ("simt.operation." + name).str();
  called[symbol] = operation;
  Type *word = builder.getInt64Ty(), *pointer = builder.getPtrTy();
  builder.CreateStore(
      builder.getInt32(site),
      builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), thread,
                                         offsetof(ThreadState, site)));
  auto handler = module.getOrInsertFunction(symbol, builder.getVoidTy(),
                                            pointer, pointer, pointer, word);
  builder.CreateCall(handler, {thread, results, operands,
                               builder.getInt64(operation.parameter)});
}

/// Sums of matrix products that are used must have been waited for.
void KernelRewriter::checkProducts() {
  SmallVector<CallInst *> products;
  for (Instruction &instruction : instructions(*function))
    if (auto *call = dyn_cast<CallInst>(&instruction)) {
      auto assembly = findAssembly(*call);
      if (!assembly || !assembly->isProduct)
        continue;
      products.push_back(call);
      productSites[call] = addSite(*call, assembly->name);
    }
  auto *none = ConstantPointerNull::get(PointerType::getUnqual(context));
  for (const ProductUse &use : findProductUses(*function, products)) {
    uint32_t site = addSite(*use.user, use.user->getOpcodeName());
    for (const CallInst *product : use.products)
      kernel.sites[site].products.push_back(productSites[product]);
    IRBuilder<> builder(use.user);
    callHandler(builder, "product.use", productUse, site, none, none);
  }
}

void KernelRewriter::callOperation(CallInst &call, StringRef name,
                                   const Operation &operation) {
  auto known = productSites.find(&call);
  uint32_t site =
      known != productSites.end() ? known->second : addSite(call, name.str());

  IRBuilder<> allocas(&prologue->front()), builder(&call);
  Type *word = builder.getInt64Ty(), *pointer = builder.getPtrTy();
  Type *type = call.getType();
  auto *fields = dyn_cast<StructType>(type);
  unsigned resultCount = fields             ? fields->getNumElements()
                         : type->isVoidTy() ? 0
                                            : 1;
  auto *operandsType = ArrayType::get(word, std::max(1u, call.arg_size()));
  auto *resultsType = ArrayType::get(word, std::max(1u, resultCount));
  Value *operands = allocas.CreateAlloca(operandsType);
  Value *results =
      resultCount
          ? allocas.CreateAlloca(resultsType)
          : (Value *)ConstantPointerNull::get(PointerType::getUnqual(context));
  for (auto [i, argument] : enumerate(call.args())) {
    Value *value = argument.get();
    if (value->getType()->isPointerTy())
      value = builder.CreatePtrToInt(
          builder.CreateAddrSpaceCast(value, pointer), word);
    else
      value = builder.CreateZExt(
          builder.CreateBitCast(value, bitsOf(value->getType(), layout)), word);
    builder.CreateStore(value,
                        builder.CreateConstInBoundsGEP1_64(word, operands, i));
  }
  callHandler(builder, name, operation, site, results, operands);
  auto result = [&](unsigned i, Type *wanted) {
    Value *bits = builder.CreateTrunc(
        builder.CreateLoad(
            word, builder.CreateConstInBoundsGEP1_64(word, results, i)),
        bitsOf(wanted, layout));
    return builder.CreateBitCast(bits, wanted);
  };
  Value *replacement = nullptr;
  if (fields) {
    replacement = PoisonValue::get(type);
    for (unsigned i = 0; i < resultCount; ++i)
      replacement = builder.CreateInsertValue(
          replacement, result(i, fields->getElementType(i)), i);
  } else if (resultCount) {
    replacement = result(0, type);
  }
  if (replacement)
    call.replaceAllUsesWith(replacement);
  call.eraseFromParent();
}

void KernelRewriter::rewriteCall(CallInst &call) {
  if (auto assembly = findAssembly(call))
    return callOperation(call, assembly->name, assembly->operation);
  Function *callee = call.getCalledFunction();
  StringRef name = callee ? callee->getName() : "";
  if (!name.starts_with(nvvmPrefix))
    return;
  IRBuilder<> builder(&call);
  Value *value = nullptr;
  if (auto offset = registerOffset(name))
    value = field(builder, *offset, call.getType());
  else if (name == "llvm.nvvm.read.ptx.sreg.warpsize")
    value = builder.getInt32(32);
  else
    value = expandScalar(builder, call);
  if (!value)
    return callOperation(call, name.drop_front(nvvmPrefix.size()),
                         *findOperation(std::string_view(name)));
  call.replaceAllUsesWith(value);
  call.eraseFromParent();
}

void KernelRewriter::rewrite(Instruction &instruction) {
  if (auto *call = dyn_cast<CallInst>(&instruction))
    return rewriteCall(*call);
  if (auto *cast = dyn_cast<FPTruncInst>(&instruction);
      cast && cast->getDestTy()->getScalarType()->isBFloatTy() &&
      cast->getSrcTy()->getScalarType()->isFloatTy()) {
    IRBuilder<> builder(cast);
    cast->replaceAllUsesWith(roundToBf16(builder, cast->getOperand(0)));
    cast->eraseFromParent();
    return;
  }
  if (!checks || instruction.getParent() == prologue)
    return;
  if (auto *load = dyn_cast<LoadInst>(&instruction))
    checkAccess(*load, LoadInst::getPointerOperandIndex(), load->getType(),
                load->getAlign().value(), Site::Read);
  else if (auto *store = dyn_cast<StoreInst>(&instruction))
    checkAccess(*store, StoreInst::getPointerOperandIndex(),
                store->getValueOperand()->getType(), store->getAlign().value(),
                Site::Write);
  else if (auto *update = dyn_cast<AtomicRMWInst>(&instruction))
    checkAccess(*update, AtomicRMWInst::getPointerOperandIndex(),
                update->getType(), 1, Site::Atomic);
  else if (auto *exchange = dyn_cast<AtomicCmpXchgInst>(&instruction))
    checkAccess(*exchange, AtomicCmpXchgInst::getPointerOperandIndex(),
                exchange->getNewValOperand()->getType(), 1, Site::Atomic);
}

Kernel KernelRewriter::run() {
  kernel.name = old.getName().str();
  kernel.sites.emplace_back().location = "its start";
  moveBody();
  placeShared();
  old.eraseFromParent();
  SmallVector<Instruction *> all;
  for (Instruction &instruction : instructions(*function))
    all.push_back(&instruction);
  if (checks) // its own instructions are not to be rewritten
    checkProducts();
  for (Instruction *instruction : all)
    rewrite(*instruction);
  return std::move(kernel);
}

} // namespace

bool isKernel(const Function &function) {
  return !function.isDeclaration() &&
         (function.getCallingConv() == CallingConv::PTX_Kernel ||
          function.hasFnAttribute("nvvm.kernel"));
}

std::string rewrittenName(StringRef kernel) { return "simt." + kernel.str(); }

std::vector<std::string> unknownInstructions(const Module &module,
                                             bool checks) {
  std::vector<std::string> unknown;
  auto add = [&](const Instruction &instruction, const Twine &what) {
    std::string place = placeOf(instruction);
    unknown.push_back((what + " in " + instruction.getFunction()->getName() +
                       (place.empty() ? "" : " at " + place))
                          .str());
  };
  auto isKnown = [&](StringRef name) {
    return registerOffset(name) || name == "llvm.nvvm.read.ptx.sreg.warpsize" ||
           isScalar(name) || findOperation(std::string_view(name));
  };
  for (const Function &function : module)
    for (const Instruction &instruction : instructions(function)) {
      auto *call = dyn_cast<CallInst>(&instruction);
      if (!call)
        continue;
      const Function *callee = call->getCalledFunction();
      if (call->isInlineAsm()) {
        if (!findAssembly(*call))
          add(instruction, "inline assembly");
      } else if (!callee)
        add(instruction, "an indirect call");
      else if (callee->getName().starts_with("llvm.nvvm.")
                   ? !isKnown(callee->getName())
                   : callee->isDeclaration() && !callee->isIntrinsic())
        add(instruction, callee->getName());
      else if (checks && (isa<MemIntrinsic>(call) ||
                          callee->getName().starts_with("llvm.masked.")))
        add(instruction, callee->getName() + ", which checks cannot follow,");
    }
  return unknown;
}

Kernel rewriteKernel(Function &function, bool checks,
                     CalledOperations &called) {
  return KernelRewriter(function, checks, called).run();
}

} // namespace bcssl::simt
