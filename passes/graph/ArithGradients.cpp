//===- ArithGradients.cpp - derivatives of arith and math ops -------------===//

#include "passes/graph/ArithGradients.h"

#include "dialects/bcssl/ExpandBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace bcssl {

std::optional<SmallVector<Value>> buildArithGradient(OpBuilder &builder,
                                                     Operation *op, Value dy) {
  ExpandBuilder build(builder, op);
  using Gradients = std::optional<SmallVector<Value>>;
  auto operand = [&](unsigned number) { return op->getOperand(number); };
  Value y = op->getResult(0);
  return llvm::TypeSwitch<Operation *, Gradients>(op)
      .Case<arith::AddFOp>([&](auto) { return SmallVector<Value>{dy, dy}; })
      .Case<arith::SubFOp>(
          [&](auto) { return SmallVector<Value>{dy, build.negate(dy)}; })
      .Case<arith::MulFOp>([&](auto) {
        return SmallVector<Value>{build.mul(dy, operand(1)),
                                  build.mul(dy, operand(0))};
      })
      .Case<arith::DivFOp>([&](auto) {
        Value left = build.div(dy, operand(1));
        return SmallVector<Value>{left, build.negate(build.mul(left, y))};
      })
      .Case<arith::NegFOp>(
          [&](auto) { return SmallVector<Value>{build.negate(dy)}; })
      .Case<arith::SelectOp>([&](auto) {
        Value none = build.constant(tensorType(dy), 0.0);
        return SmallVector<Value>{nullptr, build.select(operand(0), dy, none),
                                  build.select(operand(0), none, dy)};
      })
      // At equal operands the gradient is the second one's.
      .Case<arith::MaximumFOp, arith::MinimumFOp>([&](auto) {
        bool isMaximum = isa<arith::MaximumFOp>(op);
        Value first = build.greater(operand(isMaximum ? 0 : 1),
                                    operand(isMaximum ? 1 : 0));
        Value none = build.constant(tensorType(dy), 0.0);
        return SmallVector<Value>{build.select(first, dy, none),
                                  build.select(first, none, dy)};
      })
      .Case<math::ExpOp>(
          [&](auto) { return SmallVector<Value>{build.mul(dy, y)}; })
      .Case<math::LogOp>(
          [&](auto) { return SmallVector<Value>{build.div(dy, operand(0))}; })
      .Case<math::SqrtOp>([&](auto) {
        return SmallVector<Value>{build.div(build.mul(dy, 0.5), y)};
      })
      .Case<math::RsqrtOp>([&](auto) {
        return SmallVector<Value>{
            build.mul(build.mul(dy, -0.5), build.mul(y, build.square(y)))};
      })
      .Case<math::ErfOp>([&](auto) {
        constexpr double twoOverSqrtPi = 1.12837916709551257390;
        Value density = build.exp(build.negate(build.square(operand(0))));
        return SmallVector<Value>{
            build.mul(dy, build.mul(density, twoOverSqrtPi))};
      })
      .Default([](Operation *) { return Gradients(); });
}

} // namespace bcssl
