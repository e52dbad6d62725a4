//===- Draws.h - random features for tests ----------------------*- C++ -*-===//

#ifndef BCSSL_TEST_RUNTIME_EVAL_DRAWS_H
#define BCSSL_TEST_RUNTIME_EVAL_DRAWS_H

#include "runtime/base/Philox.h"
#include "runtime/eval/Features.h"

namespace bcssl {

/// Rows uniform in [-1, 1) around one center per class: class c is shifted by
/// `distance` along axis c. Labels go round.
inline LabelledFeatures drawClusters(int64_t rows, int64_t columns,
                                     int64_t classes, float distance,
                                     uint64_t seed) {
  LabelledFeatures set;
  set.features = Features(rows, columns);
  Philox random(seed, 1);
  for (int64_t row = 0; row < rows; ++row) {
    int32_t label = static_cast<int32_t>(row % classes);
    for (float &value : set.features.row(row))
      value = random.uniform(-1, 1);
    set.features.row(row)[label % columns] += distance;
    set.labels.push_back(label);
  }
  return set;
}

} // namespace bcssl

#endif // BCSSL_TEST_RUNTIME_EVAL_DRAWS_H
