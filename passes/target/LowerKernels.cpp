//===- LowerKernels.cpp - kernel functions to the LLVM dialect ------------===//

#include "passes/target/Native.h"

#include "passes/target/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace bcssl {

void buildCpuLowering(OpPassManager &manager) {
  OpPassManager &kernels = manager.nest<func::FuncOp>();
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
  kernels.addPass(createLoopInvariantCodeMotionPass());
  manager.addPass(createExpandMath());
  manager.addPass(createSCFToControlFlowPass());
  manager.addPass(createConvertMathToLLVMPass());
  ConvertVectorToLLVMPassOptions vectors;
  vectors.vectorTransposeLowering =
      vector::VectorTransposeLowering::Shuffle16x16;
  manager.addPass(createConvertVectorToLLVMPass(vectors));
  ConvertFuncToLLVMPassOptions functions;
  functions.useBarePtrCallConv = true;
  manager.addPass(createConvertFuncToLLVMPass(functions));
  manager.addPass(createFinalizeMemRefToLLVMConversionPass());
  manager.addPass(createConvertControlFlowToLLVMPass());
  manager.addPass(createArithToLLVMConversionPass());
  manager.addPass(createUBToLLVMConversionPass());
  manager.addPass(createReconcileUnrealizedCastsPass());
}

void registerLoweringPasses() {
  registerSCFToControlFlowPass();
  registerConvertMathToLLVMPass();
  registerConvertVectorToLLVMPass();
  registerConvertFuncToLLVMPass();
  registerFinalizeMemRefToLLVMConversionPass();
  registerConvertControlFlowToLLVMPass();
  registerArithToLLVMConversionPass();
  registerUBToLLVMConversionPass();
  registerReconcileUnrealizedCastsPass();
  registerConvertGpuOpsToNVVMOps();
  registerConvertNVVMToLLVMPass();
}

LogicalResult lowerKernels(ModuleOp kernels) {
  PassManager manager(kernels.getContext());
  buildCpuLowering(manager);
  return manager.run(kernels);
}

} // namespace bcssl
