//===- TeamReduction.h - sums over neighbouring threads ---------*- C++ -*-===//
//
// A team is a power of two of neighbouring threads within a warp, or a whole
// block. All threads of the team get the result, by an order that depends on
// nothing but the team's size.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_PASSES_CODEGEN_GPU_TEAMREDUCTION_H
#define BCSSL_PASSES_CODEGEN_GPU_TEAMREDUCTION_H

#include "dialects/bcssl/Bcssl.h"
#include "passes/codegen/gpu/KernelBuilder.h"

namespace bcssl {

class TeamReduction {
public:
  TeamReduction(KernelBuilder &kernel, int64_t team, int64_t threads)
      : kernel(kernel), team(team), threads(threads) {}

  /// What leaves every number as it is: 0 or minus infinity.
  static float neutral(ReduceKind kind);

  mlir::Value combine(ReduceKind kind, mlir::Value a, mlir::Value b);

  /// The sum or maximum of the lanes of `vector` in all threads of the team.
  /// All threads of the block must come here.
  mlir::Value reduce(ReduceKind kind, mlir::Value vector);

  /// A piece of shared memory of so many floats, the same at every call: who
  /// writes to it waits for those who read.
  mlir::Value sharedSums(int64_t elements);

  /// Shared memory that a kernel needs which reduces rows or not, and asks for
  /// `sums` floats.
  static int64_t sharedBytes(int64_t team, int64_t threads, bool reduces,
                             int64_t sums);

private:
  KernelBuilder &kernel;
  int64_t team, threads;
  mlir::Value warpResults, sums;
};

} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_GPU_TEAMREDUCTION_H
