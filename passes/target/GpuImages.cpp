//===- GpuImages.cpp - kernels of a GPU to images -------------------------===//

#include "passes/target/GpuImages.h"

#include "passes/target/CubinCache.h"
#include "passes/target/LoopProducts.h"
#include "passes/target/Nvvm.h"
#include "passes/target/Ptxas.h"
#include "passes/target/RegisterLimits.h"

#include "dialects/bcssl/Bcssl.h"
#include "passes/codegen/KernelPlan.h"
#include "passes/codegen/MergedKernel.h"
#include "passes/codegen/Tiles.h"
#include "passes/schedule/MemoryPlan.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/Threading.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;

namespace bcssl {
namespace {

/// ptxas takes as long to start as for a small kernel, and 20 times as long for
/// a large one.
constexpr size_t kernelsOfImage = 8;

/// Some kernels on their way to code.
struct Part {
  gpu::GPUModuleOp module;
  std::string ptx;
  Cubin cubin;
};

/// Divides the GPU module into parts inside `into`, each with the globals that
/// its functions use.
SmallVector<Part> divide(gpu::GPUModuleOp kernels, ModuleOp into) {
  SmallVector<Operation *> functions, globals;
  for (Operation &op : kernels.getBodyRegion().front())
    (isa<gpu::GPUFuncOp>(op) ? functions : globals).push_back(&op);
  OpBuilder builder = OpBuilder::atBlockEnd(into.getBody());
  SmallVector<Part> parts;
  for (size_t first = 0; first < functions.size(); first += kernelsOfImage) {
    auto part = gpu::GPUModuleOp::create(
        builder, kernels.getLoc(),
        (kernels.getName() + "_" + Twine(parts.size())).str(),
        kernels.getTargetsAttr(), kernels.getOffloadingHandlerAttr());
    OpBuilder inside = OpBuilder::atBlockBegin(&part.getBodyRegion().front());
    SmallVector<Operation *> copies;
    for (Operation *global : globals)
      copies.push_back(inside.clone(*global));
    for (Operation *function : ArrayRef(functions).slice(
             first, std::min(kernelsOfImage, functions.size() - first)))
      inside.clone(*function);
    for (Operation *global : copies)
      if (SymbolTable::symbolKnownUseEmpty(global, part))
        global->erase();
    parts.push_back({part, {}, {}});
  }
  return parts;
}

/// Compiles the parts of one chip.
class PartCompiler {
public:
  PartCompiler(StringRef chip, GpuFormats formats, const LaunchTable &launches,
               const GpuImageOptions &options)
      : chip(chip), formats(formats), launches(launches), options(options),
        cache(options.cacheDirectory) {}

  /// Asks the assembler for its version, where there is one.
  LogicalResult prepare(gpu::GPUModuleOp kernels);
  LogicalResult compile(Part &part) const;

private:
  FailureOr<Cubin> cubinOf(Part &part) const;
  bool raiseRegisterLimits(Part &part, llvm::StringMap<unsigned> &limits) const;
  LogicalResult assemble(Part &part) const;
  LogicalResult checkExchange(Part &part) const;
  LogicalResult checkProducts(Part &part) const;
  LogicalResult report(Part &part, StringRef kernel, const Twine &text) const;

  StringRef chip;
  GpuFormats formats;
  const LaunchTable &launches;
  const GpuImageOptions &options;
  CubinCache cache;
  std::string version;
};

LogicalResult PartCompiler::prepare(gpu::GPUModuleOp kernels) {
  if (!formats.cubin)
    return success();
  auto found = ptxasVersion(options.ptxas, [&] { return kernels.emitError(); });
  if (failed(found))
    return failure();
  version = std::move(*found);
  return success();
}

LogicalResult PartCompiler::report(Part &part, StringRef kernel,
                                   const Twine &text) const {
  Operation *where = part.module.lookupSymbol(kernel);
  Location location = where ? where->getLoc() : part.module.getLoc();
  (options.strict ? emitError(location) : emitWarning(location))
      << "kernel " << kernel << " will be slow on " << chip << ": " << text;
  return failure(options.strict);
}

FailureOr<Cubin> PartCompiler::cubinOf(Part &part) const {
  std::string key = CubinCache::keyOf({part.ptx, chip, version});
  if (std::optional<Cubin> known = cache.find(key))
    return std::move(*known);
  auto made = assemblePtx(part.ptx, chip, options.ptxas,
                          [&] { return part.module.emitError(); });
  if (succeeded(made))
    cache.store(key, *made);
  return made;
}

/// Gives kernels that spill more registers; false where none does or can have
/// more.
bool PartCompiler::raiseRegisterLimits(
    Part &part, llvm::StringMap<unsigned> &limits) const {
  bool isRaised = false;
  for (const SpillingKernel &kernel : spillingKernels(part.cubin.notes)) {
    auto launch = launches.find(kernel.name);
    if (launch == launches.end())
      continue;
    unsigned &limit = limits[kernel.name];
    unsigned next = nextRegisterLimit(std::max(kernel.registers, limit),
                                      launch->second.threads);
    if (next == 0)
      continue;
    limit = next;
    part.ptx = limitRegisters(part.ptx, kernel.name, limit);
    isRaised = true;
  }
  return isRaised;
}

LogicalResult PartCompiler::assemble(Part &part) const {
  llvm::StringMap<unsigned> limits;
  do {
    FailureOr<Cubin> cubin = cubinOf(part);
    if (failed(cubin))
      return failure();
    part.cubin = std::move(*cubin);
  } while (raiseRegisterLimits(part, limits));
  LogicalResult result = checkExchange(part);
  for (const PerformanceNote &note : performanceNotes(part.cubin.notes))
    if (failed(report(part, note.kernel, note.text)))
      result = failure();
  return result;
}

/// Calls `check` for each kernel that carries a number under `attribute`.
LogicalResult forEachPlanned(
    Part &part, StringRef attribute,
    function_ref<LogicalResult(Operation &, StringRef kernel, int64_t planned)>
        check) {
  LogicalResult result = success();
  for (Operation &function : part.module.getBodyRegion().front()) {
    auto planned = function.getAttrOfType<IntegerAttr>(attribute);
    StringAttr name = SymbolTable::getSymbolName(&function);
    if (name && planned && planned.getType().isInteger(64) &&
        failed(check(function, name.getValue(), planned.getInt())))
      result = failure();
  }
  return result;
}

/// Warps that exchange registers wait forever where a block has too few, which
/// only machine code tells.
LogicalResult PartCompiler::checkExchange(Part &part) const {
  auto check = [&](Operation &function, StringRef kernel,
                   int64_t planned) -> LogicalResult {
    if (!formats.cubin)
      return function.emitError()
             << "expects ptxas to tell the registers of kernel " << kernel
             << ", which its warps exchange; without it, plan for tiles "
                "without specialized warps";
    int64_t found = registersOf(part.cubin.notes, kernel);
    if (found >= planned)
      return success();
    return function.emitError()
           << "kernel " << kernel << " would hang on " << chip
           << ": expects threads to start with " << planned
           << " registers, which its warps exchange, got " << found;
  };
  return forEachPlanned(part, exchangedRegistersName, check);
}

/// Code generation may not leave a loop less to do than its tile plans.
LogicalResult PartCompiler::checkProducts(Part &part) const {
  llvm::StringMap<int64_t> products = productsOfLoops(part.ptx);
  auto check = [&](Operation &, StringRef kernel, int64_t planned) {
    int64_t found = products.lookup(kernel);
    if (found >= planned)
      return success();
    return report(part, kernel,
                  "expects at least " + Twine(planned) +
                      " multiply-adds of a thread in a turn of a loop, got " +
                      Twine(found));
  };
  return forEachPlanned(part, plannedProductsName, check);
}

LogicalResult PartCompiler::compile(Part &part) const {
  FailureOr<std::string> ptx = compilePtx(part.module);
  if (failed(ptx))
    return failure();
  part.ptx = std::move(*ptx);
  LogicalResult result = checkProducts(part);
  if (formats.cubin)
    return failure(failed(assemble(part)) || failed(result));
  if (formats.ptx && failed(checkExchange(part)))
    return failure();
  for (StringRef kernel : kernelsWithLocalMemory(part.ptx))
    if (failed(report(part, kernel,
                      "expects all values in registers, got local memory")))
      result = failure();
  return result;
}

std::string chipOf(gpu::GPUModuleOp kernels) {
  if (ArrayAttr targets = kernels.getTargetsAttr(); targets && !targets.empty())
    if (auto target = dyn_cast<NVVM::NVVMTargetAttr>(targets[0]))
      return target.getChip().str();
  return "";
}

/// Generators load up to 16 bytes at once from the start of a buffer.
LogicalResult checkAlignment(KernelOp kernel) {
  constexpr int64_t alignment = 16;
  if (auto slots = kernel->getAttrOfType<ArrayAttr>("slots"))
    for (auto [number, attribute] : llvm::enumerate(slots))
      if (auto slot = toSlot(attribute); slot && slot->offset % alignment != 0)
        return kernel.emitOpError()
               << "expects buffers at multiples of " << alignment
               << " bytes, got buffer " << number << " at " << slot->offset;
  return success();
}

/// How a kernel starts, or an error where no block of the chip could run it.
FailureOr<KernelLaunch> launchOf(KernelOp kernel, const GpuLimits &limits) {
  auto number = [&](StringRef name) -> int64_t {
    auto attribute = kernel->getAttrOfType<IntegerAttr>(name);
    return attribute && attribute.getType().isInteger(64) ? attribute.getInt()
                                                          : -1;
  };
  int64_t blocks = number("tiles"), threads = number("threads"),
          bytes = number("shared_bytes");
  if (blocks < 1 || blocks > INT32_MAX || threads < 1 ||
      threads > limits.threads || bytes < 0 || bytes > limits.sharedBytes)
    return kernel.emitOpError()
           << "expects tiles, 1 to " << limits.threads << " threads and up to "
           << limits.sharedBytes << " bytes of shared memory, got " << blocks
           << ", " << threads << " and " << bytes;
  return KernelLaunch{static_cast<uint64_t>(blocks),
                      static_cast<uint32_t>(threads),
                      static_cast<uint32_t>(bytes)};
}

FailureOr<LaunchTable> launchesOf(ModuleOp planned, gpu::GPUModuleOp kernels,
                                  StringRef chip) {
  LaunchTable launches;
  WalkResult result = planned.walk([&](KernelOp kernel) {
    if (isPart(kernel)) // launched with the others
      return WalkResult::advance();
    auto symbol = kernel->getAttrOfType<StringAttr>("symbol");
    FailureOr<KernelLaunch> launch = launchOf(kernel, gpuLimitsOf(chip));
    if (failed(launch) || failed(checkAlignment(kernel)))
      return WalkResult::interrupt();
    if (!symbol) // their absence is reported with the artifact's tables
      return WalkResult::advance();
    if (auto function = kernels.lookupSymbol<gpu::GPUFuncOp>(symbol)) {
      auto maps = tensorMapsOf(function);
      if (failed(maps))
        return WalkResult::interrupt();
      launch->tensorMaps = std::move(*maps);
    }
    launches[symbol.getValue()] = std::move(*launch);
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  return launches;
}

} // namespace

FailureOr<std::vector<KernelImage>>
compileGpuImages(ModuleOp planned, GpuFormats formats,
                 const GpuImageOptions &options) {
  auto kernels = planned.lookupSymbol<gpu::GPUModuleOp>("kernels");
  if (!kernels)
    return planned.emitError("expects a planned module with emitted kernels");
  std::string chip = chipOf(kernels);
  FailureOr<LaunchTable> launches = launchesOf(planned, kernels, chip);
  if (failed(launches))
    return failure();
  OwningOpRef<ModuleOp> holder = ModuleOp::create(kernels.getLoc());
  SmallVector<Part> parts = divide(kernels, *holder);
  PassManager lowering(planned.getContext());
  buildNvvmLowering(lowering);
  if (failed(lowering.run(*holder)))
    return failure();
  PartCompiler compiler(chip, formats, *launches, options);
  if (failed(compiler.prepare(kernels)) ||
      failed(
          failableParallelForEach(planned.getContext(), parts, [&](Part &part) {
            return compiler.compile(part);
          })))
    return failure();

  std::vector<KernelImage> images;
  auto add = [&](StringRef format, StringRef bytes) {
    // Bitcode is for the emulator, whatever chip its kernels were made for.
    std::string target = format == "bitcode" ? "simt" : chip;
    images.push_back({"cuda:" + target,
                      format.str(),
                      {bytes.begin(), bytes.end()},
                      *launches});
  };
  if (formats.cubin)
    for (const Part &part : parts)
      add("cubin", part.cubin.bytes);
  if (formats.ptx)
    for (const Part &part : parts)
      add("ptx", part.ptx);
  if (formats.bitcode)
    for (const Part &part : parts) {
      FailureOr<std::string> bitcode = compileSimtBitcode(part.module);
      if (failed(bitcode))
        return failure();
      add("bitcode", *bitcode);
    }
  return images;
}

} // namespace bcssl
