//===- DepthwiseCase.h - one depthwise GPU kernel and its run ---*- C++ -*-===//

#ifndef BCSSL_TEST_PASSES_CODEGEN_GPU_DEPTHWISECASE_H
#define BCSSL_TEST_PASSES_CODEGEN_GPU_DEPTHWISECASE_H

#include "test/passes/codegen/gpu/RunOnCpu.h"
#include "test/reference/Tensor.h"

#include "mlir/IR/BuiltinOps.h"

namespace bcssl::test {

struct DepthwiseCase {
  int64_t images, height, width, channels, kernel;
  std::string element = "f32";
  std::string tile = ""; ///< the cost model's choice, if empty
  std::string chip = "sm_90a";
  int64_t parts = 1; ///< of the images: filter gradients

  reference::Shape map() const { return {images, height, width, channels}; }
  reference::Shape filter() const { return {kernel, kernel, channels}; }
};

enum class Computation {
  Forward,       ///< erf(convolution * scale) + x
  InputGradient, ///< nothing else
  /// z = convolution * keep[image]; z, and the sums over each image of
  /// d = z - shift and of d * d
  Statistics,
  FilterGradient, ///< nothing else
};

/// The text of a kernel.
std::string programOf(const DepthwiseCase &test, Computation computation);

/// What to break in a module of emitted kernels, or in their launch.
using Fault = llvm::function_ref<void(mlir::ModuleOp, CpuLaunch &)>;

/// Compiles the kernel, runs it on random numbers and returns what is wrong
/// with it compared with plain float64 loops, or nothing.
std::string faultOf(
    const DepthwiseCase &test, Computation computation, ThreadOrder order,
    Fault fault = [](mlir::ModuleOp, CpuLaunch &) {});

} // namespace bcssl::test

#endif // BCSSL_TEST_PASSES_CODEGEN_GPU_DEPTHWISECASE_H
