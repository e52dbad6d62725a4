//===- RunOnCpu.cpp - GPU kernels on the machine at hand ------------------===//

#include "test/passes/codegen/gpu/RunOnCpu.h"

#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/TargetSelect.h"

#include <ucontext.h>

#include <algorithm>
#include <memory>
#include <span>

using namespace llvm;

namespace bcssl::test {
namespace {

constexpr std::byte poison{0xff}; // NaN in every float type
constexpr size_t sharedCapacity = 256 << 10, stackBytes = 64 << 10;

/// The block that runs. JIT code calls back without a context argument.
class Block {
public:
  using Entry = void (*)(void *const *arguments);

  Block(Entry entry, void *const *arguments, int64_t threads,
        std::vector<std::span<std::byte>> memory)
      : entry(entry), arguments(arguments), memory(std::move(memory)),
        fibers(threads), stacks(threads), done(threads) {
    for (std::unique_ptr<char[]> &stack : stacks)
      stack.reset(new char[stackBytes]);
  }

  /// Runs all threads of block `index`; false when some of them wait at a
  /// barrier that others have left behind.
  bool run(int64_t index, ThreadOrder order) {
    current = this;
    blockIndex = static_cast<int32_t>(index);
    auto threads = static_cast<int32_t>(fibers.size());
    std::fill(done.begin(), done.end(), false);
    for (int32_t t = 0; t < threads; ++t) {
      getcontext(&fibers[t]);
      fibers[t].uc_stack.ss_sp = stacks[t].get();
      fibers[t].uc_stack.ss_size = stackBytes;
      fibers[t].uc_link = &scheduler;
      makecontext(&fibers[t], &Block::startThread, 0);
    }
    while (true) {
      for (int32_t step = 0; step < threads; ++step) {
        threadIndex = order == ThreadOrder::Rising ? step : threads - 1 - step;
        swapcontext(&scheduler, &fibers[threadIndex]);
      }
      auto finished = std::count(done.begin(), done.end(), true);
      if (finished == threads)
        return true;
      if (finished != 0)
        return false;
    }
  }

  static int32_t thread() { return current->threadIndex; }
  static int32_t block() { return current->blockIndex; }
  static void barrier() {
    swapcontext(&current->fibers[current->threadIndex], &current->scheduler);
  }

  /// The address itself if so many bytes from there on are memory of the
  /// kernel; else another one, and the run has failed.
  static void *check(std::byte *address, int64_t bytes) {
    for (std::span<std::byte> piece : current->memory)
      if (address >= piece.data() &&
          address + bytes <= piece.data() + piece.size())
        return address;
    current->outside = true;
    alignas(64) static std::byte elsewhere[64];
    return elsewhere;
  }

  /// Whether a load or store missed the kernel's memory.
  bool outside = false;

private:
  static void startThread() {
    current->entry(current->arguments);
    current->done[current->threadIndex] = true;
  }

  inline static Block *current = nullptr;
  Entry entry;
  void *const *arguments;
  std::vector<std::span<std::byte>> memory;
  std::vector<ucontext_t> fibers;
  std::vector<std::unique_ptr<char[]>> stacks;
  std::vector<bool> done;
  ucontext_t scheduler{};
  int32_t threadIndex = 0, blockIndex = 0;
};

/// Replaces what only a GPU has by calls of the functions above.
std::string replaceIntrinsics(Module &module) {
  SmallVector<IntrinsicInst *> intrinsics;
  for (Function &function : module)
    for (Instruction &instruction : instructions(function))
      if (auto *intrinsic = dyn_cast<IntrinsicInst>(&instruction))
        if (intrinsic->getCalledFunction()->getName().starts_with("llvm.nvvm."))
          intrinsics.push_back(intrinsic);
  for (IntrinsicInst *intrinsic : intrinsics) {
    StringRef name = intrinsic->getCalledFunction()->getName();
    StringRef callback =
        name == "llvm.nvvm.read.ptx.sreg.tid.x"     ? "test_thread"
        : name == "llvm.nvvm.read.ptx.sreg.ctaid.x" ? "test_block"
        : name.starts_with("llvm.nvvm.barrier")     ? "test_barrier"
                                                    : "";
    if (callback.empty())
      return "cannot run " + name.str();
    IRBuilder<> builder(intrinsic);
    auto *type = FunctionType::get(intrinsic->getType(), false);
    intrinsic->replaceAllUsesWith(
        builder.CreateCall(module.getOrInsertFunction(callback, type)));
    intrinsic->eraseFromParent();
  }
  return "";
}

/// Checks the address of every load and store.
void checkAccesses(Function &kernel) {
  Module &module = *kernel.getParent();
  SmallVector<Instruction *> accesses;
  for (Instruction &instruction : instructions(kernel))
    if (isa<LoadInst, StoreInst>(instruction))
      accesses.push_back(&instruction);
  auto *pointer = PointerType::getUnqual(module.getContext());
  auto *word = Type::getInt64Ty(module.getContext());
  auto *type = FunctionType::get(pointer, {pointer, word}, false);
  FunctionCallee check = module.getOrInsertFunction("test_check", type);
  for (Instruction *access : accesses) {
    IRBuilder<> builder(access);
    unsigned operand = isa<LoadInst>(access)
                           ? LoadInst::getPointerOperandIndex()
                           : StoreInst::getPointerOperandIndex();
    Value *address = access->getOperand(operand);
    uint64_t bytes =
        module.getDataLayout().getTypeStoreSize(getLoadStoreType(access));
    Value *checked = builder.CreateCall(
        check, {builder.CreateAddrSpaceCast(address, pointer),
                builder.getInt64(bytes)});
    access->setOperand(
        operand, builder.CreateAddrSpaceCast(checked, address->getType()));
  }
}

/// The rounding of f32 to bf16, which this machine's library may lack.
void defineRounding(Module &module) {
  LLVMContext &context = module.getContext();
  auto *type = FunctionType::get(Type::getBFloatTy(context),
                                 {Type::getFloatTy(context)}, false);
  auto *function = cast<Function>(
      module.getOrInsertFunction("__truncsfbf2", type).getCallee());
  IRBuilder<> builder(BasicBlock::Create(context, "entry", function));
  Value *number = function->getArg(0);
  Value *bits = builder.CreateBitCast(number, builder.getInt32Ty());
  Value *odd = builder.CreateAnd(builder.CreateLShr(bits, 16), 1);
  Value *rounded =
      builder.CreateAdd(builder.CreateAdd(bits, builder.getInt32(0x7fff)), odd);
  Value *isNan = builder.CreateFCmpUNO(number, number);
  Value *upper =
      builder.CreateLShr(builder.CreateSelect(isNan, bits, rounded), 16);
  Value *result = builder.CreateTrunc(upper, builder.getInt16Ty());
  builder.CreateRet(builder.CreateBitCast(result, Type::getBFloatTy(context)));
}

/// `void test_entry(void *const *arguments)`, which calls the kernel.
void addEntry(Module &module, Function &kernel) {
  LLVMContext &context = module.getContext();
  auto *pointer = PointerType::getUnqual(context);
  auto *type = FunctionType::get(Type::getVoidTy(context), {pointer}, false);
  auto *entry = Function::Create(type, GlobalValue::ExternalLinkage,
                                 "test_entry", module);
  IRBuilder<> builder(BasicBlock::Create(context, "entry", entry));
  SmallVector<Value *> arguments;
  for (size_t i = 0; i < kernel.arg_size(); ++i)
    arguments.push_back(builder.CreateLoad(
        pointer,
        builder.CreateConstInBoundsGEP1_64(pointer, entry->getArg(0), i)));
  kernel.setCallingConv(CallingConv::C);
  builder.CreateCall(&kernel, arguments);
  builder.CreateRetVoid();
}

struct Program {
  std::unique_ptr<orc::LLJIT> jit;
  Block::Entry entry;
};

Expected<Program> compileForCpu(std::unique_ptr<Module> module,
                                std::unique_ptr<LLVMContext> context,
                                std::byte *shared) {
  InitializeNativeTarget();
  InitializeNativeTargetAsmPrinter();
  auto machine = orc::JITTargetMachineBuilder::detectHost();
  if (!machine)
    return machine.takeError();
  // Its conversion flushes small numbers to zero.
  machine->getFeatures().AddFeature("avx512bf16", false);
  auto jit = orc::LLJITBuilder().setJITTargetMachineBuilder(*machine).create();
  if (!jit)
    return jit.takeError();
  module->setTargetTriple((*jit)->getTargetTriple());
  module->setDataLayout((*jit)->getDataLayout());
  orc::SymbolMap symbols;
  auto define = [&](StringRef name, auto *address) {
    symbols[(*jit)->mangleAndIntern(name)] = {
        orc::ExecutorAddr::fromPtr(address), JITSymbolFlags::Exported};
  };
  define("test_thread", &Block::thread);
  define("test_block", &Block::block);
  define("test_barrier", &Block::barrier);
  define("test_check", &Block::check);
  define("dynamic_shared", shared);
  if (Error error =
          (*jit)->getMainJITDylib().define(orc::absoluteSymbols(symbols)))
    return error;
  if (Error error = (*jit)->addIRModule(
          orc::ThreadSafeModule(std::move(module), std::move(context))))
    return error;
  auto entry = (*jit)->lookup("test_entry");
  if (!entry)
    return entry.takeError();
  return Program{std::move(*jit), entry->toPtr<Block::Entry>()};
}

} // namespace

std::string runOnCpu(mlir::gpu::GPUModuleOp kernels, const CpuLaunch &launch,
                     std::vector<std::vector<std::byte>> &buffers) {
  auto context = std::make_unique<LLVMContext>();
  std::unique_ptr<Module> module =
      mlir::translateModuleToLLVMIR(kernels, *context);
  Function *kernel = module ? module->getFunction(launch.symbol) : nullptr;
  if (!kernel)
    return "no function " + launch.symbol;
  if (std::string problem = replaceIntrinsics(*module); !problem.empty())
    return problem;
  checkAccesses(*kernel);
  addEntry(*module, *kernel);
  defineRounding(*module);

  std::vector<std::byte> sharedMemory(sharedCapacity + 1024);
  auto *shared = reinterpret_cast<std::byte *>(
      llvm::alignTo(reinterpret_cast<uintptr_t>(sharedMemory.data()), 1024));
  Expected<Program> program =
      compileForCpu(std::move(module), std::move(context), shared);
  if (!program)
    return toString(program.takeError());
  std::vector<void *> arguments;
  std::vector<std::span<std::byte>> memory{
      {shared, static_cast<size_t>(launch.sharedBytes)}};
  for (std::vector<std::byte> &buffer : buffers) {
    arguments.push_back(buffer.data());
    memory.push_back(buffer);
  }

  Block block(program->entry, arguments.data(), launch.threads, memory);
  for (int64_t step = 0; step < launch.blocks; ++step) {
    std::fill_n(shared, sharedCapacity, poison);
    bool rising = launch.order == ThreadOrder::Rising;
    if (!block.run(rising ? step : launch.blocks - 1 - step, launch.order))
      return "some threads wait at a barrier, others have ended";
  }
  return block.outside ? "a load or store outside the kernel's memory" : "";
}

} // namespace bcssl::test
