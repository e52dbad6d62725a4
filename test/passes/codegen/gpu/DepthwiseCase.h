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

  reference::Shape map() const { return {images, height, width, channels}; }
};

/// The text of a kernel for erf(convolution * scale) + x, or of the plain input
/// gradient.
std::string programOf(const DepthwiseCase &test, bool gradient);

/// What to break in a module of emitted kernels, or in their launch.
using Fault = llvm::function_ref<void(mlir::ModuleOp, CpuLaunch &)>;

/// Compiles the kernel, runs it on random numbers and returns what is wrong
/// with it compared with plain float64 loops, or nothing.
std::string faultOf(
    const DepthwiseCase &test, bool gradient, ThreadOrder order,
    Fault fault = [](mlir::ModuleOp, CpuLaunch &) {});

} // namespace bcssl::test

#endif // BCSSL_TEST_PASSES_CODEGEN_GPU_DEPTHWISECASE_H
