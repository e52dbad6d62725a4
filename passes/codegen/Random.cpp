//===- Random.cpp - Philox in vector operations ---------------------------===//

#include "passes/codegen/Random.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace bcssl {

Value emitPhiloxUniform(ImplicitLocOpBuilder &builder, ValueRange state,
                        Value elements, int32_t stream) {
  auto type = cast<VectorType>(elements.getType());
  auto constant = [&](uint32_t bits) -> Value {
    return arith::ConstantOp::create(
        builder, DenseElementsAttr::get(type, builder.getI32IntegerAttr(
                                                  static_cast<int32_t>(bits))));
  };
  auto splat = [&](Value scalar) -> Value {
    return vector::BroadcastOp::create(builder, type, scalar);
  };
  auto exclusiveOr = [&](Value a, Value b) -> Value {
    return arith::XOrIOp::create(builder, a, b);
  };

  // Four neighbouring elements share one counter.
  SmallVector<Value> counter{
      arith::ShRUIOp::create(builder, elements, constant(2)), splat(state[2]),
      splat(state[3]), constant(static_cast<uint32_t>(stream))};
  SmallVector<Value> key{splat(state[0]), splat(state[1])};
  for (int round = 0; round < 10; ++round) {
    auto left = arith::MulUIExtendedOp::create(builder, constant(0xD2511F53),
                                               counter[0]);
    auto right = arith::MulUIExtendedOp::create(builder, constant(0xCD9E8D57),
                                                counter[2]);
    counter = {exclusiveOr(exclusiveOr(right.getHigh(), counter[1]), key[0]),
               right.getLow(),
               exclusiveOr(exclusiveOr(left.getHigh(), counter[3]), key[1]),
               left.getLow()};
    key[0] = arith::AddIOp::create(builder, key[0], constant(0x9E3779B9));
    key[1] = arith::AddIOp::create(builder, key[1], constant(0xBB67AE85));
  }

  Value word = arith::AndIOp::create(builder, elements, constant(3));
  Value bits = counter[0];
  for (uint32_t lane = 1; lane < 4; ++lane) {
    Value chosen = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq,
                                         word, constant(lane));
    bits = arith::SelectOp::create(builder, chosen, counter[lane], bits);
  }
  auto floats = VectorType::get(type.getShape(), builder.getF32Type());
  Value high = arith::ShRUIOp::create(builder, bits, constant(8));
  Value real = arith::UIToFPOp::create(builder, floats, high);
  Value scale = arith::ConstantOp::create(
      builder,
      DenseElementsAttr::get(floats, builder.getF32FloatAttr(0x1p-24f)));
  return arith::MulFOp::create(builder, real, scale);
}

} // namespace bcssl
