//===- PlantedBugs.h - faults that the emulator must find -------*- C++ -*-===//
//
// Small kernels of every family, as the generators emit them, and one fault at
// a time that is put into their code or their launch: a barrier, a wait, a
// condition, an index, a size or a step of a sum is taken out or changed. Every
// such kernel still compiles and passes the verifier.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_TEST_PASSES_CODEGEN_GPU_PLANTEDBUGS_H
#define BCSSL_TEST_PASSES_CODEGEN_GPU_PLANTEDBUGS_H

#include "test/passes/codegen/gpu/KernelRun.h"

namespace bcssl::test {

/// A program for runKernel().
struct PlantedKernel {
  std::string name;   ///< "depthwise with statistics"
  std::string family; ///< of the bcssl.kernel
  std::string text;
};

struct PlantedBug {
  std::string kind;   ///< what is broken: "barrier", "wait", ...
  std::string kernel; ///< the name of a PlantedKernel
  std::string what;   ///< what is wrong, in words
  /// The kind of a finding of the emulator, or "wrong values".
  std::string caughtBy;
  KernelFault fault;
};

const std::vector<PlantedKernel> &plantedKernels();

/// In the order of their kernels.
std::vector<PlantedBug> plantedBugs();

} // namespace bcssl::test

#endif // BCSSL_TEST_PASSES_CODEGEN_GPU_PLANTEDBUGS_H
