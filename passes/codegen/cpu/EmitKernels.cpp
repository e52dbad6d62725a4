//===- EmitKernels.cpp - one function per kernel region -------------------===//

#include "passes/codegen/cpu/Generators.h"
#include "passes/codegen/cpu/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace bcssl {
#define GEN_PASS_DEF_EMITCPUKERNELS
#include "passes/codegen/cpu/Passes.h.inc"

int64_t tilesOf(KernelOp kernel) {
  switch (kernel.getFamily()) {
  case KernelFamily::Depthwise:
    return depthwiseTiles(kernel);
  case KernelFamily::DepthwiseFilterGrad:
    return depthwiseFilterGradTiles(kernel);
  case KernelFamily::Contraction:
    return isa<ContractOp>(anchorOf(kernel)) ? weightGradTiles(kernel)
                                             : contractionTiles(kernel);
  case KernelFamily::Rowwise:
    return rowwiseTiles(kernel);
  case KernelFamily::Columnwise:
    return columnwiseTiles(kernel);
  case KernelFamily::Movement:
    return movementTiles(kernel);
  }
  llvm_unreachable("unknown kernel family");
}

namespace {

void emitFamily(KernelContext context) {
  switch (context.kernel.getFamily()) {
  case KernelFamily::Depthwise:
    return emitDepthwise(context);
  case KernelFamily::DepthwiseFilterGrad:
    return emitDepthwiseFilterGrad(context);
  case KernelFamily::Contraction:
    return isa<ContractOp>(anchorOf(context.kernel)) ? emitWeightGrad(context)
                                                     : emitContraction(context);
  case KernelFamily::Rowwise:
    return emitRowwise(context);
  case KernelFamily::Columnwise:
    return emitColumnwise(context);
  case KernelFamily::Movement:
    return emitMovement(context);
  }
}

struct EmitKernels : impl::EmitCpuKernelsBase<EmitKernels> {
  using EmitCpuKernelsBase::EmitCpuKernelsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    std::optional<RegisterFile> registers = registersOf(level);
    if (!registers) {
      module.emitError("expects the level x86-64-v3 or x86-64-v4, got '")
          << level << "'";
      return signalPassFailure();
    }
    if (Operation *taken = module.lookupSymbol("kernels")) {
      taken->emitOpError(
          "takes the name of the module that the kernels are emitted to");
      return signalPassFailure();
    }
    WalkResult checked = module.walk([](KernelOp kernel) {
      return failed(checkEmittable(kernel)) ? WalkResult::interrupt()
                                            : WalkResult::advance();
    });
    if (checked.wasInterrupted())
      return signalPassFailure();
    auto kernels = ModuleOp::create(module.getLoc(), "kernels");
    kernels->setAttr("bcssl.level", StringAttr::get(&getContext(), level));
    llvm::StringMap<std::string> known;
    module.walk([&](KernelOp kernel) {
      auto [entry, isNew] = known.try_emplace(keyOf(kernel));
      if (isNew) {
        entry->second = (stringifyKernelFamily(kernel.getFamily()) + "_" +
                         Twine(known.size() - 1))
                            .str();
        emit(kernel, kernels, entry->second, *registers);
      }
      Builder builder(&getContext());
      kernel->setAttr("symbol", builder.getStringAttr(entry->second));
      kernel->setAttr("tiles", builder.getI64IntegerAttr(tilesOf(kernel)));
    });
    module.push_back(kernels);
  }

  void emit(KernelOp kernel, ModuleOp kernels, StringRef name,
            const RegisterFile &registers) {
    ImplicitLocOpBuilder builder(kernel.getLoc(), &getContext());
    builder.setInsertionPointToEnd(kernels.getBody());
    SmallVector<Type> types;
    auto addBuffer = [&](Type type) {
      auto tensor = cast<RankedTensorType>(type);
      Type element = tensor.getElementType();
      if (element.isInteger(1)) // a vector of i1 would be stored as bits
        element = builder.getI8Type();
      types.push_back(MemRefType::get({tensor.getNumElements()}, element));
    };
    llvm::for_each(kernel->getOperandTypes(), addBuffer);
    llvm::for_each(kernel->getResultTypes(), addBuffer);
    types.push_back(builder.getIndexType());
    auto function =
        func::FuncOp::create(builder, name, builder.getFunctionType(types, {}));
    Block *entry = function.addEntryBlock();
    builder.setInsertionPointToStart(entry);
    ValueRange arguments = entry->getArguments();
    emitFamily(
        {builder, kernel, arguments.drop_back(), arguments.back(), registers});
    builder.setInsertionPointToEnd(entry);
    func::ReturnOp::create(builder);
  }
};

} // namespace
} // namespace bcssl
