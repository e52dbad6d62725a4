//===- Nvvm.cpp - kernels to code of NVIDIA GPUs --------------------------===//

#include "passes/target/Nvvm.h"

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
#include "mlir/Target/LLVM/NVVM/Target.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
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
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
}

namespace {

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
  llvm::Triple triple(target.getTriple());
  const llvm::Target *backend =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!backend)
    return nullptr;
  std::unique_ptr<llvm::MCSubtargetInfo> chips(
      backend->createMCSubtargetInfo(triple, "", ""));
  if (!chips->isCPUStringValid(target.getChip())) {
    error = "unknown chip";
    return nullptr;
  }
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

} // namespace

FailureOr<std::string> compilePtx(gpu::GPUModuleOp kernels) {
  auto isNvvm = [](Attribute target) {
    return isa<NVVM::NVVMTargetAttr>(target);
  };
  ArrayAttr targets = kernels.getTargetsAttr();
  if (!targets || targets.size() != 1 || !isNvvm(targets[0]))
    return kernels.emitError() << "expects one NVVM target of the GPU module";
  auto target = cast<NVVM::NVVMTargetAttr>(targets[0]);
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module =
      translateModuleToLLVMIR(kernels, context);
  if (!module)
    return failure();
  std::string message;
  std::unique_ptr<llvm::TargetMachine> machine = makeMachine(target, message);
  if (!machine)
    return kernels.emitError()
           << "no code generator for " << target.getChip() << ": " << message;
  module->setTargetTriple(machine->getTargetTriple());
  module->setDataLayout(machine->createDataLayout());
  optimizeModule(*module, *machine, llvm::OptimizationLevel::O3);
  if (failed(verifyNoCalls(*module, kernels)))
    return failure();

  SmallString<0> ptx;
  llvm::raw_svector_ostream stream(ptx);
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, stream, nullptr,
                                   llvm::CodeGenFileType::AssemblyFile))
    return kernels.emitError() << "cannot emit PTX";
  passes.run(*module);
  // What code generation itself adds.
  if (StringRef(ptx).contains("\tcall") || StringRef(ptx).contains("__nv_"))
    return kernels.emitError()
           << "expects kernels that call nothing, got a call in PTX";
  return ptx.str().str();
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
