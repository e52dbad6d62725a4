//===- Driver.cpp - from a module to an artifact --------------------------===//

#include "passes/Driver.h"

#include "passes/codegen/cpu/Passes.h"
#include "passes/target/Executable.h"
#include "passes/target/Native.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"

#include <chrono>

using namespace mlir;

namespace bcssl {
namespace {

std::string textOf(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream, OpPrintingFlags().enableDebugInfo());
  return text;
}

/// Prints how long a stage took when it ends.
class StageTimer {
public:
  StageTimer(bool enabled, llvm::StringRef name)
      : enabled(enabled), name(name) {}
  ~StageTimer() {
    std::chrono::duration<double> seconds =
        std::chrono::steady_clock::now() - start;
    if (enabled)
      llvm::errs() << llvm::format("%8.2f s  ", seconds.count()) << name
                   << "\n";
  }

private:
  bool enabled;
  llvm::StringRef name;
  std::chrono::steady_clock::time_point start =
      std::chrono::steady_clock::now();
};

LogicalResult dump(ModuleOp module, const std::string &directory, Stage stage) {
  if (directory.empty())
    return success();
  llvm::SmallString<128> path(directory);
  llvm::sys::path::append(path, std::to_string(static_cast<int>(stage)) + "-" +
                                    nameOf(stage) + ".mlir");
  std::error_code error = llvm::sys::fs::create_directories(directory);
  llvm::raw_fd_ostream stream(path, error);
  if (error)
    return module.emitError()
           << "cannot write " << path << ": " << error.message();
  module.print(stream);
  return success();
}

FailureOr<CpuLevel> levelOf(ModuleOp module, const std::string &target) {
  if (target == "cpu:native" || target == "cpu")
    return nativeLevel();
  for (CpuLevel level : {CpuLevel::X86_64_V3, CpuLevel::X86_64_V4})
    if (target == ("cpu:" + nameOf(level)).str())
      return level;
  return module.emitError()
         << "unknown target '" << target
         << "', expects cpu:native, cpu:x86-64-v3 or cpu:x86-64-v4";
}

/// The kernel functions of a planned module for a CPU level: those that stand
/// in it, or, where these are for another level, emitted anew from its kernels.
FailureOr<OwningOpRef<ModuleOp>> kernelsFor(ModuleOp module, CpuLevel level) {
  auto kernels = module.lookupSymbol<ModuleOp>("kernels");
  if (!kernels)
    return module.emitError("expects a planned module with emitted kernels");
  auto emittedFor = kernels->getAttrOfType<StringAttr>("bcssl.level");
  if (emittedFor && emittedFor.getValue() == nameOf(level))
    return OwningOpRef<ModuleOp>(kernels.clone());
  OwningOpRef<ModuleOp> whole = module.clone();
  whole->lookupSymbol("kernels")->erase();
  PassManager manager(module.getContext());
  manager.addPass(createEmitCpuKernels({nameOf(level).str()}));
  if (failed(manager.run(*whole)))
    return failure();
  Operation *emitted = whole->lookupSymbol("kernels");
  emitted->remove();
  return OwningOpRef<ModuleOp>(cast<ModuleOp>(emitted));
}

FailureOr<std::string> serialize(ModuleOp module,
                                 const CompileOptions &options) {
  std::vector<KernelImage> images;
  for (const std::string &target : options.targets) {
    FailureOr<CpuLevel> level = levelOf(module, target);
    if (failed(level))
      return failure();
    FailureOr<OwningOpRef<ModuleOp>> lowered = kernelsFor(module, *level);
    if (failed(lowered))
      return failure();
    {
      StageTimer timer(options.timing, "lower kernels");
      if (failed(lowerKernels(**lowered)))
        return failure();
    }
    StageTimer timer(options.timing, "machine code");
    auto bytes = compileNative(**lowered, *level);
    if (failed(bytes))
      return failure();
    images.push_back(
        {("cpu:" + nameOf(*level)).str(), "elf", std::move(*bytes)});
  }
  std::vector<std::pair<std::string, std::string>> properties;
  if (auto dictionary =
          module->getAttrOfType<DictionaryAttr>("bcssl.properties"))
    for (NamedAttribute property : dictionary) {
      auto text = dyn_cast<StringAttr>(property.getValue());
      if (!text)
        return module.emitError()
               << "expects text for property " << property.getName() << ", got "
               << property.getValue();
      properties.emplace_back(property.getName().str(), text.getValue().str());
    }
  return serializeExecutable(module, images, properties);
}

} // namespace

LogicalResult runStages(ModuleOp module, const CompileOptions &options) {
  if (failed(dump(module, options.dumpDirectory, options.from)))
    return failure();
  if (options.targets.empty())
    return module.emitError("expects a target");
  FailureOr<CpuLevel> level = levelOf(module, options.targets.front());
  if (failed(level))
    return failure();
  Stage last = std::min(options.to, Stage::Planned);
  for (int number = static_cast<int>(options.from);
       number < static_cast<int>(last); ++number) {
    Stage stage = static_cast<Stage>(number),
          next = static_cast<Stage>(number + 1);
    StageTimer timer(options.timing, nameOf(next));
    PassManager manager(module.getContext());
    buildStage(manager, stage, {}, nameOf(*level));
    if (failed(manager.run(module)) ||
        failed(dump(module, options.dumpDirectory, next)))
      return failure();
  }
  return success();
}

FailureOr<std::string> compile(ModuleOp module, const CompileOptions &options) {
  if (failed(runStages(module, options)))
    return failure();
  if (options.to == Stage::Executable)
    return serialize(module, options);
  return textOf(module);
}

} // namespace bcssl
