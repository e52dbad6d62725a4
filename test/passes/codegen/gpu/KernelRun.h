//===- KernelRun.h - one GPU kernel against the reference -------*- C++ -*-===//

#ifndef BCSSL_TEST_PASSES_CODEGEN_GPU_KERNELRUN_H
#define BCSSL_TEST_PASSES_CODEGEN_GPU_KERNELRUN_H

#include "test/passes/codegen/gpu/RunOnCpu.h"

#include "mlir/IR/BuiltinOps.h"

#include <functional>

namespace bcssl::test {

/// What to break in a module of emitted kernels, or in their launch.
using KernelFault = std::function<void(mlir::ModuleOp, CpuLaunch &)>;

struct KernelRunOptions {
  ThreadOrder order = ThreadOrder::Rising;
  std::string chip = "sm_90a";
  KernelFault fault = {};
};

/// Compiles `@f` of the text, whose arguments are the operands of its one
/// kernel and whose results are that kernel's, in order, runs it on random
/// numbers in [-1, 1) of f32 or bf16 and compares all results with the float64
/// interpreter. Returns what is wrong, or nothing: what `runOnCpu` says, a
/// value beyond the bound of rounding, or a bound too wide to show a fault.
std::string runKernel(const std::string &text,
                      const KernelRunOptions &options = {});

} // namespace bcssl::test

#endif // BCSSL_TEST_PASSES_CODEGEN_GPU_KERNELRUN_H
