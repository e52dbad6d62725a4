//===- OpsInternal.h - shared by the recording functions --------*- C++ -*-===//

#ifndef BCSSL_FRONTEND_OPSINTERNAL_H
#define BCSSL_FRONTEND_OPSINTERNAL_H

#include "frontend/Error.h"
#include "frontend/Ops.h"
#include "frontend/Program.h"

namespace bcssl::frontend {

/// Numbers of different precision meet only where a model casts them.
inline void expectOneElementType(Where where, std::string_view op,
                                 const std::vector<Tensor> &operands) {
  for (Tensor operand : operands)
    if (operand.type().element != operands.front().type().element)
      fail(where, op.substr(op.find('.') + 1),
           " expects operands of one element type, got ",
           toString(operands.front().type()), " and ",
           toString(operand.type()));
}

/// Records an operation of one result in the program of its first operand.
inline Tensor recordOp(const char *op, const std::vector<Tensor> &operands,
                       TensorType result, Where where,
                       std::vector<Attribute> attributes = {}) {
  expectOneElementType(where, op, operands);
  return operands.front().program().record(op, operands, std::move(result),
                                           std::move(attributes), where);
}

inline void expectRank(Where where, const char *op, const char *what,
                       Tensor tensor, int64_t rank) {
  if (tensor.rank() != rank)
    fail(where, op, " expects ", what, " of rank ", rank, ", got ",
         toString(tensor.type()));
}

inline void expectShape(Where where, const char *op, const char *what,
                        Tensor tensor, const Shape &shape) {
  if (tensor.shape() != shape)
    fail(where, op, " expects ", what, " of shape ", toString(shape), ", got ",
         toString(tensor.type()));
}

} // namespace bcssl::frontend

#endif // BCSSL_FRONTEND_OPSINTERNAL_H
