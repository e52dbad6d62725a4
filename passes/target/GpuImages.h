//===- GpuImages.h - kernels of a GPU to images -----------------*- C++ -*-===//

#ifndef BCSSL_PASSES_TARGET_GPUIMAGES_H
#define BCSSL_PASSES_TARGET_GPUIMAGES_H

#include "passes/target/Executable.h"

#include "mlir/IR/BuiltinOps.h"

#include <string>
#include <vector>

namespace bcssl {

/// The forms that images of a chip's kernels take.
struct GpuFormats {
  bool cubin = false; ///< needs ptxas
  bool ptx = false;
  bool bitcode = false; ///< for target cuda:simt
};

struct GpuImageOptions {
  std::string ptxas;          ///< its path; read where cubins are asked for
  std::string cacheDirectory; ///< of cubins; empty: none is kept
  bool strict = false; ///< what makes a kernel slow is an error, no warning
};

/// Lowers and compiles the emitted GPU functions of a planned module, in place,
/// to images of the chip that they were emitted for. Each image holds a few
/// kernels, in the module's order, so that all processors have work; their
/// number does not depend on how many there are. Images of one format follow
/// each other: cubins, PTX, bitcode. Kernels that spill get more registers, in
/// the PTX too. Spills that remain, other local memory, notes of ptxas about
/// performance and loops with fewer multiply-adds than their tiles plan become
/// warnings.
mlir::FailureOr<std::vector<KernelImage>>
compileGpuImages(mlir::ModuleOp planned, GpuFormats formats,
                 const GpuImageOptions &options);

} // namespace bcssl

#endif // BCSSL_PASSES_TARGET_GPUIMAGES_H
