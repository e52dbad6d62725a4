//===- SerializeGpuKernels.cpp - GPU modules to PTX and cubin -------------===//

#include "passes/target/Nvvm.h"
#include "passes/target/Passes.h"
#include "passes/target/Ptxas.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;

namespace bcssl {
#define GEN_PASS_DEF_SERIALIZEGPUKERNELS
#include "passes/target/Passes.h.inc"

namespace {

struct SerializeGpuKernels
    : impl::SerializeGpuKernelsBase<SerializeGpuKernels> {
  using SerializeGpuKernelsBase::SerializeGpuKernelsBase;

  void runOnOperation() override {
    SmallVector<gpu::GPUModuleOp> modules(
        getOperation().getOps<gpu::GPUModuleOp>());
    for (gpu::GPUModuleOp module : modules)
      if (failed(serialize(module)))
        return signalPassFailure();
  }

  LogicalResult serialize(gpu::GPUModuleOp module) {
    FailureOr<std::string> ptx = compilePtx(module);
    if (failed(ptx) || failed(writePtx(*ptx, module)))
      return failure();
    if (!kernelsWithLocalMemory(*ptx).empty())
      return module.emitError() << "expects kernels that keep their values in "
                                   "registers, got local memory";
    OpBuilder builder(module);
    auto target = cast<NVVM::NVVMTargetAttr>(module.getTargetsAttr()[0]);
    SmallVector<Attribute> objects;
    auto addObject = [&](gpu::CompilationTarget format, StringRef bytes,
                         DictionaryAttr notes) {
      objects.push_back(gpu::ObjectAttr::get(
          target, format, builder.getStringAttr(bytes), notes));
    };
    addObject(gpu::CompilationTarget::Assembly, *ptx, DictionaryAttr());
    std::string assembler = findPtxas(ptxas);
    if (assembler.empty()) {
      module.emitRemark() << "found no ptxas: PTX only, no cubin";
    } else {
      FailureOr<Cubin> cubin = assemblePtx(*ptx, target.getChip(), assembler,
                                           [&] { return module.emitError(); });
      if (failed(cubin))
        return failure();
      NamedAttribute notes =
          builder.getNamedAttr("notes", builder.getStringAttr(cubin->notes));
      addObject(gpu::CompilationTarget::Binary, cubin->bytes,
                builder.getDictionaryAttr(notes));
    }
    gpu::BinaryOp::create(builder, module.getLoc(), module.getName(),
                          /*offloadingHandler=*/Attribute(), objects);
    module.erase();
    return success();
  }

  LogicalResult writePtx(StringRef ptx, gpu::GPUModuleOp module) {
    if (ptxFile.empty())
      return success();
    std::string message;
    std::unique_ptr<llvm::ToolOutputFile> file =
        openOutputFile(ptxFile, &message);
    if (!file)
      return module.emitError() << message;
    file->os() << ptx;
    file->keep();
    return success();
  }
};

} // namespace
} // namespace bcssl
