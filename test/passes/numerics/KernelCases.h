//===- KernelCases.h - kernels alone, with operands and results -*- C++ -*-===//
//
// Kernels as the compiler forms them, forward and backward, from the models
// that it is made for: each different kernel of a step becomes a program of its
// own, with the operands that it has in the step. Errors of one kernel are not
// hidden by those before it, and none is left out because nobody thought of it.
// Sizes that small models do not have come from cases that are written out.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_TEST_PASSES_NUMERICS_KERNELCASES_H
#define BCSSL_TEST_PASSES_NUMERICS_KERNELCASES_H

#include "dialects/bcssl/Bcssl.h"
#include "passes/Pipelines.h"
#include "test/passes/numerics/CoveringCases.h"
#include "test/reference/Tensor.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

#include <set>
#include <string>
#include <vector>

namespace bcssl::test {

/// A model whose training step gives kernels.
struct ModelCase {
  const char *name;
  std::vector<std::pair<std::string, std::string>> settings;
};

/// Odd channels, kernels larger than every map, one image a class.
std::vector<ModelCase> modelCases();

/// A program that is one kernel, and what it is run on.
struct KernelCase {
  mlir::func::FuncOp function;
  std::vector<reference::Tensor> arguments;
};

/// What a case gives: values in float64, and how far each may be off.
struct KernelResults {
  std::vector<reference::Tensor> expected, bounds;
};

class KernelCases {
public:
  /// Forms the kernels of a model's step for a target. Empty on failure, with a
  /// message on stderr.
  KernelCases(mlir::MLIRContext &context, const ModelCase &model,
              const Target &target, const KernelFormation &formation = {});

  /// Cases that are written out, on random operands. Empty on failure, with a
  /// message on stderr.
  KernelCases(mlir::MLIRContext &context,
              const std::vector<CoveringCase> &written);

  /// A module with one program a case: "kernel0", "kernel1", ... of a model,
  /// and those that are written out by their names.
  mlir::ModuleOp module() { return *alone; }
  const std::vector<KernelCase> &all() const { return cases; }
  /// Kernels left out: truth values have no port in an artifact.
  int withoutPorts() const { return left; }

  static mlir::FailureOr<KernelResults> evaluate(const KernelCase &kernel);

private:
  void add(KernelOp kernel, llvm::ArrayRef<reference::Tensor> operands);

  mlir::OwningOpRef<mlir::ModuleOp> alone;
  std::vector<KernelCase> cases;
  std::set<std::string> seen;
  int left = 0;
};

} // namespace bcssl::test

#endif // BCSSL_TEST_PASSES_NUMERICS_KERNELCASES_H
