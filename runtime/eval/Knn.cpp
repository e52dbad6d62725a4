//===- Knn.cpp - weighted nearest neighbours ------------------------------===//

#include "runtime/eval/Knn.h"

#include "runtime/eval/Multiply.h"
#include "runtime/eval/Parallel.h"

#include <cmath>

namespace bcssl {

namespace {

struct Candidate {
  float similarity;
  int64_t index;

  /// A strict total order, so that the best `count` of a set do not depend on
  /// the order in which the set is visited.
  friend bool isBetter(const Candidate &a, const Candidate &b) {
    return a.similarity != b.similarity ? a.similarity > b.similarity
                                        : a.index < b.index;
  }
};

/// The best candidates seen so far, as a heap with the worst of them in front.
class BestOf {
public:
  explicit BestOf(int64_t capacity) : capacity(capacity) {
    heap.reserve(capacity);
  }

  /// Offers `count` rows of the bank that start at `first`.
  void offer(const float *similarities, int64_t count, int64_t first) {
    int64_t i = 0;
    for (; i < count && static_cast<int64_t>(heap.size()) < capacity; ++i) {
      heap.push_back({similarities[i], first + i});
      std::push_heap(heap.begin(), heap.end(), isBetterThan);
    }
    for (; i < count; ++i) {
      // Indices ascend, so an equal similarity never displaces another.
      if (similarities[i] <= heap.front().similarity)
        continue;
      std::pop_heap(heap.begin(), heap.end(), isBetterThan);
      heap.back() = {similarities[i], first + i};
      std::push_heap(heap.begin(), heap.end(), isBetterThan);
    }
  }

  /// Writes the candidates, best first.
  void store(int64_t *indices, float *similarities) {
    std::sort(heap.begin(), heap.end(), isBetterThan);
    for (const Candidate &candidate : heap) {
      *indices++ = candidate.index;
      *similarities++ = candidate.similarity;
    }
  }

private:
  static bool isBetterThan(const Candidate &a, const Candidate &b) {
    return isBetter(a, b);
  }

  int64_t capacity;
  std::vector<Candidate> heap;
};

/// Packs rows [begin, begin + rows) of the bank as the right side of a product.
PackedMatrix packBank(const Features &bank, int64_t begin, int64_t rows,
                      int threads) {
  PackedMatrix packed(bank.columns, rows);
  const float *first = bank.values.data() + begin * bank.columns;
  parallelFor(packed.panels(), threads, [&](int64_t panel) {
    packed.packTransposed(first, bank.columns, panel, panel + 1);
  });
  return packed;
}

/// The classes in descending order of votes, ties in ascending order of class;
/// returns the position of `truth` in it.
int64_t rankOf(int64_t truth, std::span<const double> votes) {
  int64_t rank = 0;
  for (int64_t label = 0; label < static_cast<int64_t>(votes.size()); ++label)
    if (votes[label] > votes[truth] ||
        (votes[label] == votes[truth] && label < truth))
      ++rank;
  return rank;
}

Status checkOptions(const KnnOptions &options) {
  auto wrong = [](std::string message) -> Status {
    return Error{.code = ExitCode::Usage,
                 .id = "knn-options",
                 .message = std::move(message)};
  };
  if (!(options.temperature > 0))
    return wrong("expects a temperature above 0");
  if (options.neighbors.empty())
    return wrong("expects at least one number of neighbours");
  for (int64_t count : options.neighbors)
    if (count < 1)
      return wrong("expects at least 1 neighbour, got " +
                   std::to_string(count));
  return {};
}

} // namespace

Neighbors findNeighbors(const Features &bank, const Features &queries,
                        int64_t count, const KnnOptions &options) {
  count = std::min(count, bank.rows);
  std::vector<BestOf> best(queries.rows, BestOf(count));
  int64_t queryChunk = std::max<int64_t>(options.queryChunk, 1);
  int64_t bankChunk = std::max<int64_t>(options.bankChunk, 1);
  int64_t tasks = (queries.rows + queryChunk - 1) / queryChunk;

  for (int64_t begin = 0; begin < bank.rows; begin += bankChunk) {
    int64_t bankRows = std::min(bankChunk, bank.rows - begin);
    PackedMatrix packed = packBank(bank, begin, bankRows, options.threads);
    parallelFor(tasks, options.threads, [&](int64_t task) {
      int64_t first = task * queryChunk;
      int64_t rows = std::min(queryChunk, queries.rows - first);
      int64_t width = packed.paddedColumns();
      AlignedFloats similarities(rows * width);
      multiply(queries.values.data() + first * queries.columns, queries.columns,
               rows, packed, similarities.data());
      for (int64_t row = 0; row < rows; ++row)
        best[first + row].offer(similarities.data() + row * width, bankRows,
                                begin);
    });
  }

  Neighbors result{.queries = queries.rows, .count = count};
  result.indices.resize(queries.rows * count);
  result.similarities.resize(queries.rows * count);
  for (int64_t query = 0; query < queries.rows; ++query)
    best[query].store(result.indices.data() + query * count,
                      result.similarities.data() + query * count);
  return result;
}

void countVotes(const Neighbors &neighbors, int64_t query, int64_t count,
                std::span<const int32_t> bankLabels, double temperature,
                std::span<double> votes) {
  std::fill(votes.begin(), votes.end(), 0.0);
  const float *similarities =
      neighbors.similarities.data() + query * neighbors.count;
  const int64_t *indices = neighbors.indices.data() + query * neighbors.count;
  for (int64_t i = 0; i < std::min(count, neighbors.count); ++i)
    votes[bankLabels[indices[i]]] +=
        std::exp((double{similarities[i]} - similarities[0]) / temperature);
}

Result<std::vector<KnnScore>> scoreKnn(LabelledFeatures bank,
                                       LabelledFeatures queries,
                                       const KnnOptions &options) {
  BCSSL_RETURN_IF_ERROR(checkOptions(options));
  BCSSL_RETURN_IF_ERROR(checkComparable(bank, queries));
  normalizeRows(bank.features, options.threads);
  normalizeRows(queries.features, options.threads);
  int64_t most =
      *std::max_element(options.neighbors.begin(), options.neighbors.end());
  Neighbors neighbors =
      findNeighbors(bank.features, queries.features, most, options);

  std::vector<double> votes(countClasses(bank, queries));
  std::vector<KnnScore> scores;
  for (int64_t count : options.neighbors) {
    int64_t right = 0, nearlyRight = 0;
    for (int64_t query = 0; query < neighbors.queries; ++query) {
      countVotes(neighbors, query, count, bank.labels, options.temperature,
                 votes);
      int64_t rank = rankOf(queries.labels[query], votes);
      right += rank < 1;
      nearlyRight += rank < 5;
    }
    double share = 100.0 / neighbors.queries;
    scores.push_back({count, {right * share, nearlyRight * share}});
  }
  return scores;
}

} // namespace bcssl
