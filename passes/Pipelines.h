//===- Pipelines.h - the whole compiler on one screen -----------*- C++ -*-===//

#ifndef BCSSL_PASSES_PIPELINES_H
#define BCSSL_PASSES_PIPELINES_H

#include "passes/Target.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

#include <optional>
#include <string>

namespace bcssl {

/// Places where the compiler can stop and go on from a file, in order.
enum class Stage {
  Input,          ///< programs as the model wrote them
  Differentiated, ///< with the backward graph
  Expanded,       ///< coarse operations written out
  Kernels,        ///< bcssl.kernel regions
  Planned,        ///< kernels emitted, memory planned
  Executable,     ///< the artifact
};

/// "input", "differentiated", "expanded", "kernels", "planned", "executable".
llvm::StringRef nameOf(Stage stage);
std::optional<Stage> parseStage(llvm::StringRef name);

/// What convolutions and contractions multiply. Sums and all other arithmetic
/// are in f32, and so are variables.
enum class Precision { F32, Bf16 };

/// "f32", "bf16".
llvm::StringRef nameOf(Precision precision);

/// How kernels are formed; switches are on but for comparisons.
struct KernelFormation {
  bool fuse = true;
  bool recompute = true;
  bool merge = true; ///< small kernels share launches, on GPUs
  /// Contractions of many tiles have a warp group that copies for others, on
  /// chips with wgmma.
  bool specialize = true;
  Precision precision = Precision::F32; ///< kernels of CPUs are in f32
  /// In bf16: also feature maps that no product takes cross kernels so, from
  /// this number of elements on; 0: none.
  int64_t narrowElements = 65536;
};

/// Adds the passes that lead from `stage` to the next one, for a CPU level
/// whose registers the emitted kernels fill, or for a GPU's chip.
void buildStage(mlir::OpPassManager &manager, Stage stage,
                KernelFormation formation = {}, const Target &target = {});

/// Adds the passes that emit the functions of kernels: a part of the stage
/// Kernels. On CPUs all levels share their tiles, on GPUs each chip chooses its
/// own here.
void buildEmission(mlir::OpPassManager &manager, KernelFormation formation,
                   const Target &target);

/// Adds all passes from a model's programs to planned CPU kernels: the pipeline
/// `--bcssl-cpu`.
void buildCpuPipeline(mlir::OpPassManager &manager);

/// Options of the pipeline `--bcssl-nvvm`.
struct NvvmOptions : mlir::PassPipelineOptions<NvvmOptions> {
  Option<std::string> chip{*this, "chip", llvm::cl::desc("chip to compile for"),
                           llvm::cl::init("sm_90a")};
  Option<bool> partial{
      *this, "partial",
      llvm::cl::desc("leave out kernels that have no GPU generator"),
      llvm::cl::init(false)};
  Option<Precision> precision{
      *this, "precision", llvm::cl::desc("what is multiplied"),
      llvm::cl::init(Precision::F32),
      llvm::cl::values(clEnumValN(Precision::F32, "f32", "f32"),
                       clEnumValN(Precision::Bf16, "bf16", "bf16"))};
};

/// Adds all passes from a model's programs to GPU kernels in the LLVM and NVVM
/// dialects: the pipeline `--bcssl-nvvm`.
void buildNvvmPipeline(mlir::OpPassManager &manager,
                       const NvvmOptions &options);

/// Registers every pass and pipeline of the project.
void registerPasses();

/// Registers every dialect that the passes use.
void registerDialects(mlir::DialectRegistry &registry);

} // namespace bcssl

#endif // BCSSL_PASSES_PIPELINES_H
