//===- Movement.cpp - plain loops of data movement and reductions ---------===//

#include "test/reference/Loops.h"

#include <algorithm>
#include <limits>

namespace bcssl::reference {

namespace {

/// The index of the element at `offset` of a tensor of `shape`.
Shape indexOf(int64_t offset, const Shape &shape) {
  Shape index(shape.size());
  for (size_t d = shape.size(); d-- > 0; offset /= shape[d])
    index[d] = offset % shape[d];
  return index;
}

int64_t offsetOf(const Shape &index, const Shape &shape) {
  int64_t offset = 0;
  for (size_t d = 0; d < shape.size(); ++d)
    offset = offset * shape[d] + index[d];
  return offset;
}

/// The entries of `index` whose positions are not in `dims`.
Shape without(const Shape &index, const Shape &dims) {
  Shape kept;
  for (size_t d = 0; d < index.size(); ++d)
    if (std::find(dims.begin(), dims.end(), int64_t(d)) == dims.end())
      kept.push_back(index[d]);
  return kept;
}

template <typename Combine>
Tensor reduce(const Tensor &input, const Shape &dims, double neutral,
              Combine combine) {
  Tensor output(without(input.shape, dims), neutral);
  for (int64_t i = 0; i < input.size(); ++i) {
    Shape index = without(indexOf(i, input.shape), dims);
    double &element = output[offsetOf(index, output.shape)];
    element = combine(element, input[i]);
  }
  return output;
}

} // namespace

Tensor broadcast(const Tensor &input, const Shape &dims, const Shape &shape) {
  Tensor output(shape);
  for (int64_t i = 0; i < output.size(); ++i) {
    Shape index = indexOf(i, shape), source;
    for (int64_t dim : dims)
      source.push_back(index[static_cast<size_t>(dim)]);
    output[i] = input[offsetOf(source, input.shape)];
  }
  return output;
}

Tensor reduceSum(const Tensor &input, const Shape &dims) {
  return reduce(input, dims, 0, [](double a, double b) { return a + b; });
}

Tensor reduceMax(const Tensor &input, const Shape &dims) {
  return reduce(input, dims, -std::numeric_limits<double>::infinity(),
                [](double a, double b) { return std::max(a, b); });
}

Tensor reducePartial(const Tensor &input, int64_t rows) {
  Tensor output({(input.rows() + rows - 1) / rows, input.columns()});
  for (int64_t r = 0; r < input.rows(); ++r)
    for (int64_t c = 0; c < input.columns(); ++c)
      output(r / rows, c) += input.row(r, c);
  return output;
}

Tensor concat(const std::vector<Tensor> &inputs) {
  Shape shape = inputs.front().shape;
  shape[0] = 0;
  std::vector<double> values;
  for (const Tensor &input : inputs) {
    shape[0] += input.shape[0];
    values.insert(values.end(), input.values.begin(), input.values.end());
  }
  return Tensor(shape, std::move(values));
}

Tensor slice(const Tensor &input, int64_t offset, int64_t length) {
  Shape shape = input.shape;
  shape[0] = length;
  Tensor output(shape);
  int64_t stride = input.size() / input.shape[0];
  for (int64_t i = 0; i < output.size(); ++i)
    output[i] = input[offset * stride + i];
  return output;
}

Tensor pad(const Tensor &input, int64_t offset, int64_t length) {
  Shape shape = input.shape;
  shape[0] = length;
  Tensor output(shape);
  int64_t stride = input.size() / input.shape[0];
  for (int64_t i = 0; i < input.size(); ++i)
    output[offset * stride + i] = input[i];
  return output;
}

} // namespace bcssl::reference
