//===- Pipelines.cpp - the whole compiler on one screen -------------------===//

#include "passes/Pipelines.h"

#include "dialects/bcssl/Bcssl.h"
#include "passes/codegen/cpu/Passes.h"
#include "passes/codegen/gpu/Passes.h"
#include "passes/fusion/Passes.h"
#include "passes/graph/Passes.h"
#include "passes/schedule/Passes.h"
#include "passes/target/Nvvm.h"
#include "passes/target/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace bcssl {

static constexpr std::pair<Stage, llvm::StringLiteral> stageNames[] = {
    {Stage::Input, "input"},       {Stage::Differentiated, "differentiated"},
    {Stage::Expanded, "expanded"}, {Stage::Kernels, "kernels"},
    {Stage::Planned, "planned"},   {Stage::Executable, "executable"}};

llvm::StringRef nameOf(Stage stage) {
  return stageNames[static_cast<int>(stage)].second;
}

llvm::StringRef nameOf(Precision precision) {
  return precision == Precision::Bf16 ? "bf16" : "f32";
}

std::optional<Stage> parseStage(llvm::StringRef name) {
  for (auto [stage, text] : stageNames)
    if (text == name)
      return stage;
  return std::nullopt;
}

/// Rows of a GPU's contraction tile, and sums of a column over a whole grid:
/// more and smaller parts than threads of a CPU need.
static constexpr int64_t gpuContractionRows = 128, gpuPartialSums = 512;

static void buildFormation(OpPassManager &manager, KernelFormation formation,
                           const Target &target) {
  bool mixed = formation.precision == Precision::Bf16;
  if (mixed)
    manager.addNestedPass<func::FuncOp>(createMixedPrecision());
  // GPUs read a weight as it lies: shared memory is where it is rearranged.
  // They have more multiprocessors than most gradients of weights have tiles.
  if (target.isGpu())
    manager.addNestedPass<func::FuncOp>(createSplitReductions());
  else
    manager.addNestedPass<func::FuncOp>(createPackContractions());
  // Once is enough: what forward and backward both compute is merged here,
  // packed weights with it.
  manager.addPass(createCSEPass());
  FormKernelsOptions options{.fuse = formation.fuse,
                             .recompute = formation.recompute};
  if (target.isGpu()) {
    options.contractionRows = gpuContractionRows;
    options.partialSums = gpuPartialSums;
  }
  manager.addNestedPass<func::FuncOp>(createFormKernels(options));
  if (mixed && formation.narrowElements > 0)
    manager.addNestedPass<func::FuncOp>(
        createNarrowActivations({formation.narrowElements}));
  manager.addPass(createCanonicalizerPass());
  if (target.isGpu() && formation.merge)
    manager.addNestedPass<func::FuncOp>(
        createMergeKernels(MergeKernelsOptions{.chip = target.chip}));
}

void buildEmission(OpPassManager &manager, KernelFormation formation,
                   const Target &target) {
  if (target.isGpu()) {
    manager.addNestedPass<func::FuncOp>(
        createChooseGpuTiles({target.chip, formation.specialize}));
    manager.addPass(
        createEmitGpuKernels(EmitGpuKernelsOptions{.chip = target.chip}));
    return;
  }
  manager.addPass(createEmitCpuKernels({target.chip}));
}

void buildStage(OpPassManager &manager, Stage stage, KernelFormation formation,
                const Target &target) {
  switch (stage) {
  case Stage::Input:
    manager.addPass(createFoldBatchNorm());
    manager.addPass(createDifferentiate());
    return;
  case Stage::Differentiated:
    manager.addPass(createExpand());
    manager.addPass(createCanonicalizerPass());
    return;
  case Stage::Expanded:
    buildFormation(manager, formation, target);
    return;
  case Stage::Kernels:
    if (!target.isGpu()) {
      manager.addNestedPass<func::FuncOp>(createTileLargeKernels());
      manager.addNestedPass<func::FuncOp>(createChooseTiles());
    }
    buildEmission(manager, formation, target);
    manager.addPass(createPlanMemory());
    manager.addPass(createVerifyMemory());
    return;
  case Stage::Planned:
  case Stage::Executable:
    return;
  }
}

void buildCpuPipeline(OpPassManager &manager) {
  for (auto [stage, name] : stageNames)
    buildStage(manager, stage);
}

void buildNvvmPipeline(OpPassManager &manager, const NvvmOptions &options) {
  for (Stage stage : {Stage::Input, Stage::Differentiated, Stage::Expanded})
    buildStage(manager, stage, {.precision = options.precision},
               {Target::Kind::Cuda, options.chip});
  manager.addNestedPass<func::FuncOp>(
      createChooseGpuTiles(ChooseGpuTilesOptions{.chip = options.chip}));
  manager.addPass(createEmitGpuKernels(
      {options.chip,
       options.partial ? MissingGenerator::Remark : MissingGenerator::Error}));
  buildNvvmLowering(manager);
}

void registerPasses() {
  registerTransformsPasses();
  registerBcsslGraphPasses();
  registerBcsslFusionPasses();
  registerBcsslSchedulePasses();
  registerBcsslCodegenCpuPasses();
  registerBcsslCodegenGpuPasses();
  registerBcsslTargetPasses();
  registerLoweringPasses();
  PassPipelineRegistration<>("bcssl-cpu",
                             "Compile programs to planned kernels for the CPU",
                             buildCpuPipeline);
  PassPipelineRegistration<>(
      "bcssl-lower-cpu",
      "Lower a module of emitted kernels for the CPU to the LLVM dialect",
      buildCpuLowering);
  PassPipelineRegistration<NvvmOptions>(
      "bcssl-nvvm",
      "Compile programs to kernels for NVIDIA GPUs in the NVVM dialect",
      buildNvvmPipeline);
}

void registerDialects(DialectRegistry &registry) {
  registry.insert<BcsslDialect, arith::ArithDialect, func::FuncDialect,
                  LLVM::LLVMDialect, math::MathDialect, memref::MemRefDialect,
                  scf::SCFDialect, vector::VectorDialect>();
  registerNvvmTarget(registry);
}

} // namespace bcssl
