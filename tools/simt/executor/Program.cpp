//===- Program.cpp - kernels for the machine at hand ----------------------===//

#include "tools/simt/executor/Program.h"

#include "tools/simt/executor/Rewrite.h"

#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/DebugInfo.h"
#include "llvm/IR/Verifier.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Transforms/IPO/AlwaysInliner.h"
#include "llvm/Transforms/Utils/Cloning.h"

#include <bit>
#include <map>

using namespace llvm;

/// What the x86-64 code generator calls where the chip has no such instruction.
static uint16_t roundToBf16(float value) {
  auto bits = std::bit_cast<uint32_t>(value);
  if (value != value)
    return static_cast<uint16_t>((bits | 1u << 22) >> 16);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static __bf16 truncateToBf16(float value) {
  return std::bit_cast<__bf16>(roundToBf16(value));
}

namespace bcssl::simt {

struct Program::State {
  /// Compilation takes place in the source's context, one kernel at a time.
  LLVMContext *context = new LLVMContext;
  orc::ThreadSafeContext owner{std::unique_ptr<LLVMContext>(context)};
  std::unique_ptr<Module> module;
  bool checks = true;
  std::unique_ptr<orc::LLJIT> jit;
  std::unique_ptr<TargetMachine> machine;
  std::map<std::string, Kernel> kernels; ///< compiled ones
  CalledOperations defined;
};

namespace {

void runPasses(Module &module, TargetMachine *machine,
               function_ref<ModulePassManager(PassBuilder &)> build) {
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager components;
  ModuleAnalysisManager modules;
  PipelineTuningOptions tuning;
  tuning.LoopUnrolling = false;
  PassBuilder builder(machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  build(builder).run(module, modules);
}

/// Functions that kernels call become part of them: only kernels are rewritten.
void inlineAll(Module &module) {
  for (Function &function : module) {
    if (function.isDeclaration() || isKernel(function))
      continue;
    function.removeFnAttr(Attribute::NoInline);
    function.removeFnAttr(Attribute::OptimizeNone);
    function.addFnAttr(Attribute::AlwaysInline);
  }
  runPasses(module, nullptr, [](PassBuilder &) {
    ModulePassManager passes;
    passes.addPass(AlwaysInlinerPass());
    return passes;
  });
}

/// Shared memory that NVPTX code generation would lay over other shared memory,
/// or words that are global to all launches.
std::string badGlobal(const Module &module) {
  for (const GlobalVariable &global : module.globals()) {
    std::string name = global.getName().str();
    bool isShared = global.getAddressSpace() == 3;
    if (isShared && global.hasLocalLinkage() &&
        module.getDataLayout().getTypeAllocSize(global.getValueType()) == 0)
      return "shared memory " + name +
             " of no size is internal, so that other shared memory would lie "
             "over it: it must be external";
    if (!isShared && !global.isConstant() &&
        !global.getName().starts_with("llvm."))
      return "variable " + name + " in global memory";
  }
  return "";
}

std::unique_ptr<orc::LLJIT> makeJit(std::unique_ptr<TargetMachine> &machine,
                                    std::string &problem) {
  InitializeNativeTarget();
  InitializeNativeTargetAsmPrinter();
  auto fail = [&](Error error) {
    problem = toString(std::move(error));
    return nullptr;
  };
  auto builder = orc::JITTargetMachineBuilder::detectHost();
  if (!builder)
    return fail(builder.takeError());
  // Their conversions to bf16 make small numbers zero.
  builder->getFeatures().AddFeature("avx512bf16", false);
  builder->getFeatures().AddFeature("avxneconvert", false);
  builder->setCodeGenOptLevel(CodeGenOptLevel::Default);
  // As NVPTX code generation does.
  builder->getOptions().AllowFPOpFusion = FPOpFusion::Fast;
  auto made = builder->createTargetMachine();
  if (!made)
    return fail(made.takeError());
  machine = std::move(*made);
  auto jit = orc::LLJITBuilder()
                 .setJITTargetMachineBuilder(std::move(*builder))
                 .create();
  if (!jit)
    return fail(jit.takeError());
  auto process = orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
      (*jit)->getDataLayout().getGlobalPrefix());
  if (!process)
    return fail(process.takeError());
  (*jit)->getMainJITDylib().addGenerator(std::move(*process));
  orc::SymbolMap symbols;
  symbols[(*jit)->mangleAndIntern("bcsslSimtAccess")] = {
      orc::ExecutorAddr::fromPtr(&bcsslSimtAccess), JITSymbolFlags::Exported};
  symbols[(*jit)->mangleAndIntern("__truncsfbf2")] = {
      orc::ExecutorAddr::fromPtr(&truncateToBf16), JITSymbolFlags::Exported};
  if (Error error =
          (*jit)->getMainJITDylib().define(orc::absoluteSymbols(symbols)))
    return fail(std::move(error));
  return std::move(*jit);
}

} // namespace

Program::Program(std::unique_ptr<State> state) : state(std::move(state)) {}
Program::~Program() = default;

Outcome<std::unique_ptr<Program>> Program::load(std::string_view bytes,
                                                bool checks) {
  auto state = std::make_unique<State>();
  state->checks = checks;
  SMDiagnostic diagnostic;
  // Assembly must end in a zero, which a view may lack.
  auto buffer = MemoryBuffer::getMemBufferCopy({bytes.data(), bytes.size()});
  state->module = parseIR(*buffer, diagnostic, *state->context);
  if (!state->module)
    return {nullptr, "is no LLVM module: " + diagnostic.getMessage().str()};
  std::string problem;
  raw_string_ostream words(problem);
  if (verifyModule(*state->module, &words))
    return {nullptr, "is no right LLVM module: " + problem};
  inlineAll(*state->module);
  if (problem = badGlobal(*state->module); !problem.empty())
    return {nullptr, problem};
  for (const std::string &name : unknownInstructions(*state->module, checks))
    problem += (problem.empty() ? "cannot run " : "; ") + name;
  if (!problem.empty())
    return {nullptr, problem};
  state->jit = makeJit(state->machine, problem);
  if (!state->jit)
    return {nullptr, problem};
  return {std::unique_ptr<Program>(new Program(std::move(state))), ""};
}

std::vector<std::string> Program::kernelNames() const {
  std::vector<std::string> names;
  for (const Function &function : *state->module)
    if (isKernel(function))
      names.push_back(function.getName().str());
  return names;
}

Outcome<const Kernel *> Program::find(const std::string &name) {
  if (auto place = state->kernels.find(name); place != state->kernels.end())
    return {&place->second, ""};
  Function *source = state->module->getFunction(name);
  if (!source || !isKernel(*source))
    return {nullptr, "has no kernel " + name};
  ValueToValueMapTy values;
  auto isWanted = [&](const GlobalValue *value) {
    return value == source || isa<GlobalVariable>(value);
  };
  std::unique_ptr<Module> module =
      CloneModule(*state->module, values, isWanted);
  CalledOperations called;
  Kernel kernel =
      rewriteKernel(*module->getFunction(name), state->checks, called);
  StripDebugInfo(*module);
  if (NamedMDNode *annotations = module->getNamedMetadata("nvvm.annotations"))
    annotations->eraseFromParent();
  for (Function &function : make_early_inc_range(*module))
    if (function.isDeclaration() && function.use_empty())
      function.eraseFromParent();
  // One kernel's constants are not another's.
  for (GlobalVariable &global : module->globals())
    if (!global.isDeclaration())
      global.setLinkage(GlobalValue::InternalLinkage);
  module->setTargetTriple(state->machine->getTargetTriple());
  module->setDataLayout(state->machine->createDataLayout());
  std::string problem;
  raw_string_ostream words(problem);
  if (verifyModule(*module, &words))
    return {nullptr, "is rewritten wrongly: " + problem};
  runPasses(*module, state->machine.get(), [](PassBuilder &builder) {
    return builder.buildPerModuleDefaultPipeline(OptimizationLevel::O1);
  });

  orc::SymbolMap symbols;
  for (auto &[symbol, operation] : called)
    if (state->defined.emplace(symbol, operation).second)
      symbols[state->jit->mangleAndIntern(symbol)] = {
          orc::ExecutorAddr::fromPtr(operation.handler),
          JITSymbolFlags::Exported};
  orc::JITDylib &library = state->jit->getMainJITDylib();
  auto define = [&]() -> Expected<orc::ExecutorAddr> {
    if (!symbols.empty())
      if (Error error = library.define(orc::absoluteSymbols(symbols)))
        return error;
    if (Error error = state->jit->addIRModule(
            orc::ThreadSafeModule(std::move(module), state->owner)))
      return error;
    return state->jit->lookup(rewrittenName(name));
  };
  auto address = define();
  if (!address)
    return {nullptr, "does not link: " + toString(address.takeError())};
  kernel.entry = address->toPtr<void (*)(ThreadState *)>();
  return {&state->kernels.emplace(name, std::move(kernel)).first->second, ""};
}

} // namespace bcssl::simt
