//===- Nvvm.cpp - kernels to code of NVIDIA GPUs --------------------------===//

#include "passes/target/Nvvm.h"

#include "passes/codegen/GpuChips.h"
#include "passes/target/Optimize.h"
#include "passes/target/Passes.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/NVVMToLLVM/NVVMToLLVM.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/LLVMIR/Transforms/Passes.h"
#include "mlir/Target/LLVM/NVVM/Target.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/EndianStream.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;

namespace bcssl {

void registerNvvmTarget(DialectRegistry &registry) {
  registry.insert<cf::ControlFlowDialect, gpu::GPUDialect, NVVM::NVVMDialect>();
  arith::registerConvertArithToLLVMInterface(registry);
  cf::registerConvertControlFlowToLLVMInterface(registry);
  registerConvertFuncToLLVMInterface(registry);
  registerConvertMemRefToLLVMInterface(registry);
  registerConvertNVVMToLLVMInterface(registry);
  ub::registerConvertUBToLLVMInterface(registry);
  vector::registerConvertVectorToLLVMInterface(registry);
  NVVM::registerNVVMTargetInterfaceExternalModels(registry);
  registerBuiltinDialectTranslation(registry);
  registerGPUDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registerNVVMDialectTranslation(registry);
}

void buildNvvmLowering(OpPassManager &manager) {
  OpPassManager &kernels = manager.nest<gpu::GPUModuleOp>();
  kernels.addPass(createLoopInvariantCodeMotionPass());
  // Its polynomials before those for all targets, and the roots and floors of
  // these.
  kernels.addPass(createConvertGpuMath());
  kernels.addPass(createExpandMath());
  kernels.addPass(createConvertGpuMath());
  kernels.addPass(createSCFToControlFlowPass());
  // Before the GPU's own conversion, which would call libdevice.
  kernels.addPass(createConvertMathToLLVMPass());
  ConvertGpuOpsToNVVMOpsOptions options;
  options.indexBitwidth = 64;
  options.hasRedux = true;
  options.useBarePtrCallConv = true;
  kernels.addPass(createConvertGpuOpsToNVVMOps(options));
  kernels.addPass(createPassTensorMaps());
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
  kernels.addPass(createVerifyGpuKernels());
  // What is verified as operations, and has no intrinsic.
  kernels.addPass(createConvertNVVMToLLVMPass());
}

namespace {

/// Why LLVM has no code for the target, which it would end the process for;
/// empty if it has.
std::string problemOf(NVVM::NVVMTargetAttr target) {
  const GpuChip *chip = findGpuChip(target.getChip());
  if (!chip)
    return "expects one of " + gpuChipNames();
  constexpr StringRef triple = "nvptx64-nvidia-cuda";
  if (target.getTriple() != triple)
    return ("expects the triple " + triple + ", got " + target.getTriple())
        .str();
  StringRef features = target.getFeatures();
  unsigned version = 0;
  if (!features.consume_front("+ptx") || features.getAsInteger(10, version) ||
      version < chip->ptxVersion)
    return "expects features +ptx" + std::to_string(chip->ptxVersion) +
           " or a later version, got '" + target.getFeatures().str() + "'";
  return "";
}

std::unique_ptr<llvm::TargetMachine> makeMachine(NVVM::NVVMTargetAttr target,
                                                 std::string &error) {
  // Once, also where several threads compile.
  [[maybe_unused]] static const bool isRegistered = [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
    return true;
  }();
  error = problemOf(target);
  if (!error.empty())
    return nullptr;
  llvm::Triple triple(target.getTriple());
  const llvm::Target *backend =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!backend)
    return nullptr;
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Fast; // as on the CPU
  return std::unique_ptr<llvm::TargetMachine>(backend->createTargetMachine(
      triple, target.getChip(), target.getFeatures(), options,
      llvm::Reloc::PIC_, std::nullopt, llvm::CodeGenOptLevel::Aggressive));
}

/// Functions without a body would have to come from libdevice.
LogicalResult verifyNoCalls(const llvm::Module &module,
                            gpu::GPUModuleOp kernels) {
  for (const llvm::Function &function : module)
    if (function.isDeclaration() && !function.isIntrinsic())
      return kernels.emitError()
             << "expects kernels that call nothing, got a call of "
             << function.getName();
  return success();
}

/// A module as code generation gets it.
struct OptimizedModule {
  std::unique_ptr<llvm::LLVMContext> context;
  std::unique_ptr<llvm::Module> module;
  std::unique_ptr<llvm::TargetMachine> machine;
};

FailureOr<OptimizedModule> optimize(gpu::GPUModuleOp kernels) {
  auto isNvvm = [](Attribute target) {
    return isa<NVVM::NVVMTargetAttr>(target);
  };
  ArrayAttr targets = kernels.getTargetsAttr();
  if (!targets || targets.size() != 1 || !isNvvm(targets[0]))
    return kernels.emitError() << "expects one NVVM target of the GPU module";
  auto target = cast<NVVM::NVVMTargetAttr>(targets[0]);
  OptimizedModule result;
  result.context = std::make_unique<llvm::LLVMContext>();
  result.module = translateModuleToLLVMIR(kernels, *result.context);
  if (!result.module)
    return failure();
  std::string message;
  result.machine = makeMachine(target, message);
  if (!result.machine)
    return kernels.emitError()
           << "no code generator for " << target.getChip() << ": " << message;
  result.module->setTargetTriple(result.machine->getTargetTriple());
  result.module->setDataLayout(result.machine->createDataLayout());
  optimizeModule(*result.module, *result.machine, llvm::OptimizationLevel::O3);
  if (failed(verifyNoCalls(*result.module, kernels)))
    return failure();
  return result;
}

} // namespace

FailureOr<std::string> compilePtx(gpu::GPUModuleOp kernels) {
  FailureOr<OptimizedModule> optimized = optimize(kernels);
  if (failed(optimized))
    return failure();
  SmallString<0> ptx;
  llvm::raw_svector_ostream stream(ptx);
  llvm::legacy::PassManager passes;
  if (optimized->machine->addPassesToEmitFile(
          passes, stream, nullptr, llvm::CodeGenFileType::AssemblyFile))
    return kernels.emitError() << "cannot emit PTX";
  passes.run(*optimized->module);
  // What code generation itself adds.
  if (StringRef(ptx).contains("\tcall") || StringRef(ptx).contains("__nv_"))
    return kernels.emitError()
           << "expects kernels that call nothing, got a call in PTX";
  return ptx.str().str();
}

FailureOr<std::string> compileSimtBitcode(gpu::GPUModuleOp kernels) {
  // The emulator's findings name lines; scopes of functions carry them.
  OwningOpRef<ModuleOp> holder = ModuleOp::create(kernels.getLoc());
  auto scoped = cast<gpu::GPUModuleOp>(kernels->clone());
  holder->push_back(scoped);
  PassManager manager(kernels.getContext());
  manager.addPass(LLVM::createDIScopeForLLVMFuncOpPass());
  if (failed(manager.run(*holder)))
    return failure();
  FailureOr<OptimizedModule> optimized = optimize(scoped);
  if (failed(optimized))
    return failure();
  SmallString<0> bitcode;
  llvm::raw_svector_ostream stream(bitcode);
  llvm::WriteBitcodeToFile(*optimized->module, stream);
  // A driver is not told how long an image is: LLVM's wrapper says it.
  constexpr uint32_t words = 5, magic = 0x0b17c0de, version = 0, anyCpu = 0;
  std::string image;
  llvm::raw_string_ostream wrapped(image);
  llvm::support::endian::Writer writer(wrapped, llvm::endianness::little);
  for (uint32_t word : {magic, version, words * uint32_t{sizeof(uint32_t)},
                        static_cast<uint32_t>(bitcode.size()), anyCpu})
    writer.write(word);
  wrapped << bitcode;
  return image;
}

SmallVector<StringRef> kernelsWithLocalMemory(StringRef ptx) {
  SmallVector<StringRef> kernels;
  StringRef kernel;
  for (StringRef line : llvm::split(ptx, '\n')) {
    constexpr StringRef entry = ".entry ";
    if (size_t at = line.find(entry); at != StringRef::npos)
      kernel = line.drop_front(at + entry.size()).take_until([](char letter) {
        return letter == '(';
      });
    else if (line.contains(".local") && line.contains("__local_depot"))
      kernels.push_back(kernel);
  }
  return kernels;
}

} // namespace bcssl
