//===- ConvertGpuMath.cpp - functions by the instructions of a GPU --------===//
//
// PTX has roots, absolute values and powers of two, which LLVM selects for its
// own intrinsics; the conversion of the GPU dialect, though, takes their
// operations for calls of libdevice and refuses them. Calls of intrinsics by
// name pass.
//
// exp and erf are what activations spend their time on: with the power of two
// they take about ten and twenty instructions, no division and no branch. Where
// the result is rounded to bf16, GELU's erf takes twelve.
//
//===----------------------------------------------------------------------===//

#include "passes/target/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"

#include <cmath>
#include <limits>
#include <optional>

using namespace mlir;

namespace bcssl {
#define GEN_PASS_DEF_CONVERTGPUMATH
#include "passes/target/Passes.h.inc"

namespace {

/// Writes functions of f32, or of vectors of it, before an operation.
class FunctionBuilder {
public:
  explicit FunctionBuilder(Operation *op)
      : builder(op->getLoc(), op), type(op->getResult(0).getType()) {}

  Value call(StringRef name, ValueRange operands, bool approximate = false);
  Value exp(Value x);
  Value erf(Value x);
  Value erfInSum(Value x);
  Value reciprocalRoot(Value x);

private:
  Value constant(float value);
  Value add(Value a, Value b) { return arith::AddFOp::create(builder, a, b); }
  Value mul(Value a, Value b) { return arith::MulFOp::create(builder, a, b); }
  Value sub(Value a, Value b) { return arith::SubFOp::create(builder, a, b); }
  Value least(Value a, float b);
  Value powerOfTwo(Value x) { return call("exp2", x, /*approximate=*/true); }
  Value normalPowerOfTwo(Value x);
  /// The polynomial with these coefficients, that of the constant first.
  Value polynomial(Value x, ArrayRef<float> coefficients);

  ImplicitLocOpBuilder builder;
  Type type;
};

Value FunctionBuilder::call(StringRef name, ValueRange operands,
                            bool approximate) {
  std::string suffix = "f32";
  if (auto vector = dyn_cast<VectorType>(type))
    suffix = "v" + std::to_string(vector.getNumElements()) + suffix;
  auto call = LLVM::CallIntrinsicOp::create(
      builder, type, builder.getStringAttr("llvm." + name.str() + "." + suffix),
      operands);
  if (approximate)
    call.setFastmathFlags(LLVM::FastmathFlags::afn);
  return call.getResult(0);
}

/// 2^x that is a normal number. Others would take three more instructions: LLVM
/// has no word for a power that may be zero instead.
Value FunctionBuilder::normalPowerOfTwo(Value x) {
  auto power = [&](Value lane) -> Value {
    return LLVM::CallIntrinsicOp::create(
               builder, lane.getType(),
               builder.getStringAttr("llvm.nvvm.ex2.approx.ftz.f32"), lane)
        .getResult(0);
  };
  auto vectorType = dyn_cast<VectorType>(type);
  if (!vectorType)
    return power(x);
  Value result = LLVM::PoisonOp::create(builder, type);
  for (int64_t lane = 0; lane < vectorType.getNumElements(); ++lane) {
    Value index = LLVM::ConstantOp::create(builder, builder.getI32Type(), lane);
    result = LLVM::InsertElementOp::create(
        builder, result,
        power(LLVM::ExtractElementOp::create(builder, x, index)), index);
  }
  return result;
}

Value FunctionBuilder::constant(float value) {
  TypedAttr attribute = builder.getF32FloatAttr(value);
  if (auto vector = dyn_cast<VectorType>(type))
    attribute = DenseElementsAttr::get(vector, Attribute(attribute));
  return arith::ConstantOp::create(builder, attribute);
}

Value FunctionBuilder::least(Value a, float b) {
  return arith::MinimumFOp::create(builder, a, constant(b));
}

Value FunctionBuilder::polynomial(Value x, ArrayRef<float> coefficients) {
  Value result = constant(coefficients.back());
  for (float coefficient : llvm::reverse(coefficients.drop_back()))
    result = math::FmaOp::create(builder, result, x, constant(coefficient));
  return result;
}

/// exp(x) = 2^t (1 + r ln 2), where t is x / ln 2 rounded and r what that
/// leaves out: within three units in the last place.
Value FunctionBuilder::exp(Value x) {
  constexpr float perLogOfTwo = 0x1.715476p0f, logOfTwo = 0x1.62e43p-1f;
  // Beyond these the result is infinite, or less than every number; there the
  // correction would take the difference of infinities.
  constexpr float largest = 0x1.62e42ep6f, smallest = -104.0f;
  Value inside =
      least(arith::MaximumFOp::create(builder, x, constant(smallest)), largest);
  Value scaled = mul(inside, constant(perLogOfTwo));
  Value rest = math::FmaOp::create(builder, inside, constant(perLogOfTwo),
                                   arith::NegFOp::create(builder, scaled));
  Value power = powerOfTwo(scaled);
  Value result =
      math::FmaOp::create(builder, power, mul(rest, constant(logOfTwo)), power);
  Value overflows = arith::CmpFOp::create(builder, arith::CmpFPredicate::OGT, x,
                                          constant(largest));
  return arith::SelectOp::create(
      builder, overflows, constant(std::numeric_limits<float>::infinity()),
      result);
}

/// x P(x^2) up to 1, and 1 - 2^Q(|x|) beyond, where both polynomials are least
/// squares fits, weighted towards equal relative errors: 1.2e-9 and 1.1e-9
/// before rounding, within three units in the last place after it.
Value FunctionBuilder::erf(Value x) {
  // From here on erf is 1 in f32.
  constexpr float end = 3.95f;
  Value size = call("fabs", x);
  Value inner = mul(
      x, polynomial(mul(x, x), {1.1283791065f, -0.37612625957f, 0.11283585429f,
                                -0.026853810996f, 0.0051883277483f,
                                -0.00080101919593f, 7.8538563684e-05f}));
  Value exponent = polynomial(
      least(size, end),
      {-0.00049271015450f, -1.6260459423f, -0.92064833641f, -0.14875161648f,
       0.031505674124f, -0.0042525739409f, 0.00026888854336f});
  Value outer =
      call("copysign", {sub(constant(1), normalPowerOfTwo(exponent)), x});
  Value isInner = arith::CmpFOp::create(builder, arith::CmpFPredicate::OGT,
                                        constant(1), size);
  return arith::SelectOp::create(builder, isInner, inner, outer);
}

/// 1 - 2^Q(|x|) everywhere: within 1e-7, which near zero is more than three
/// units in the last place.
Value FunctionBuilder::erfInSum(Value x) {
  constexpr float end = 3.95f;
  Value exponent =
      polynomial(least(call("fabs", x), end),
                 {2.17154295e-08f, -1.6279093f, -0.918409824f, -0.148506626f,
                  0.0283018406f, -0.000825102383f, -0.0014604266f,
                  0.000436960428f, -4.43551289e-05f});
  return call("copysign", {sub(constant(1), normalPowerOfTwo(exponent)), x});
}

/// The approximation of PTX is two units in the last place off: a root and a
/// division are exact.
Value FunctionBuilder::reciprocalRoot(Value x) {
  return arith::DivFOp::create(builder, constant(1), call("sqrt", x));
}

/// The number that all lanes of a constant have.
std::optional<float> constantOf(Value value) {
  FloatAttr number;
  if (DenseFPElementsAttr lanes; matchPattern(value, m_Constant(&lanes)))
    return lanes.isSplat() ? std::optional(lanes.getSplatValue<float>())
                           : std::nullopt;
  if (matchPattern(value, m_Constant(&number)))
    return number.getValue().convertToFloat();
  return std::nullopt;
}

/// Whether all that comes of a value by sums and products is rounded to bf16.
bool isRounded(Value value) {
  SmallVector<Value> open{value};
  while (!open.empty())
    for (Operation *user : open.pop_back_val().getUsers()) {
      if (auto narrow = dyn_cast<arith::TruncFOp>(user);
          narrow && getElementTypeOrSelf(narrow.getType()).isBF16())
        continue;
      if (!isa<arith::AddFOp, arith::SubFOp, arith::MulFOp>(user))
        return false;
      open.push_back(user->getResult(0));
    }
  return true;
}

/// Whether erf only enters sums with constants as large, as in GELU, so that an
/// error counts against them, and these sums are rounded to bf16.
bool isInRoundedSum(math::ErfOp erf) {
  return llvm::all_of(erf->getUsers(), [](Operation *user) {
    auto product = dyn_cast<arith::MulFOp>(user);
    std::optional<float> factor =
        product ? constantOf(product.getRhs()) : std::nullopt;
    return factor && llvm::all_of(product->getUsers(), [&](Operation *next) {
             auto sum = dyn_cast<arith::AddFOp>(next);
             std::optional<float> other =
                 sum ? constantOf(sum.getRhs()) : std::nullopt;
             return other && std::fabs(*other) >= std::fabs(*factor) &&
                    isRounded(sum);
           });
  });
}

struct ConvertGpuMath : impl::ConvertGpuMathBase<ConvertGpuMath> {
  void runOnOperation() override {
    getOperation()->walk([](Operation *op) {
      if (!isa<math::MathDialect>(op->getDialect()) ||
          !getElementTypeOrSelf(op->getResult(0)).isF32())
        return;
      Value result = convert(op);
      if (!result)
        return;
      op->getResult(0).replaceAllUsesWith(result);
      op->erase();
    });
  }

  /// Null for functions that are left alone.
  static Value convert(Operation *op) {
    FunctionBuilder functions(op);
    Value x = op->getOperand(0);
    if (isa<math::ExpOp>(op))
      return functions.exp(x);
    if (auto erf = dyn_cast<math::ErfOp>(op))
      return isInRoundedSum(erf) ? functions.erfInSum(x) : functions.erf(x);
    if (isa<math::RsqrtOp>(op))
      return functions.reciprocalRoot(x);
    if (isa<math::SqrtOp>(op))
      return functions.call("sqrt", x);
    if (isa<math::AbsFOp>(op))
      return functions.call("fabs", x);
    if (isa<math::FloorOp>(op))
      return functions.call("floor", x);
    return {};
  }
};

} // namespace
} // namespace bcssl
