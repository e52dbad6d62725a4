//===- SharedForms.h - what forward and backward both compute ---*- C++ -*-===//
//
// Intermediate values that an operation's expansion and its gradient both
// need. Both build them here, from the same operands and in the same order,
// so that common-subexpression elimination leaves one copy: the backward then
// reads the forward's row statistics instead of computing its own.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_DIALECTS_BCSSL_SHAREDFORMS_H
#define BCSSL_DIALECTS_BCSSL_SHAREDFORMS_H

#include "dialects/bcssl/ExpandBuilder.h"

namespace bcssl {

/// Layer norm before scale and offset. `inverse` is 1 / sqrt(var_r + epsilon),
/// one value a row; `normalized` is (x - mean_r) * inverse_r.
struct RowNormalized {
  mlir::Value inverse;
  mlir::Value normalized;
};
RowNormalized buildRowNormalized(ExpandBuilder &build, mlir::Value input,
                                 double epsilon);

/// Softmax in parts, with m_r the maximum of row r: `shifted` = x - m_r,
/// `exponential` = exp(shifted), `sum` its row sums.
struct RowSoftmax {
  mlir::Value shifted;
  mlir::Value exponential;
  mlir::Value sum;

  /// exponential / sum.
  mlir::Value probabilities(ExpandBuilder &build) const;
  /// log(sum) - shifted, the negated log-softmax.
  mlir::Value negativeLog(ExpandBuilder &build) const;
};
RowSoftmax buildRowSoftmax(ExpandBuilder &build, mlir::Value logits);

/// Rows divided by max(norm_r, epsilon): the norm, the inverse of that
/// maximum (one value a row each) and the quotient.
struct RowUnit {
  mlir::Value norm;
  mlir::Value inverse;
  mlir::Value unit;
};
RowUnit buildRowUnit(ExpandBuilder &build, mlir::Value input, double epsilon);

/// Weight norm: 1 / norm_o of each row of the direction, and the factor
/// gain_o / norm_o, both vectors [O].
struct WeightGain {
  mlir::Value inverse;
  mlir::Value factor;
};
WeightGain buildWeightGain(ExpandBuilder &build, WeightNormOp op);

/// Batch norm's factor on the channels: 1 / sqrt(variance + epsilon), and that
/// times scale, both vectors [C].
struct ChannelGain {
  mlir::Value inverse;
  mlir::Value factor;
};
ChannelGain buildChannelGain(ExpandBuilder &build, BatchNormOp op);

/// Drop path's factor of each sample: draw >= rate ? 1 / (1 - rate) : 0.
mlir::Value buildKeepFactor(ExpandBuilder &build, DropPathOp op);

/// Smoothed targets of label cross-entropy, [B, K].
mlir::Value buildLabelTargets(ExpandBuilder &build, CrossEntropyOp op);

/// Summed targets of the cross-view loss, [views * B, K], and the weight of
/// one row: 1 / (B * pairs).
struct CrossViewTerms {
  mlir::Value targets;
  double rowWeight;
};
CrossViewTerms buildCrossViewTerms(ExpandBuilder &build,
                                   CrossViewCrossEntropyOp op);

} // namespace bcssl

#endif // BCSSL_DIALECTS_BCSSL_SHAREDFORMS_H
