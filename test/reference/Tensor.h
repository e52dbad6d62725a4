//===- Tensor.h - values of the reference -----------------------*- C++ -*-===//
//
// The value type of the reference implementation: a shape and float64 elements
// in row-major order. Integers up to 32 bits and truth values are stored as
// the doubles that represent them exactly; element types live in the IR only.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_TEST_REFERENCE_TENSOR_H
#define BCSSL_TEST_REFERENCE_TENSOR_H

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

namespace bcssl::reference {

using Shape = std::vector<int64_t>;

/// The number of elements of a tensor of `shape`; 1 for a scalar.
inline int64_t elementCount(const Shape &shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

struct Tensor {
  Shape shape;
  std::vector<double> values = std::vector<double>(1);

  /// A scalar 0.
  Tensor() = default;
  /// `shape` filled with one value.
  explicit Tensor(Shape dims, double fill = 0)
      : shape(std::move(dims)),
        values(static_cast<size_t>(elementCount(shape)), fill) {}
  /// `shape` with elements in row-major order.
  Tensor(Shape dims, std::vector<double> elements)
      : shape(std::move(dims)), values(std::move(elements)) {
    assert(int64_t(values.size()) == elementCount(shape));
  }

  int64_t size() const { return static_cast<int64_t>(values.size()); }
  int64_t rank() const { return static_cast<int64_t>(shape.size()); }
  double &operator[](int64_t i) { return values[static_cast<size_t>(i)]; }
  double operator[](int64_t i) const { return values[static_cast<size_t>(i)]; }

  /// The element at one index a dimension: `x(n, h, w, c)`.
  template <typename... Index> double &operator()(Index... index) {
    return (*this)[offset({static_cast<int64_t>(index)...})];
  }
  template <typename... Index> double operator()(Index... index) const {
    return (*this)[offset({static_cast<int64_t>(index)...})];
  }

  /// The tensor as a matrix: all leading dimensions are rows, the last one is
  /// the columns.
  int64_t columns() const { return shape.empty() ? 1 : shape.back(); }
  int64_t rows() const { return size() / columns(); }
  double &row(int64_t r, int64_t c) { return (*this)[r * columns() + c]; }
  double row(int64_t r, int64_t c) const { return (*this)[r * columns() + c]; }

private:
  int64_t offset(std::initializer_list<int64_t> index) const {
    assert(index.size() == shape.size());
    int64_t result = 0;
    const int64_t *size = shape.data();
    for (int64_t i : index) {
      assert(i >= 0 && i < *size);
      result = result * *size++ + i;
    }
    return result;
  }
};

/// f of each element.
template <typename Function> Tensor map(const Tensor &x, Function f) {
  Tensor y(x.shape);
  for (int64_t i = 0; i < x.size(); ++i)
    y[i] = f(x[i]);
  return y;
}

/// f of each pair of elements of tensors of one shape.
template <typename Function>
Tensor map(const Tensor &a, const Tensor &b, Function f) {
  assert(a.shape == b.shape);
  Tensor y(a.shape);
  for (int64_t i = 0; i < a.size(); ++i)
    y[i] = f(a[i], b[i]);
  return y;
}

} // namespace bcssl::reference

#endif // BCSSL_TEST_REFERENCE_TENSOR_H
