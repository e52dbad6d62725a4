//===- OpsPointwise.cpp - arithmetic, shapes and reductions ---------------===//

#include "frontend/OpsInternal.h"

using namespace bcssl::frontend;

namespace bcssl::frontend {

Tensor constant(Program &program, const TensorType &type, double value,
                Where where) {
  return program.record("arith.constant", {}, type, {{"value", value}}, where);
}

Tensor broadcastTo(Tensor input, const Shape &shape, Where where) {
  if (input.shape() == shape)
    return input;
  std::vector<int64_t> dims;
  if (input.rank() == 1 && !shape.empty() && input.size(0) == shape.back())
    dims = {static_cast<int64_t>(shape.size()) - 1};
  else if (input.rank() != 0)
    fail(where,
         "broadcast expects a scalar, a vector along the last dimension "
         "or the shape ",
         toString(shape), ", got ", toString(input.type()));
  return recordOp("bcssl.broadcast", {input}, {shape, input.type().element},
                  where, {{"dims", dims}});
}

static Tensor binary(const char *op, Tensor lhs, Tensor rhs, Where where) {
  const Shape &shape = lhs.rank() >= rhs.rank() ? lhs.shape() : rhs.shape();
  lhs = broadcastTo(lhs, shape, where);
  rhs = broadcastTo(rhs, shape, where);
  return recordOp(op, {lhs, rhs}, lhs.type(), where);
}

static Tensor splatLike(Tensor tensor, double value, Where where) {
  return constant(tensor.program(), tensor.type(), value, where);
}

Tensor operator+(Located lhs, Tensor rhs) {
  return binary("arith.addf", lhs.tensor, rhs, lhs.where);
}
Tensor operator-(Located lhs, Tensor rhs) {
  return binary("arith.subf", lhs.tensor, rhs, lhs.where);
}
Tensor operator*(Located lhs, Tensor rhs) {
  return binary("arith.mulf", lhs.tensor, rhs, lhs.where);
}
Tensor operator/(Located lhs, Tensor rhs) {
  return binary("arith.divf", lhs.tensor, rhs, lhs.where);
}
Tensor operator+(Located lhs, double rhs) {
  return lhs + splatLike(lhs.tensor, rhs, lhs.where);
}
Tensor operator-(Located lhs, double rhs) {
  return lhs - splatLike(lhs.tensor, rhs, lhs.where);
}
Tensor operator*(Located lhs, double rhs) {
  return lhs * splatLike(lhs.tensor, rhs, lhs.where);
}
Tensor operator/(Located lhs, double rhs) {
  return lhs / splatLike(lhs.tensor, rhs, lhs.where);
}
Tensor operator-(double lhs, Located rhs) {
  return binary("arith.subf", splatLike(rhs.tensor, lhs, rhs.where), rhs.tensor,
                rhs.where);
}
Tensor operator-(Located operand) {
  return recordOp("arith.negf", {operand.tensor}, operand.tensor.type(),
                  operand.where);
}

Tensor gelu(Tensor input, Where where) {
  return recordOp("bcssl.gelu", {input}, input.type(), where);
}
Tensor relu(Tensor input, Where where) {
  return recordOp("bcssl.relu", {input}, input.type(), where);
}
Tensor log(Tensor input, Where where) {
  return recordOp("math.log", {input}, input.type(), where);
}
Tensor sqrt(Tensor input, Where where) {
  return recordOp("math.sqrt", {input}, input.type(), where);
}
Tensor maximum(Tensor lhs, Tensor rhs, Where where) {
  return binary("arith.maximumf", lhs, rhs, where);
}
Tensor stopGradient(Tensor input, Where where) {
  return recordOp("bcssl.stop_gradient", {input}, input.type(), where);
}

Tensor layerScale(Tensor input, Tensor gamma, Where where) {
  if (input.rank() == 0)
    fail(where, "layer_scale expects channels, got a scalar");
  expectShape(where, "layer_scale", "gamma", gamma, {input.size(-1)});
  return recordOp("bcssl.layer_scale", {input, gamma}, input.type(), where);
}

Tensor dropPath(Tensor input, double rate, Where where) {
  if (!(rate >= 0.0 && rate < 1.0))
    fail(where, "drop_path expects a rate in [0, 1), got ", rate);
  if (input.rank() == 0)
    fail(where, "drop_path expects samples, got a scalar");
  if (rate == 0.0)
    return input;
  Tensor draw = input.program().randomUniform(input.size(0), where);
  return recordOp("bcssl.drop_path", {input, draw}, input.type(), where,
                  {{"rate", rate}});
}

Tensor select(Tensor active, Tensor yes, Tensor no, Where where) {
  expectRank(where, "select", "a condition", active, 0);
  expectShape(where, "select", "two values", no, yes.shape());
  Tensor zero = splatLike(active, 0.0, where);
  static constexpr int64_t orderedGreater = 2; // arith::CmpFPredicate::OGT
  Tensor isActive = recordOp("arith.cmpf",
                             {broadcastTo(active, yes.shape(), where),
                              broadcastTo(zero, yes.shape(), where)},
                             {yes.shape(), ElementType::I1}, where,
                             {{"predicate", orderedGreater}});
  expectOneElementType(where, "select", {yes, no});
  return yes.program().record("arith.select", {isActive, yes, no}, yes.type(),
                              {}, where);
}

Tensor reshape(Tensor input, const Shape &shape, Where where) {
  TensorType type{shape, input.type().element};
  if (type.elements() != input.type().elements())
    fail(where, "reshape expects ", input.type().elements(),
         " elements, got the shape ", toString(shape), " for ",
         toString(input.type()));
  return recordOp("bcssl.reshape", {input}, type, where);
}

Tensor cast(Tensor input, ElementType element, Where where) {
  auto isFloat = [](ElementType type) {
    return type == ElementType::F32 || type == ElementType::BF16;
  };
  if (!isFloat(input.type().element) || !isFloat(element))
    fail(where, "cast expects f32 or bf16, got ", toString(input.type()),
         " to ", toString({{}, element}));
  if (input.type().element == element)
    return input;
  return recordOp("bcssl.cast", {input}, {input.shape(), element}, where);
}

Tensor toFloat(Tensor bytes, Where where) {
  if (bytes.type().element != ElementType::U8)
    fail(where, "to_float expects bytes, got ", toString(bytes.type()));
  return recordOp("arith.uitofp", {bytes}, {bytes.shape(), ElementType::F32},
                  where);
}

Tensor concat(const std::vector<Tensor> &inputs, Where where) {
  if (inputs.empty())
    fail(where, "concat expects at least one tensor, got none");
  if (inputs.size() == 1)
    return inputs.front();
  TensorType type = inputs.front().type();
  if (type.shape.empty())
    fail(where, "concat expects at least one dimension, got a scalar");
  type.shape[0] = 0;
  for (Tensor input : inputs) {
    Shape rest = input.shape();
    if (!rest.empty())
      rest[0] = type.shape[0];
    if (rest != type.shape || input.type().element != type.element)
      fail(where,
           "concat expects tensors that agree but for the first "
           "dimension, got ",
           toString(inputs.front().type()), " and ", toString(input.type()));
    type.shape[0] += input.size(0);
  }
  return recordOp("bcssl.concat", inputs, type, where);
}

Tensor slice(Tensor input, int64_t offset, int64_t size, Where where) {
  if (input.rank() == 0 || offset < 0 || size < 1 ||
      offset + size > input.size(0))
    fail(where, "slice expects a run within the first dimension of ",
         toString(input.type()), ", got ", size, " from ", offset);
  TensorType type = input.type();
  type.shape[0] = size;
  return recordOp("bcssl.slice", {input}, type, where, {{"offset", offset}});
}

Tensor reduceSum(Tensor input, std::vector<int64_t> dims, Where where) {
  TensorType type = input.type();
  for (size_t i = 0; i < dims.size(); ++i)
    if (dims[i] < 0 || dims[i] >= input.rank() ||
        (i > 0 && dims[i] != dims[i - 1] + 1))
      fail(where,
           "reduce expects an increasing run of neighbouring dimensions "
           "of ",
           toString(input.type()), ", got dimension ", dims[i]);
  if (dims.empty())
    fail(where, "reduce expects at least one dimension, got none");
  type.shape.erase(type.shape.begin() + dims.front(),
                   type.shape.begin() + dims.back() + 1);
  return recordOp("bcssl.reduce", {input}, type, where,
                  {{"kind", std::string("sum")}, {"dims", dims}});
}

Tensor globalAveragePool(Tensor input, Where where) {
  expectRank(where, "global_average_pool", "a feature map", input, 4);
  return recordOp("bcssl.global_average_pool", {input},
                  {{input.size(0), input.size(3)}, input.type().element},
                  where);
}

Tensor allReduce(Tensor input, Where where) {
  return recordOp("bcssl.all_reduce", {input}, input.type(), where);
}

} // namespace bcssl::frontend
