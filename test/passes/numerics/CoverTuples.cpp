//===- CoverTuples.cpp - few cases for many combinations ------------------===//

#include "test/passes/numerics/CoverTuples.h"

#include <algorithm>

namespace bcssl::test {
namespace {

constexpr size_t open = static_cast<size_t>(-1); // no level yet

/// Appends `tuple` with all levels of all choices of `left` factors from
/// `factor` on.
void addTuples(const Levels &counts, size_t factor, size_t left, Levels &tuple,
               std::vector<Levels> &tuples) {
  if (left == 0) {
    tuples.push_back(tuple);
    return;
  }
  for (; factor + left <= counts.size(); ++factor) {
    for (size_t level = 0; level < counts[factor]; ++level) {
      tuple[factor] = level;
      addTuples(counts, factor + 1, left - 1, tuple, tuples);
    }
    tuple[factor] = open;
  }
}

Levels completed(Levels row) {
  std::ranges::replace(row, open, size_t{0});
  return row;
}

/// Whether the row has the tuple's levels of all factors but `except`.
bool fits(const Levels &tuple, const Levels &row, size_t except) {
  for (size_t factor = 0; factor < row.size(); ++factor)
    if (factor != except && tuple[factor] != open &&
        tuple[factor] != row[factor])
      return false;
  return true;
}

} // namespace

Cover coverTuples(const Levels &counts, size_t strength,
                  const std::function<bool(const Levels &)> &isAllowed) {
  Cover cover;
  std::vector<Levels> tuples;
  Levels none(counts.size(), open);
  addTuples(counts, 0, strength, none, tuples);
  cover.forbidden = std::erase_if(tuples, [&](const Levels &tuple) {
    return !isAllowed(completed(tuple));
  });
  cover.tuples = tuples.size();
  while (!tuples.empty()) {
    Levels row = tuples.front();
    for (size_t factor = 0; factor < row.size(); ++factor) {
      if (row[factor] != open)
        continue;
      std::vector<size_t> gains(counts[factor]);
      for (const Levels &tuple : tuples)
        if (tuple[factor] != open && fits(tuple, row, factor))
          ++gains[tuple[factor]];
      // Level 0 is allowed: the row was with it.
      size_t best = 0;
      for (size_t level = 1; level < counts[factor]; ++level) {
        row[factor] = level;
        if (gains[level] > gains[best] && isAllowed(completed(row)))
          best = level;
      }
      row[factor] = best;
    }
    std::erase_if(tuples,
                  [&](const Levels &tuple) { return fits(tuple, row, open); });
    cover.rows.push_back(std::move(row));
  }
  return cover;
}

} // namespace bcssl::test
