//===- ErrorBound.cpp - how far a program in float may be off -------------===//

#include "test/reference/ErrorBound.h"

#include "dialects/bcssl/Bcssl.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/SetVector.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace bcssl::reference {

namespace {

/// A value and how far a program may be from it.
struct Bounded {
  Tensor exact, bound;
};
using Knowledge = llvm::DenseMap<Value, Bounded>;

Tensor add(const Tensor &a, const Tensor &b) {
  return map(a, b, std::plus<>());
}

Tensor absolute(const Tensor &x) {
  return map(x, [](double a) { return std::abs(a); });
}

Tensor ones(const Tensor &x) { return Tensor(x.shape, 1); }

/// Half a unit in the last place of 1; 0 where the type holds its values
/// exactly.
double roundoffOf(Type type) {
  auto element = dyn_cast<FloatType>(getElementTypeOrSelf(type));
  return element ? std::ldexp(1.0, -int(element.getFPMantissaWidth())) : 0;
}

/// Nothing is rounded: values move or are chosen.
bool isExact(Operation *op) {
  return isa<arith::NegFOp, arith::MaximumFOp, arith::MinimumFOp,
             arith::SelectOp, arith::CmpFOp, arith::CmpIOp, arith::ExtFOp,
             BroadcastOp, ReshapeOp, ConcatOp, SliceOp, PadOp, SpaceToDepthOp,
             DepthToSpaceOp, PackOp, StopGradientOp, AllReduceOp>(op);
}

/// Each result is a sum of elements of the one operand.
bool isSum(Operation *op) {
  if (auto reduce = dyn_cast<ReduceOp>(op))
    return reduce.getKind() == ReduceKind::Sum;
  return isa<ReducePartialOp, CrossViewTargetsOp>(op);
}

/// Each result is a sum of products of elements of the two operands.
bool isSumOfProducts(Operation *op) {
  return isa<DepthwiseConv2dOp, DepthwiseConv2dInputGradOp,
             DepthwiseConv2dFilterGradOp, ContractOp, PackedContractOp>(op);
}

/// The result depends on integers alone.
bool hasExactSources(Operation *op) {
  return isa<OneHotOp, RandomUniformOp>(op);
}

std::vector<Tensor> evaluate(Operation *op, const Environment &values) {
  std::vector<Tensor> results = evaluateArith(op, values);
  return results.empty() ? evaluateBcssl(op, values) : results;
}

/// The result of `op` on tensors in place of its operands.
Tensor evaluateOn(Operation *op, ArrayRef<Tensor> operands) {
  Environment values;
  for (auto [value, tensor] : llvm::zip_equal(op->getOperands(), operands))
    values[value] = tensor;
  return evaluate(op, values).front();
}

/// g(n) u times the sums of absolute values. Sums are kept in f32 or better.
Tensor summationError(Operation *op, const Tensor &terms,
                      const Tensor &absoluteSums) {
  double roundoff =
      std::min(roundoffOf(op->getResult(0).getType()), std::ldexp(1.0, -24));
  return map(terms, absoluteSums, [&](double n, double sum) {
    return std::min(n, 6 * std::sqrt(n)) * roundoff * sum;
  });
}

/// Adds the rounding of sums in f32 to the narrower type of the result.
Tensor roundSum(Operation *op, const Tensor &result, const Tensor &bound) {
  double roundoff = roundoffOf(op->getResult(0).getType());
  if (roundoff <= std::ldexp(1.0, -24))
    return bound;
  return map(result, bound, [&](double value, double moved) {
    return moved + roundoff * (std::abs(value) + moved);
  });
}

Tensor boundSum(Operation *op, const Bounded &x) {
  return add(evaluateOn(op, x.bound),
             summationError(op, evaluateOn(op, ones(x.exact)),
                            evaluateOn(op, absolute(x.exact))));
}

Tensor boundSumOfProducts(Operation *op, const Bounded &x, const Bounded &y) {
  Tensor magnitudeX = absolute(x.exact), magnitudeY = absolute(y.exact);
  Tensor rounding =
      summationError(op, evaluateOn(op, {ones(x.exact), ones(y.exact)}),
                     evaluateOn(op, {magnitudeX, magnitudeY}));
  // |x| dy + dx |y| + dx dy
  Tensor moved = add(evaluateOn(op, {add(magnitudeX, x.bound), y.bound}),
                     evaluateOn(op, {x.bound, magnitudeY}));
  return add(rounding, moved);
}

/// The largest change of a pointwise result where operands move by their
/// bounds.
Tensor largestChange(Operation *op, const Tensor &result,
                     const Knowledge &known) {
  SetVector<Value> operands(op->operand_begin(), op->operand_end());
  Tensor change(result.shape);
  for (unsigned corner = 0; corner < 1u << operands.size(); ++corner) {
    Environment moved;
    for (auto [i, operand] : llvm::enumerate(operands)) {
      double sign = corner >> i & 1 ? 1 : -1;
      const Bounded &x = known.at(operand);
      moved[operand] = map(x.exact, x.bound, [&](double value, double bound) {
        return value + sign * bound;
      });
    }
    Tensor there = evaluate(op, moved).front();
    for (int64_t i = 0; i < result.size(); ++i) {
      double distance = std::abs(there[i] - result[i]);
      // Not a number near a number: anything may come out.
      change[i] = std::isnan(distance) ? std::numeric_limits<double>::infinity()
                                       : std::max(change[i], distance);
    }
  }
  return change;
}

Tensor boundPointwise(Operation *op, const Tensor &result,
                      const Knowledge &known) {
  // The polynomials for functions are off by up to 8 units (measured: erf 7.4);
  // those that cross 0 with a slope of about 1 are so in absolute terms.
  bool isFunction =
      isa<math::MathDialect>(op->getDialect()) && !isa<math::SqrtOp>(op);
  double least = isa<math::ErfOp, math::LogOp, math::Log1pOp>(op) ? 1 : 0;
  double unit = isExact(op) ? 0
                            : roundoffOf(op->getResult(0).getType()) *
                                  (isFunction ? 8 : 1);
  return map(largestChange(op, result, known), result,
             [&](double change, double value) {
               return change + unit * std::max(std::abs(value), least);
             });
}

FailureOr<Tensor> boundOf(Operation *op, const Tensor &result,
                          const Knowledge &known) {
  if (hasExactSources(op))
    return Tensor(result.shape);
  // A constant stands for a real number that was rounded to it.
  if (isa<arith::ConstantOp>(op))
    return map(result, [&](double value) {
      return std::abs(value) * roundoffOf(op->getResult(0).getType());
    });
  const Bounded &first = known.at(op->getOperand(0));
  if (isSum(op))
    return roundSum(op, result, boundSum(op, first));
  if (isSumOfProducts(op) && op->getOperand(0) != op->getOperand(1))
    return roundSum(op, result,
                    boundSumOfProducts(op, first, known.at(op->getOperand(1))));
  if (isa<ReduceOp>(op))
    return evaluateOn(op, first.bound);
  if (isa<BcsslDialect>(op->getDialect()) && isExact(op)) {
    std::vector<Tensor> bounds;
    for (Value operand : op->getOperands())
      bounds.push_back(known.at(operand).bound);
    return evaluateOn(op, bounds);
  }
  if (isa<arith::ArithDialect, math::MathDialect>(op->getDialect()) ||
      isa<CastOp>(op))
    return boundPointwise(op, result, known);
  return op->emitOpError("has no bound of its rounding error");
}

FailureOr<std::vector<Bounded>> runBlock(Block &block, Knowledge known);

FailureOr<std::vector<Bounded>> runOperation(Operation *op,
                                             const Knowledge &known) {
  if (auto kernel = dyn_cast<KernelOp>(op)) {
    Knowledge arguments;
    for (auto [argument, input] :
         llvm::zip_equal(kernel.getBody().getArguments(), kernel.getInputs()))
      arguments[argument] = known.at(input);
    return runBlock(kernel.getBody().front(), std::move(arguments));
  }
  Environment exact;
  for (Value operand : op->getOperands())
    exact[operand] = known.at(operand).exact;
  std::vector<Tensor> results = evaluate(op, exact);
  if (results.size() != 1 || op->getNumResults() != 1)
    return op->emitOpError("has no reference implementation");
  FailureOr<Tensor> bound = boundOf(op, results[0], known);
  if (failed(bound))
    return failure();
  return std::vector{Bounded{std::move(results[0]), std::move(*bound)}};
}

FailureOr<std::vector<Bounded>> runBlock(Block &block, Knowledge known) {
  for (Operation &op : block.without_terminator()) {
    FailureOr<std::vector<Bounded>> results = runOperation(&op, known);
    if (failed(results))
      return failure();
    for (auto [value, result] : llvm::zip_equal(op.getResults(), *results))
      known[value] = std::move(result);
  }
  std::vector<Bounded> results;
  for (Value value : block.getTerminator()->getOperands())
    results.push_back(known.at(value));
  return results;
}

} // namespace

FailureOr<std::vector<Tensor>> boundErrors(func::FuncOp function,
                                           ArrayRef<Tensor> arguments) {
  Knowledge known;
  for (auto [argument, tensor] :
       llvm::zip_equal(function.getArguments(), arguments))
    known[argument] = {tensor, Tensor(tensor.shape)};
  FailureOr<std::vector<Bounded>> results =
      runBlock(function.getBody().front(), std::move(known));
  if (failed(results))
    return failure();
  std::vector<Tensor> bounds;
  for (Bounded &result : *results)
    bounds.push_back(std::move(result.bound));
  return bounds;
}

} // namespace bcssl::reference
