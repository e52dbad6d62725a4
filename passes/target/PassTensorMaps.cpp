//===- PassTensorMaps.cpp - tensor maps as parameters by value ------------===//

#include "passes/codegen/gpu/TensorMap.h"
#include "passes/target/Passes.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace bcssl {
#define GEN_PASS_DEF_PASSTENSORMAPS
#include "passes/target/Passes.h.inc"

namespace {

// A CUtensorMap, and what the driver aligns it to.
constexpr unsigned mapBytes = 128;
constexpr unsigned mapAlignment = 64;

LogicalResult passByValue(LLVM::LLVMFuncOp function) {
  Attribute attribute = function->removeAttr(tensorMapsAttrName);
  if (!attribute)
    return success();
  auto maps = dyn_cast<ArrayAttr>(attribute);
  unsigned arguments = function.getNumArguments();
  if (!maps || maps.size() > arguments)
    return function.emitOpError() << tensorMapsAttrName
                                  << " expects an array with the last "
                                     "arguments' tensor maps";
  MLIRContext *context = function.getContext();
  auto bytes = LLVM::LLVMArrayType::get(IntegerType::get(context, 8), mapBytes);
  for (unsigned i = arguments - maps.size(); i < arguments; ++i) {
    if (function.getArgumentTypes()[i] != LLVM::LLVMPointerType::get(context))
      return function.emitOpError()
             << "expects a pointer for the tensor map of argument " << i;
    function.setArgAttr(i, LLVM::LLVMDialect::getByValAttrName(),
                        TypeAttr::get(bytes));
    function.setArgAttr(
        i, LLVM::LLVMDialect::getAlignAttrName(),
        IntegerAttr::get(IntegerType::get(context, 64), mapAlignment));
    function.setArgAttr(i, NVVM::NVVMDialect::getGridConstantAttrName(),
                        UnitAttr::get(context));
  }
  return success();
}

struct PassTensorMaps : impl::PassTensorMapsBase<PassTensorMaps> {
  void runOnOperation() override {
    for (auto function :
         getOperation().getBodyRegion().getOps<LLVM::LLVMFuncOp>())
      if (failed(passByValue(function)))
        return signalPassFailure();
  }
};

} // namespace
} // namespace bcssl
