//===- Harness.h - loads, transforms and feeds test programs ----*- C++ -*-===//

#ifndef BCSSL_TEST_REFERENCE_HARNESS_H
#define BCSSL_TEST_REFERENCE_HARNESS_H

#include "test/reference/Interpreter.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace bcssl::reference {

/// A parsed module and the context that it lives in. Errors of parsing,
/// verification and passes fail the running test.
class Harness {
public:
  explicit Harness(llvm::StringRef text);

  bool parsed() const { return bool(module); }
  mlir::ModuleOp getModule() { return *module; }
  mlir::func::FuncOp function(llvm::StringRef name = "f");
  /// Runs passes by their flags ("bcssl-expand,cse"); false where one fails.
  bool runPasses(llvm::StringRef flags);
  /// Runs a function; fails the test and returns nothing where it cannot.
  std::vector<Tensor> run(llvm::StringRef name,
                          llvm::ArrayRef<Tensor> arguments);

private:
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// Random arguments as the attributes of @f's arguments ask for (Programs.h),
/// none within 0.05 of 0 where the range is not, so that no difference quotient
/// steps over a kink there.
std::vector<Tensor> randomArguments(mlir::func::FuncOp function, uint64_t seed);

/// The arguments that a gradient is asked for.
std::vector<unsigned> differentiableArguments(mlir::func::FuncOp function);

/// Adds two functions: @loss, the sum over @f's results of each times a weight
/// tensor, and @gradient, that loss and its gradients with respect to the
/// differentiable arguments (`bcssl.gradient`). Both take @f's arguments, then
/// the weights.
void addLossAndGradient(mlir::func::FuncOp function);

/// Random arguments of @loss and @gradient.
std::vector<Tensor> lossArguments(mlir::func::FuncOp function, uint64_t seed);

/// The largest absolute element.
double magnitude(const Tensor &tensor);

/// Fails the test unless `actual` has the shape of `expected` and lies within
/// `tolerance` times the larger of `expected`'s magnitude and `floor`.
void expectClose(const Tensor &actual, const Tensor &expected, double tolerance,
                 const std::string &what, double floor = 0);

} // namespace bcssl::reference

#endif // BCSSL_TEST_REFERENCE_HARNESS_H
