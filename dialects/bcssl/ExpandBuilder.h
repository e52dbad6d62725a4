//===- ExpandBuilder.h - tensor arithmetic in short -------------*- C++ -*-===//
//
// Builds the operations that gradients and expansions consist of: elementwise
// `arith` and `math` operations on tensors, broadcasts and reductions.
// Operations are folded while they are built.
//
// Shapes in the comments: a tensor of any rank is seen as rows (all leading
// dimensions) by columns (the last dimension, the channels of a feature map).
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_DIALECTS_BCSSL_EXPANDBUILDER_H
#define BCSSL_DIALECTS_BCSSL_EXPANDBUILDER_H

#include "dialects/bcssl/Bcssl.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace bcssl {

/// The type of a ranked tensor value.
mlir::RankedTensorType tensorType(mlir::Value value);

class ExpandBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using Value = mlir::Value;
  using Type = mlir::RankedTensorType;

  /// Builds where `builder` stands, at the location of `op`.
  ExpandBuilder(mlir::OpBuilder &builder, mlir::Operation *op);

  //===--- Elementwise, operands of one type ------------------------------===//

  Value constant(Type type, double value);
  Value add(Value lhs, Value rhs);
  Value sub(Value lhs, Value rhs);
  Value mul(Value lhs, Value rhs);
  Value div(Value lhs, Value rhs);
  Value max(Value lhs, Value rhs);
  Value min(Value lhs, Value rhs);
  Value negate(Value value);
  Value exp(Value value);
  Value log(Value value);
  Value sqrt(Value value);
  Value rsqrt(Value value);
  Value erf(Value value);
  /// lhs > rhs, false where one is not a number.
  Value greater(Value lhs, Value rhs);
  /// lhs >= rhs, false where one is not a number.
  Value greaterEqual(Value lhs, Value rhs);
  Value select(Value condition, Value then, Value otherwise);

  Value add(Value lhs, double rhs) {
    return add(lhs, constant(tensorType(lhs), rhs));
  }
  Value mul(Value lhs, double rhs) {
    return mul(lhs, constant(tensorType(lhs), rhs));
  }
  Value square(Value value) { return mul(value, value); }
  Value reciprocal(Value value) {
    return div(constant(tensorType(value), 1.0), value);
  }

  //===--- Shape ----------------------------------------------------------===//

  /// `bcssl.broadcast`, or the value itself if it has the shape already; of a
  /// constant, a constant.
  Value broadcast(Value value, llvm::ArrayRef<int64_t> shape,
                  llvm::ArrayRef<int64_t> dims);
  /// A scalar in every element of `like`'s shape.
  Value fill(Value scalar, Value like);
  /// A vector [C] in every row of `like` [..., C].
  Value alongColumns(Value vector, Value like);
  /// One value a row [...] in every column of `like` [..., C].
  Value alongRows(Value rows, Value like);
  /// A vector [N] in every element of each of `like`'s [N, ...] samples.
  Value alongSamples(Value vector, Value like);
  /// `bcssl.reshape`, or the value itself if it has the shape already.
  Value reshape(Value value, llvm::ArrayRef<int64_t> shape);

  //===--- Reductions -----------------------------------------------------===//

  /// `bcssl.reduce` over the neighbouring dimensions [first, last); the value
  /// itself if there are none.
  Value reduce(ReduceKind kind, Value value, int64_t first, int64_t last);
  /// Over the last dimension: [..., C] to [...].
  Value rowSum(Value value);
  Value rowMax(Value value);
  Value rowMean(Value value);
  /// Over all leading dimensions: [..., C] to [C].
  Value columnSum(Value value);
  /// Over all dimensions from `first` on: the rows first, then the row results
  /// as one longer row.
  Value reduceTrailing(ReduceKind kind, Value value, int64_t first);
  /// Over all dimensions, to a scalar.
  Value reduceAll(ReduceKind kind, Value value) {
    return reduceTrailing(kind, value, 0);
  }
  Value sumAll(Value value) { return reduceAll(ReduceKind::Sum, value); }
};

} // namespace bcssl

#endif // BCSSL_DIALECTS_BCSSL_EXPANDBUILDER_H
