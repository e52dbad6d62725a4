//===- ErrorBound.h - how far a program in float may be off -----*- C++ -*-===//
//
// A bound of the rounding error of every element that a function computes,
// found along with its exact value: each operation adds its own rounding to
// what its operands bring along.
//
// * Sums, convolutions and contractions: the sum of the absolute values of
//   their n terms, times g(n) u, where u is the unit roundoff of the type and
//   g(n) = min(n, 6 sqrt(n)). n is the worst case; where roundings are
//   independent, 6 sqrt(n) is exceeded with a probability below 2 n exp(-18)
//   (Higham and Mary, A New Approach to Probabilistic Rounding Error Analysis,
//   SIAM J. Sci. Comput. 41, 2019, theorem 2.4). Both hold in any order. Sums
//   of bf16 are kept in f32 and rounded once.
// * Pointwise operations: the largest change of their value where the operands
//   move to the ends of their own bounds, and one rounding. A comparison that
//   such a move would turn round is uncertain, and so is what it selects.
//
// So cancellation widens the bound where it happens, and nowhere else.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_TEST_REFERENCE_ERRORBOUND_H
#define BCSSL_TEST_REFERENCE_ERRORBOUND_H

#include "test/reference/Interpreter.h"

namespace bcssl::reference {

/// One bound per element of each result of `function`, whose arithmetic rounds
/// to the types that it names; `arguments` are exact. The function is an
/// expanded one (Stage::Expanded) or consists of kernels (Stage::Kernels).
/// Reports at the operation and fails where an operation has no bound.
mlir::FailureOr<std::vector<Tensor>>
boundErrors(mlir::func::FuncOp function, llvm::ArrayRef<Tensor> arguments);

} // namespace bcssl::reference

#endif // BCSSL_TEST_REFERENCE_ERRORBOUND_H
