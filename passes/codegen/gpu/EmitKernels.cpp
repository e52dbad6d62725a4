//===- EmitKernels.cpp - one GPU function per kernel region ---------------===//

#include "passes/codegen/MergedKernel.h"
#include "passes/codegen/gpu/Generators.h"
#include "passes/codegen/gpu/KernelBuilder.h"
#include "passes/codegen/gpu/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace bcssl {
#define GEN_PASS_DEF_EMITGPUKERNELS
#include "passes/codegen/gpu/Passes.h.inc"

namespace {

struct EmitGpuKernels : impl::EmitGpuKernelsBase<EmitGpuKernels> {
  using EmitGpuKernelsBase::EmitGpuKernelsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    const GpuChip *target = findGpuChip(chip);
    if (!target) {
      module.emitError() << "expects one of the chips " << gpuChipNames()
                         << ", got '" << chip << "'";
      return signalPassFailure();
    }
    if (Operation *taken = module.lookupSymbol("kernels")) {
      taken->emitOpError(
          "takes the name of the module that the kernels are emitted to");
      return signalPassFailure();
    }
    SmallVector<KernelOp> kernels;
    WalkResult checked = module.walk([&](KernelOp kernel) {
      if (isPart(kernel)) // its merged kernel looks after it
        return WalkResult::advance();
      if (failed(checkRegion(kernel)))
        return WalkResult::interrupt();
      if (std::string reason = missingGpuGenerator(kernel); !reason.empty())
        return reportMissing(kernel, reason);
      kernels.push_back(kernel);
      return WalkResult(checkGpuTile(kernel, target->limits));
    });
    if (checked.wasInterrupted())
      return signalPassFailure();
    ImplicitLocOpBuilder builder(module.getLoc(), &getContext());
    builder.setInsertionPointToEnd(module.getBody());
    auto nvvmTarget = NVVM::NVVMTargetAttr::get(
        &getContext(), /*optLevel=*/3, "nvptx64-nvidia-cuda", chip,
        ("+ptx" + Twine(target->ptxVersion)).str());
    auto gpuModule = gpu::GPUModuleOp::create(builder, "kernels",
                                              ArrayRef<Attribute>{nvvmTarget},
                                              /*handler=*/Attribute());
    builder.setInsertionPointToStart(gpuModule.getBody());
    declareSharedMemory(builder);
    llvm::StringMap<std::string> known;
    for (KernelOp kernel : kernels) {
      auto [entry, isNew] = known.try_emplace(keyOf(kernel));
      if (isNew) {
        StringRef name = isMerged(kernel)
                             ? "merged"
                             : stringifyKernelFamily(kernel.getFamily());
        entry->second = (name + "_" + Twine(known.size() - 1)).str();
        if (failed(emit(kernel, gpuModule, entry->second)))
          return signalPassFailure();
      }
      GpuLaunch launch = gpuGeneratorOf(kernel).launch(kernel);
      kernel->setAttr("symbol", builder.getStringAttr(entry->second));
      kernel->setAttr("tiles", builder.getI64IntegerAttr(launch.blocks));
      kernel->setAttr("threads", builder.getI64IntegerAttr(launch.threads));
      kernel->setAttr("shared_bytes",
                      builder.getI64IntegerAttr(launch.sharedBytes));
    }
  }

  WalkResult reportMissing(KernelOp kernel, const std::string &reason) {
    std::string text = "has no GPU generator yet: " + reason;
    if (missing == MissingGenerator::Remark) {
      kernel.emitRemark() << text;
      return WalkResult::advance();
    }
    kernel.emitOpError() << text;
    return WalkResult::interrupt();
  }

  LogicalResult emit(KernelOp kernel, gpu::GPUModuleOp gpuModule,
                     StringRef name) {
    ImplicitLocOpBuilder builder(kernel.getLoc(), &getContext());
    builder.setInsertionPointToEnd(gpuModule.getBody());
    SmallVector<Type> types;
    auto addBuffer = [&](Type type) {
      auto tensor = cast<RankedTensorType>(type);
      Type element = tensor.getElementType();
      if (element.isInteger(1)) // truth values lie in memory as bytes
        element = builder.getI8Type();
      types.push_back(MemRefType::get({tensor.getNumElements()}, element));
    };
    llvm::for_each(kernel->getOperandTypes(), addBuffer);
    llvm::for_each(kernel->getResultTypes(), addBuffer);
    size_t buffers = types.size();
    GpuLaunch launch = gpuGeneratorOf(kernel).launch(kernel);
    types.append(launch.tensorMaps.size(),
                 LLVM::LLVMPointerType::get(&getContext()));
    auto function = gpu::GPUFuncOp::create(builder, name,
                                           builder.getFunctionType(types, {}));
    function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(),
                      builder.getUnitAttr());
    // ptxas shares out registers by the size of the block.
    function->setAttr(NVVM::NVVMDialect::getReqntidAttrName(),
                      builder.getDenseI32ArrayAttr(
                          {static_cast<int32_t>(launch.threads), 1, 1}));
    if (!launch.tensorMaps.empty()) {
      function->setAttr(
          tensorMapsAttrName,
          toAttribute(&getContext(), ArrayRef(launch.tensorMaps)));
      if (failed(tensorMapsOf(function)))
        return failure();
    }
    Block *entry = &function.getBody().front();
    builder.setInsertionPointToStart(entry);
    ValueRange arguments = entry->getArguments();
    gpuGeneratorOf(kernel).emit({builder, kernel, arguments.take_front(buffers),
                                 arguments.drop_front(buffers)});
    builder.setInsertionPointToEnd(entry);
    gpu::ReturnOp::create(builder);
    return success();
  }
};

} // namespace
} // namespace bcssl
