//===- EvaluateArith.cpp - arith and math on float64 ----------------------===//

#include "test/reference/Interpreter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace bcssl::reference {

namespace {

/// `value` as a two's complement integer of the width of `type`. Truth values
/// are 0 and 1.
double wrapped(Type type, int64_t value) {
  APInt bits(getElementTypeOrSelf(type).getIntOrFloatBitWidth(),
             static_cast<uint64_t>(value), /*isSigned=*/true,
             /*implicitTrunc=*/true);
  return bits.getBitWidth() == 1 ? double(bits.getZExtValue())
                                 : double(bits.getSExtValue());
}

Tensor constant(arith::ConstantOp op) {
  Tensor result(shapeOf(op.getType()));
  Type element = getElementTypeOrSelf(op.getType());
  if (auto value = dyn_cast<FloatAttr>(op.getValue())) {
    result[0] = value.getValueAsDouble();
  } else if (auto value = dyn_cast<IntegerAttr>(op.getValue())) {
    result[0] = wrapped(element, value.getValue().getSExtValue());
  } else {
    auto elements = cast<DenseElementsAttr>(op.getValue());
    if (isa<FloatType>(element))
      for (auto [i, value] : llvm::enumerate(elements.getValues<APFloat>()))
        result.values[i] = value.convertToDouble();
    else
      for (auto [i, value] : llvm::enumerate(elements.getValues<APInt>()))
        result.values[i] = wrapped(element, value.getSExtValue());
  }
  return result;
}

/// IEEE 754-2019 maximum: NaN where either is NaN.
double maximum(double a, double b) {
  if (std::isnan(a) || std::isnan(b))
    return std::numeric_limits<double>::quiet_NaN();
  return a > b ? a : b;
}

Tensor select(const Tensor &condition, const Tensor &a, const Tensor &b) {
  Tensor result(a.shape);
  for (int64_t i = 0; i < a.size(); ++i) {
    bool taken = condition[condition.size() == 1 ? 0 : i] != 0;
    result[i] = taken ? a[i] : b[i];
  }
  return result;
}

} // namespace

std::vector<Tensor> evaluateArith(Operation *op, const Environment &values) {
  auto operand = [&](unsigned i) -> const Tensor & {
    return values.at(op->getOperand(i));
  };
  auto unary = [&](auto f) { return std::vector{map(operand(0), f)}; };
  auto binary = [&](auto f) {
    return std::vector{map(operand(0), operand(1), f)};
  };
  auto integer = [&](auto f) {
    Type type = op->getResult(0).getType();
    return binary([=](double a, double b) {
      return wrapped(type, f(static_cast<int64_t>(a), static_cast<int64_t>(b)));
    });
  };
  using Results = std::vector<Tensor>;
  return TypeSwitch<Operation *, Results>(op)
      .Case([&](arith::ConstantOp c) { return Results{constant(c)}; })
      .Case([&](arith::AddFOp) { return binary(std::plus<double>()); })
      .Case([&](arith::SubFOp) { return binary(std::minus<double>()); })
      .Case([&](arith::MulFOp) { return binary(std::multiplies<double>()); })
      .Case([&](arith::DivFOp) { return binary(std::divides<double>()); })
      .Case([&](arith::NegFOp) { return unary(std::negate<double>()); })
      .Case([&](arith::MaximumFOp) { return binary(maximum); })
      .Case([&](arith::MinimumFOp) {
        return binary([](double a, double b) { return -maximum(-a, -b); });
      })
      .Case([&](arith::CmpFOp compare) {
        return binary([&](double a, double b) {
          return double(arith::applyCmpPredicate(compare.getPredicate(),
                                                 APFloat(a), APFloat(b)));
        });
      })
      .Case([&](arith::CmpIOp compare) {
        // All integers here fit into 32 bits, but unsigned comparisons need
        // their own bits.
        unsigned width = getElementTypeOrSelf(compare.getLhs().getType())
                             .getIntOrFloatBitWidth();
        auto bits = [&](double a) {
          return APInt(width, static_cast<uint64_t>(static_cast<int64_t>(a)),
                       /*isSigned=*/true, /*implicitTrunc=*/true);
        };
        return binary([&](double a, double b) {
          return double(arith::applyCmpPredicate(compare.getPredicate(),
                                                 bits(a), bits(b)));
        });
      })
      .Case([&](arith::SelectOp) {
        return Results{select(operand(0), operand(1), operand(2))};
      })
      .Case([&](arith::AddIOp) { return integer(std::plus<int64_t>()); })
      .Case([&](arith::SubIOp) { return integer(std::minus<int64_t>()); })
      .Case([&](arith::MulIOp) { return integer(std::multiplies<int64_t>()); })
      .Case([&](arith::AndIOp) { return integer(std::bit_and<int64_t>()); })
      .Case([&](arith::OrIOp) { return integer(std::bit_or<int64_t>()); })
      .Case([&](arith::XOrIOp) { return integer(std::bit_xor<int64_t>()); })
      .Case<arith::SIToFPOp, arith::ExtFOp, arith::TruncFOp>(
          [&](auto) { return Results{operand(0)}; })
      .Case([&](arith::UIToFPOp convert) {
        unsigned width = getElementTypeOrSelf(convert.getIn().getType())
                             .getIntOrFloatBitWidth();
        return unary([=](double a) {
          return a < 0 ? a + std::ldexp(1.0, int(width)) : a;
        });
      })
      .Case([&](arith::FPToSIOp) {
        return unary([](double a) { return std::trunc(a); });
      })
      .Case([&](math::ExpOp) {
        return unary([](double a) { return std::exp(a); });
      })
      .Case([&](math::ExpM1Op) {
        return unary([](double a) { return std::expm1(a); });
      })
      .Case([&](math::LogOp) {
        return unary([](double a) { return std::log(a); });
      })
      .Case([&](math::Log1pOp) {
        return unary([](double a) { return std::log1p(a); });
      })
      .Case([&](math::SqrtOp) {
        return unary([](double a) { return std::sqrt(a); });
      })
      .Case([&](math::RsqrtOp) {
        return unary([](double a) { return 1 / std::sqrt(a); });
      })
      .Case([&](math::ErfOp) {
        return unary([](double a) { return std::erf(a); });
      })
      .Case([&](math::PowFOp) {
        return binary([](double a, double b) { return std::pow(a, b); });
      })
      .Default([](Operation *) { return Results{}; });
}

} // namespace bcssl::reference
