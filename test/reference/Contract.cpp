//===- Contract.cpp - plain loops of the matrix products ------------------===//

#include "test/reference/Loops.h"

namespace bcssl::reference {

namespace {

/// The shape of `lhs` with another number of columns.
Shape withColumns(const Tensor &lhs, int64_t columns) {
  Shape shape = lhs.shape;
  shape.back() = columns;
  return shape;
}

} // namespace

Tensor contractNT(const Tensor &lhs, const Tensor &rhs) {
  Tensor output(withColumns(lhs, rhs.shape[0]));
  for (int64_t m = 0; m < lhs.rows(); ++m)
    for (int64_t n = 0; n < rhs.shape[0]; ++n)
      for (int64_t k = 0; k < lhs.columns(); ++k)
        output.row(m, n) += lhs.row(m, k) * rhs(n, k);
  return output;
}

Tensor contractNN(const Tensor &lhs, const Tensor &rhs) {
  Tensor output(withColumns(lhs, rhs.shape[1]));
  for (int64_t m = 0; m < lhs.rows(); ++m)
    for (int64_t k = 0; k < rhs.shape[1]; ++k)
      for (int64_t n = 0; n < lhs.columns(); ++n)
        output.row(m, k) += lhs.row(m, n) * rhs(n, k);
  return output;
}

Tensor contractTN(const Tensor &lhs, const Tensor &rhs) {
  Tensor output({lhs.columns(), rhs.columns()});
  for (int64_t m = 0; m < lhs.rows(); ++m)
    for (int64_t n = 0; n < lhs.columns(); ++n)
      for (int64_t k = 0; k < rhs.columns(); ++k)
        output(n, k) += lhs.row(m, n) * rhs.row(m, k);
  return output;
}

Tensor linear(const Tensor &input, const Tensor &weight, const Tensor *bias) {
  Tensor output(withColumns(input, weight.shape[0]));
  for (int64_t r = 0; r < input.rows(); ++r)
    for (int64_t o = 0; o < weight.shape[0]; ++o) {
      double sum = bias ? (*bias)(o) : 0;
      for (int64_t i = 0; i < weight.shape[1]; ++i)
        sum += input.row(r, i) * weight(o, i);
      output.row(r, o) = sum;
    }
  return output;
}

Tensor packNN(const Tensor &input, int64_t width) {
  int64_t depth = input.shape[0], columns = input.shape[1];
  Tensor output({(columns + width - 1) / width, depth, width});
  for (int64_t k = 0; k < depth; ++k)
    for (int64_t n = 0; n < columns; ++n)
      output(n / width, k, n % width) = input(k, n);
  return output;
}

Tensor packNT(const Tensor &input, int64_t width) {
  int64_t columns = input.shape[0], depth = input.shape[1];
  Tensor output({(columns + width - 1) / width, depth, width});
  for (int64_t n = 0; n < columns; ++n)
    for (int64_t k = 0; k < depth; ++k)
      output(n / width, k, n % width) = input(n, k);
  return output;
}

Tensor packedContract(const Tensor &lhs, const Tensor &packed,
                      int64_t columns) {
  int64_t width = packed.shape[2];
  Tensor output(withColumns(lhs, columns));
  for (int64_t m = 0; m < lhs.rows(); ++m)
    for (int64_t n = 0; n < columns; ++n)
      for (int64_t k = 0; k < lhs.columns(); ++k)
        output.row(m, n) += lhs.row(m, k) * packed(n / width, k, n % width);
  return output;
}

} // namespace bcssl::reference
