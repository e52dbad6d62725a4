//===- Driver.cpp - from a module to an artifact --------------------------===//

#include "passes/Driver.h"

#include "passes/EmittedKernels.h"
#include "passes/target/CubinCache.h"
#include "passes/target/GpuImages.h"
#include "passes/target/Native.h"
#include "passes/target/Ptxas.h"

#include "llvm/ADT/MapVector.h"
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

FailureOr<KernelImage> cpuImage(ModuleOp module, const Target &target,
                                const CompileOptions &options) {
  FailureOr<OwningOpRef<ModuleOp>> whole =
      kernelsFor(module, options.formation, target);
  if (failed(whole))
    return failure();
  auto kernels = (*whole)->lookupSymbol<ModuleOp>("kernels");
  kernels->remove();
  OwningOpRef<ModuleOp> lowered(kernels);
  {
    StageTimer timer(options.timing, "lower kernels");
    if (failed(lowerKernels(*lowered)))
      return failure();
  }
  StageTimer timer(options.timing, "machine code");
  CpuLevel level = target.chip == nameOf(CpuLevel::X86_64_V3)
                       ? CpuLevel::X86_64_V3
                       : CpuLevel::X86_64_V4;
  auto bytes = compileNative(*lowered, level);
  if (failed(bytes))
    return failure();
  return KernelImage{target.name(), "elf", std::move(*bytes)};
}

/// The oldest chip, whose PTX drivers compile for every later one.
constexpr llvm::StringLiteral commonChip = "sm_80";

/// The forms in which each chip's kernels are wanted, chips in order.
llvm::MapVector<StringRef, GpuFormats> formatsOf(ArrayRef<Target> targets,
                                                 bool hasAssembler) {
  llvm::MapVector<StringRef, GpuFormats> chips;
  bool isForGpus = false;
  for (const Target &target : targets) {
    GpuFormats &formats = chips[target.chip];
    if (target.kind == Target::Kind::Simt) {
      formats.bitcode = true;
      continue;
    }
    (hasAssembler ? formats.cubin : formats.ptx) = true;
    isForGpus = true;
  }
  if (isForGpus)
    chips[commonChip].ptx = true;
  return chips;
}

bool wantsCubins(ArrayRef<Target> targets) {
  return llvm::any_of(targets, [](const Target &target) {
    return target.kind == Target::Kind::Cuda;
  });
}

LogicalResult addGpuImages(ModuleOp module, ArrayRef<Target> targets,
                           const CompileOptions &options,
                           std::vector<KernelImage> &images) {
  GpuImageOptions imageOptions;
  imageOptions.ptxas = findPtxas(options.ptxas);
  imageOptions.strict = options.strict;
  if (options.cache)
    imageOptions.cacheDirectory = CubinCache::defaultDirectory();
  if (imageOptions.ptxas.empty() && wantsCubins(targets))
    module.emitWarning() << "found no ptxas: the artifact holds PTX, which the "
                            "driver compiles at each start";
  for (auto [chip, formats] : formatsOf(targets, !imageOptions.ptxas.empty())) {
    StageTimer timer(options.timing, "machine code");
    FailureOr<OwningOpRef<ModuleOp>> whole =
        kernelsFor(module, options.formation, {Target::Kind::Cuda, chip.str()});
    if (failed(whole))
      return failure();
    auto made = compileGpuImages(**whole, formats, imageOptions);
    if (failed(made))
      return failure();
    std::move(made->begin(), made->end(), std::back_inserter(images));
  }
  return success();
}

FailureOr<std::string> serialize(ModuleOp module, ArrayRef<Target> targets,
                                 const CompileOptions &options) {
  if (failed(checkPlanned(module)))
    return failure();
  std::vector<KernelImage> images;
  if (targets.front().isGpu()) {
    if (failed(addGpuImages(module, targets, options, images)))
      return failure();
  } else {
    for (const Target &target : targets) {
      FailureOr<KernelImage> image = cpuImage(module, target, options);
      if (failed(image))
        return failure();
      images.push_back(std::move(*image));
    }
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

static LogicalResult runStages(ModuleOp module, const Target &target,
                               const CompileOptions &options) {
  Precision precision = options.formation.precision;
  if (precision != Precision::F32 && !target.isGpu())
    return module.emitError()
           << "kernels of CPUs are in f32: precision " << nameOf(precision)
           << " expects CUDA chips as targets, got " << target.name();
  if (failed(dump(module, options.dumpDirectory, options.from)))
    return failure();
  Stage last = std::min(options.to, Stage::Planned);
  for (int number = static_cast<int>(options.from);
       number < static_cast<int>(last); ++number) {
    Stage stage = static_cast<Stage>(number),
          next = static_cast<Stage>(number + 1);
    StageTimer timer(options.timing, nameOf(next));
    PassManager manager(module.getContext());
    buildStage(manager, stage, options.formation, target);
    if (failed(manager.run(module)) ||
        failed(dump(module, options.dumpDirectory, next)))
      return failure();
  }
  return success();
}

LogicalResult runStages(ModuleOp module, const CompileOptions &options) {
  auto targets =
      parseTargets(options.targets, [&] { return module.emitError(); });
  return failure(failed(targets) ||
                 failed(runStages(module, targets->front(), options)));
}

FailureOr<std::string> compile(ModuleOp module, const CompileOptions &options) {
  auto targets =
      parseTargets(options.targets, [&] { return module.emitError(); });
  if (failed(targets))
    return failure();
  CompileOptions effective = options;
  // Only an assembler tells that warps have the registers which they exchange.
  if (options.to == Stage::Executable && wantsCubins(*targets) &&
      findPtxas(options.ptxas).empty())
    effective.formation.specialize = false;
  if (failed(runStages(module, targets->front(), effective)))
    return failure();
  if (options.to == Stage::Executable)
    return serialize(module, *targets, effective);
  return textOf(module);
}

} // namespace bcssl
