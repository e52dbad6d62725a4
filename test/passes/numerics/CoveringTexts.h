//===- CoveringTexts.h - one kernel of a setting as MLIR --------*- C++ -*-===//
//
// Values of factors in the order of CoveringCases.cpp; `bits` 16 means bf16 in
// memory and f32 in the arithmetic, as the compiler forms kernels.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_TEST_PASSES_NUMERICS_COVERINGTEXTS_H
#define BCSSL_TEST_PASSES_NUMERICS_COVERINGTEXTS_H

#include "test/passes/numerics/CoveringCases.h"

namespace bcssl::test {

/// k, h, w, c, op, n, bits. op: 0 forward, 1 with statistics, 2 with scale,
/// shift, GELU and residual, 3 input gradient, 4 with residual, 5 filter
/// gradient, 6 in two parts of the images.
std::string depthwiseText(const Setting &setting);
int64_t workOfDepthwise(const Setting &setting);

/// m, n, k, form, bits. form: 0 nt, 1 with bias and GELU and both results, 2
/// with scale and residual, 3 with bias and column sums, 4 in three parts of
/// the sum; 5 nn with scale and residual, 6 with bias and column sums, 7 in
/// parts; 8 tn, 9 in parts.
std::string contractionText(const Setting &setting);
int64_t workOfContraction(const Setting &setting);

/// rows, columns, op, bits. op: 0 GELU of every element, 1 scale of the row and
/// bias of the column, 2 softmax, 3 LayerNorm, 4 product, less its mean over
/// the row, with column sums of 16 rows, 5 cross entropy.
std::string rowwiseText(const Setting &setting);
int64_t workOfRowwise(const Setting &setting);

/// rows, columns, outer, op, bits. op: 0 sum, 1 largest, 2 mean and sum.
std::string columnwiseText(const Setting &setting);
int64_t workOfColumnwise(const Setting &setting);

/// op, c, size, block, bits. op: 0 padding, 1 concatenation, 2 space to depth,
/// 3 depth to space.
std::string movementText(const Setting &setting);
int64_t workOfMovement(const Setting &setting);

} // namespace bcssl::test

#endif // BCSSL_TEST_PASSES_NUMERICS_COVERINGTEXTS_H
