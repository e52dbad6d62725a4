//===- Scalars.cpp - instructions of one thread ---------------------------===//

#include "tools/simt/executor/Scalars.h"

#include "llvm/ADT/StringMap.h"

#include <string>

using namespace llvm;

namespace bcssl::simt {
namespace {

using Operands = ArrayRef<Value *>;
using Expansion = Value *(*)(IRBuilderBase &, Operands);

template <Intrinsic::ID id> Value *unary(IRBuilderBase &builder, Operands x) {
  return builder.CreateUnaryIntrinsic(id, x[0]);
}

template <Intrinsic::ID id> Value *binary(IRBuilderBase &builder, Operands x) {
  return builder.CreateBinaryIntrinsic(id, x[0], x[1]);
}

template <Instruction::BinaryOps code>
Value *arithmetic(IRBuilderBase &builder, Operands x) {
  return builder.CreateBinOp(code, x[0], x[1]);
}

Value *fma(IRBuilderBase &builder, Operands x) {
  return builder.CreateIntrinsic(x[0]->getType(), Intrinsic::fma, x);
}

Value *reciprocal(IRBuilderBase &builder, Operands x) {
  return builder.CreateFDiv(ConstantFP::get(x[0]->getType(), 1), x[0]);
}

Value *reciprocalRoot(IRBuilderBase &builder, Operands x) {
  Value *root = builder.CreateUnaryIntrinsic(Intrinsic::sqrt, x[0]);
  return builder.CreateFDiv(ConstantFP::get(x[0]->getType(), 1), root);
}

Value *saturate(IRBuilderBase &builder, Operands x) {
  Type *type = x[0]->getType();
  // The larger of NaN and zero is zero, as the instruction has it.
  Value *raised = builder.CreateMaxNum(x[0], ConstantFP::getZero(type));
  return builder.CreateMinNum(raised, ConstantFP::get(type, 1));
}

Value *narrow(IRBuilderBase &builder, Value *value, Type *type) {
  if (type->isBFloatTy())
    return roundToBf16(builder, value);
  return builder.CreateFPTrunc(value, type);
}

Value *toBf16(IRBuilderBase &builder, Operands x) {
  return narrow(builder, x[0], builder.getBFloatTy());
}

/// The first operand becomes the upper half.
Value *pair(IRBuilderBase &builder, Operands x, Type *type) {
  Value *both = PoisonValue::get(FixedVectorType::get(type, 2));
  both = builder.CreateInsertElement(both, narrow(builder, x[1], type),
                                     uint64_t{0});
  return builder.CreateInsertElement(both, narrow(builder, x[0], type),
                                     uint64_t{1});
}

Value *toBf16Pair(IRBuilderBase &builder, Operands x) {
  return pair(builder, x, builder.getBFloatTy());
}

Value *toF16Pair(IRBuilderBase &builder, Operands x) {
  return pair(builder, x, builder.getHalfTy());
}

template <bool isSigned>
Value *highProduct(IRBuilderBase &builder, Operands x) {
  Type *type = x[0]->getType();
  unsigned bits = type->getIntegerBitWidth();
  Type *wide = builder.getIntNTy(2 * bits);
  auto extend = [&](Value *value) {
    return isSigned ? builder.CreateSExt(value, wide)
                    : builder.CreateZExt(value, wide);
  };
  Value *product = builder.CreateMul(extend(x[0]), extend(x[1]));
  return builder.CreateTrunc(builder.CreateLShr(product, bits), type);
}

const StringMap<Expansion> &expansions() {
  static const StringMap<Expansion> table = {
      {"fabs", unary<Intrinsic::fabs>},
      {"ex2.approx", unary<Intrinsic::exp2>},
      {"lg2.approx", unary<Intrinsic::log2>},
      {"sin.approx", unary<Intrinsic::sin>},
      {"cos.approx", unary<Intrinsic::cos>},
      {"tanh.approx", unary<Intrinsic::tanh>},
      {"sqrt", unary<Intrinsic::sqrt>},
      {"sqrt.rn", unary<Intrinsic::sqrt>},
      {"sqrt.approx", unary<Intrinsic::sqrt>},
      {"floor", unary<Intrinsic::floor>},
      {"ceil", unary<Intrinsic::ceil>},
      {"trunc", unary<Intrinsic::trunc>},
      {"round", unary<Intrinsic::roundeven>},
      {"fmin", binary<Intrinsic::minnum>},
      {"fmax", binary<Intrinsic::maxnum>},
      {"fmin.nan", binary<Intrinsic::minimum>},
      {"fmax.nan", binary<Intrinsic::maximum>},
      {"add.rn", arithmetic<Instruction::FAdd>},
      {"mul.rn", arithmetic<Instruction::FMul>},
      {"div.rn", arithmetic<Instruction::FDiv>},
      {"div.approx", arithmetic<Instruction::FDiv>},
      {"div.full", arithmetic<Instruction::FDiv>},
      {"fma.rn", fma},
      {"rcp.rn", reciprocal},
      {"rcp.approx", reciprocal},
      {"rsqrt.approx", reciprocalRoot},
      {"saturate", saturate},
      {"f2bf16.rn", toBf16},
      {"ff2bf16x2.rn", toBf16Pair},
      {"ff2f16x2.rn", toF16Pair},
      {"mulhi.i", highProduct<true>},
      {"mulhi.ui", highProduct<false>},
      {"mulhi.ll", highProduct<true>},
      {"mulhi.ull", highProduct<false>},
  };
  return table;
}

/// The expansion of an intrinsic whose name may end in the type and contain
/// ".ftz".
Expansion find(StringRef intrinsic) {
  if (!intrinsic.consume_front("llvm.nvvm."))
    return nullptr;
  std::string name = intrinsic.str();
  if (size_t place = name.find(".ftz"); place != std::string::npos)
    name.erase(place, 4);
  const StringMap<Expansion> &table = expansions();
  if (Expansion whole = table.lookup(name))
    return whole;
  auto [stem, type] = StringRef(name).rsplit('.');
  static constexpr StringRef types[] = {"f",     "d",     "f16",  "f16x2",
                                        "f32",   "f64",   "bf16", "bf16x2",
                                        "v2f16", "v2bf16"};
  return is_contained(types, type) ? table.lookup(stem) : nullptr;
}

} // namespace

Value *expandScalar(IRBuilderBase &builder, CallInst &call) {
  Function *function = call.getCalledFunction();
  Expansion expansion = function ? find(function->getName()) : nullptr;
  if (!expansion)
    return nullptr;
  SmallVector<Value *> operands(call.args());
  return expansion(builder, operands);
}

bool isScalar(StringRef intrinsic) { return find(intrinsic) != nullptr; }

Value *roundToBf16(IRBuilderBase &builder, Value *value) {
  Type *floats = value->getType();
  Type *words = floats->getWithNewType(builder.getInt32Ty());
  Type *halves = floats->getWithNewType(builder.getInt16Ty());
  auto constant = [&](uint32_t bits) { return ConstantInt::get(words, bits); };
  Value *bits = builder.CreateBitCast(value, words);
  Value *odd =
      builder.CreateAnd(builder.CreateLShr(bits, constant(16)), constant(1));
  Value *rounded =
      builder.CreateAdd(builder.CreateAdd(bits, constant(0x7fff)), odd);
  Value *quiet = builder.CreateOr(bits, constant(1u << 22));
  Value *isNan = builder.CreateFCmpUNO(value, value);
  Value *upper = builder.CreateLShr(builder.CreateSelect(isNan, quiet, rounded),
                                    constant(16));
  return builder.CreateBitCast(builder.CreateTrunc(upper, halves),
                               floats->getWithNewType(builder.getBFloatTy()));
}

} // namespace bcssl::simt
