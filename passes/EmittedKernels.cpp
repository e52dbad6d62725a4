//===- EmittedKernels.cpp - kernel functions of a planned module ----------===//

#include "passes/EmittedKernels.h"

#include "dialects/bcssl/Bcssl.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;

namespace bcssl {
namespace {

/// The level or chip that the kernel functions were emitted for.
StringRef emittedFor(Operation *kernels) {
  if (auto level = kernels->getAttrOfType<StringAttr>("bcssl.level"))
    return level.getValue();
  if (auto module = dyn_cast<gpu::GPUModuleOp>(kernels))
    if (ArrayAttr targets = module.getTargetsAttr())
      for (auto target : targets.getAsRange<Attribute>())
        if (auto nvvm = dyn_cast<NVVM::NVVMTargetAttr>(target))
          return nvvm.getChip();
  return "";
}

/// Functions are named by the kernels' text, so that what earlier passes wrote
/// on them must not stand in it.
void forgetEmission(KernelOp kernel, bool isGpu) {
  for (StringRef name : {"symbol", "tiles", "threads", "shared_bytes", "slots"})
    kernel->removeAttr(name);
  if (isGpu)
    kernel.removeTileAttr();
}

} // namespace

FailureOr<OwningOpRef<ModuleOp>>
kernelsFor(ModuleOp planned, KernelFormation formation, const Target &target) {
  Operation *kernels = planned.lookupSymbol("kernels");
  if (!isa_and_nonnull<ModuleOp, gpu::GPUModuleOp>(kernels))
    return planned.emitError("expects a planned module with emitted kernels");
  if (isa<gpu::GPUModuleOp>(kernels) != target.isGpu())
    return planned.emitError("expects a module that was planned for ")
           << target.name() << ", got one for "
           << (target.isGpu() ? "CPUs" : "CUDA chips");
  OwningOpRef<ModuleOp> whole = planned.clone();
  if (emittedFor(kernels) == target.chip)
    return std::move(whole);
  SmallVector<KernelOp> anew, known;
  planned.walk([&](KernelOp kernel) { known.push_back(kernel); });
  whole->lookupSymbol("kernels")->erase();
  whole->walk([&](KernelOp kernel) {
    forgetEmission(kernel, target.isGpu());
    anew.push_back(kernel);
  });
  PassManager manager(planned.getContext());
  buildEmission(manager, formation, target);
  if (failed(manager.run(*whole)))
    return failure();
  for (auto [kernel, same] : llvm::zip(anew, known))
    if (kernel->getAttr("symbol") != same->getAttr("symbol"))
      return same->emitOpError("expects the same function for ")
             << target.name() << " as it has, got "
             << kernel->getAttr("symbol");
  return std::move(whole);
}

} // namespace bcssl
