//===- Native.cpp - kernels to machine code of the CPU --------------------===//

#include "passes/target/Native.h"

#include "passes/target/Optimize.h"

#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;

namespace bcssl {

llvm::StringRef nameOf(CpuLevel level) {
  return level == CpuLevel::X86_64_V3 ? "x86-64-v3" : "x86-64-v4";
}

CpuLevel nativeLevel() {
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  for (const char *needed :
       {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"})
    if (!features.lookup(needed))
      return CpuLevel::X86_64_V3;
  return CpuLevel::X86_64_V4;
}

namespace {

/// Turns each kernel `void f(float *..., int64_t tile)` into a body and an
/// exported `void f(void *const *arguments, int64_t tile)` that unpacks them.
void addEntryPoints(llvm::Module &module) {
  llvm::LLVMContext &context = module.getContext();
  SmallVector<llvm::Function *> bodies;
  for (llvm::Function &function : module)
    if (!function.isDeclaration())
      bodies.push_back(&function);
  auto *pointer = llvm::PointerType::getUnqual(context);
  auto *word = llvm::Type::getInt64Ty(context);
  auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(context),
                                       {pointer, word}, false);
  for (llvm::Function *body : bodies) {
    std::string name = body->getName().str();
    body->setName(name + ".tile");
    body->setLinkage(llvm::GlobalValue::InternalLinkage);
    // Loops that copy or clear must not become calls of memcpy and memset.
    body->addFnAttr("no-builtins");
    // x86-64-v4 would prefer 256-bit registers and split every vector.
    body->addFnAttr("prefer-vector-width", "512");
    body->addFnAttr("min-legal-vector-width", "512");
    // State may be updated in place, but only by rowwise and columnwise
    // kernels.
    bool inPlace = StringRef(name).starts_with("rowwise") ||
                   StringRef(name).starts_with("columnwise");
    for (llvm::Argument &argument : body->args())
      if (argument.getType()->isPointerTy() && !inPlace)
        argument.addAttr(llvm::Attribute::NoAlias);
    auto *entry = llvm::Function::Create(
        type, llvm::GlobalValue::ExternalLinkage, name, module);
    entry->addFnAttr("prefer-vector-width", "512");
    entry->addFnAttr("min-legal-vector-width", "512");
    llvm::IRBuilder<> builder(
        llvm::BasicBlock::Create(context, "entry", entry));
    SmallVector<llvm::Value *> arguments;
    for (size_t i = 0; i + 1 < body->arg_size(); ++i) {
      auto *slot =
          builder.CreateConstInBoundsGEP1_64(pointer, entry->getArg(0), i);
      arguments.push_back(builder.CreateLoad(pointer, slot));
    }
    arguments.push_back(entry->getArg(1));
    builder.CreateCall(body, arguments);
    builder.CreateRetVoid();
  }
}

std::unique_ptr<llvm::TargetMachine> makeMachine(CpuLevel level,
                                                 std::string &error) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  llvm::Triple triple("x86_64-unknown-linux-gnu");
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return nullptr;
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Fast;
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, nameOf(level), "", options, llvm::Reloc::PIC_, std::nullopt,
      llvm::CodeGenOptLevel::Aggressive));
}

/// Links one object to a shared object that imports nothing.
FailureOr<SmallVector<char>> link(ArrayRef<char> object,
                                  function_ref<InFlightDiagnostic()> error) {
  SmallString<128> objectPath, imagePath;
  int descriptor;
  if (llvm::sys::fs::createTemporaryFile("bcssl", "o", descriptor,
                                         objectPath) ||
      llvm::sys::fs::createTemporaryFile("bcssl", "so", imagePath)) {
    error() << "cannot create temporary files for linking";
    return failure();
  }
  llvm::FileRemover removeObject(objectPath), removeImage(imagePath);
  {
    llvm::raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
    stream.write(object.data(), object.size());
  }
  auto linker = llvm::sys::findProgramByName("ld.lld", {BCSSL_LLVM_TOOLS});
  if (!linker)
    linker = llvm::sys::findProgramByName("ld.lld");
  if (!linker) {
    error() << "ld.lld is not on the PATH; install lld-22";
    return failure();
  }
  SmallVector<StringRef> arguments{
      *linker,          "-shared",         "-nostdlib", "-z",      "now",
      "--no-undefined", "--build-id=none", "-o",        imagePath, objectPath};
  std::string message;
  if (llvm::sys::ExecuteAndWait(*linker, arguments, std::nullopt, {}, 0, 0,
                                &message) != 0) {
    error() << "ld.lld failed on the kernels: " << message;
    return failure();
  }
  auto image = llvm::MemoryBuffer::getFile(imagePath);
  if (!image) {
    error() << "cannot read the linked kernels";
    return failure();
  }
  return SmallVector<char>((*image)->getBufferStart(),
                           (*image)->getBufferEnd());
}

} // namespace

FailureOr<SmallVector<char>> compileNative(ModuleOp kernels, CpuLevel level) {
  registerBuiltinDialectTranslation(*kernels.getContext());
  registerLLVMDialectTranslation(*kernels.getContext());
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module =
      translateModuleToLLVMIR(kernels, context);
  if (!module)
    return failure();
  std::string message;
  auto machine = makeMachine(level, message);
  if (!machine)
    return kernels.emitError()
           << "no code generator for " << nameOf(level) << ": " << message;
  module->setTargetTriple(machine->getTargetTriple());
  module->setDataLayout(machine->createDataLayout());
  addEntryPoints(*module);
  optimizeModule(*module, *machine, llvm::OptimizationLevel::O2);

  SmallVector<char> object;
  llvm::raw_svector_ostream stream(object);
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, stream, nullptr,
                                   llvm::CodeGenFileType::ObjectFile))
    return kernels.emitError() << "cannot emit object code";
  passes.run(*module);
  return link(object, [&] { return kernels.emitError(); });
}

} // namespace bcssl
