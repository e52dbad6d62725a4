//===- Tensor.h - values of a program ---------------------------*- C++ -*-===//
//
// A Tensor is a handle on one value of one program. Copying it copies the
// handle. It must not outlive its program.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_FRONTEND_TENSOR_H
#define BCSSL_FRONTEND_TENSOR_H

#include "frontend/Graph.h"

namespace bcssl::frontend {

class Program;

class Tensor {
public:
  Tensor(Program &owner, ValueId id) : owner(&owner), id(id) {}

  Program &program() const { return *owner; }
  ValueId value() const { return id; }
  const TensorType &type() const;
  const Shape &shape() const { return type().shape; }
  int64_t rank() const { return static_cast<int64_t>(shape().size()); }
  /// Size of dimension `axis`; negative values count from the last one.
  int64_t size(int64_t axis, Where where = Where::current()) const;

private:
  Program *owner;
  ValueId id;
};

/// The left operand of an operator together with the place where it is
/// written: an operator takes no default arguments, a conversion does.
struct Located {
  Located(Tensor tensor, Where where = Where::current())
      : tensor(tensor), where(where) {}

  Tensor tensor;
  Where where;
};

// Pointwise arithmetic. The operands have equal shapes, or one of them is a
// scalar, or a vector that goes along the other's last dimension.
Tensor operator+(Located lhs, Tensor rhs);
Tensor operator-(Located lhs, Tensor rhs);
Tensor operator*(Located lhs, Tensor rhs);
Tensor operator/(Located lhs, Tensor rhs);
Tensor operator+(Located lhs, double rhs);
Tensor operator-(Located lhs, double rhs);
Tensor operator*(Located lhs, double rhs);
Tensor operator/(Located lhs, double rhs);
Tensor operator-(double lhs, Located rhs);
Tensor operator-(Located operand);

} // namespace bcssl::frontend

#endif // BCSSL_FRONTEND_TENSOR_H
