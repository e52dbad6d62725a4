//===- NeighborSheet.h - queries and their neighbours to look at -*- C++
//-*-===//

#ifndef BCSSL_RUNTIME_EVAL_NEIGHBORSHEET_H
#define BCSSL_RUNTIME_EVAL_NEIGHBORSHEET_H

#include "runtime/eval/Knn.h"
#include "runtime/eval/Sample.h"

namespace bcssl {

/// Writes a PNG: `rows` queries, spread over the sample, each with its first
/// `count` neighbours in frames that tell right from wrong classes. Features
/// belong to the samples row by row and need not be normalized.
/// Errors: those of Dataset::image and writePng.
Status writeNeighborSheet(const std::string &path, const Sample &bank,
                          LabelledFeatures bankFeatures, const Sample &queries,
                          LabelledFeatures queryFeatures,
                          const KnnOptions &options, int64_t rows = 10,
                          int64_t count = 8);

} // namespace bcssl

#endif // BCSSL_RUNTIME_EVAL_NEIGHBORSHEET_H
