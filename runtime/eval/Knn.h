//===- Knn.h - weighted nearest neighbours ----------------------*- C++ -*-===//
//
// DINO's judge of frozen features (facebookresearch/dino, eval_knn.py): the k
// rows of a bank with the largest cosine similarity vote for their class with
// weight exp(similarity / temperature). Exact: every query meets every row.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_EVAL_KNN_H
#define BCSSL_RUNTIME_EVAL_KNN_H

#include "runtime/eval/Features.h"

namespace bcssl {

struct KnnOptions {
  std::vector<int64_t> neighbors = {10, 20, 100, 200};
  double temperature = 0.07;
  int threads = 0; ///< 0: all cores

  // Sizes of the pieces that are compared at a time. They bound the memory and
  // never change a result.
  int64_t queryChunk = 96;
  int64_t bankChunk = 4096;
};

/// The nearest bank rows of each query, best first; equal similarities in
/// ascending order of bank index.
struct Neighbors {
  int64_t queries = 0;
  int64_t count = 0; ///< per query, at most the rows of the bank
  std::vector<int64_t> indices = {};    ///< [queries, count]
  std::vector<float> similarities = {}; ///< [queries, count]
};

/// Accuracy with one number of neighbours.
struct KnnScore {
  int64_t neighbors = 0;
  Accuracy accuracy;
};

/// Finds the `count` most similar bank rows of each query. Both sets are
/// normalized already and have the same width.
Neighbors findNeighbors(const Features &bank, const Features &queries,
                        int64_t count, const KnnOptions &options);

/// Sums the votes of the first `count` neighbours of one query into `votes`
/// [classes]. The weights are divided by the largest one, exp(best similarity /
/// temperature), which keeps any temperature finite and no order changed.
void countVotes(const Neighbors &neighbors, int64_t query, int64_t count,
                std::span<const int32_t> bankLabels, double temperature,
                std::span<double> votes);

/// Accuracy for each entry of `options.neighbors`; a bank with fewer rows votes
/// as a whole. Equal votes go to the lower class. Normalizes copies of the
/// features; any number of queries from 1 on.
/// Errors: those of checkComparable, "knn-options" (Usage).
Result<std::vector<KnnScore>> scoreKnn(LabelledFeatures bank,
                                       LabelledFeatures queries,
                                       const KnnOptions &options);

} // namespace bcssl

#endif // BCSSL_RUNTIME_EVAL_KNN_H
