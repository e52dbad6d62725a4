//===- bcssl-opt.cpp - runs passes on a file ------------------------------===//
//
// As mlir-opt, with the bcssl dialect and this project's passes.
//
//===----------------------------------------------------------------------===//

#include "passes/Pipelines.h"

#include "mlir/Dialect/Func/Extensions/InlinerExtension.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  bcssl::registerDialects(registry);
  registry.insert<mlir::NVVM::NVVMDialect, mlir::gpu::GPUDialect>();
  mlir::func::registerInlinerExtension(registry);
  bcssl::registerPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "bcssl pass driver\n", registry));
}
