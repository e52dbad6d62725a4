//===- CoverTuples.h - few cases for many combinations ----------*- C++ -*-===//
//
// A covering array: a fault mostly shows where two settings meet, and cases in
// which every two of them meet once are few, however many settings there are
// (Cohen, Dalal, Fredman, Patton: The AETG System, IEEE Trans. Softw. Eng. 23,
// 1997).
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_TEST_PASSES_NUMERICS_COVERTUPLES_H
#define BCSSL_TEST_PASSES_NUMERICS_COVERTUPLES_H

#include <cstddef>
#include <functional>
#include <vector>

namespace bcssl::test {

/// A level for each factor.
using Levels = std::vector<size_t>;

struct Cover {
  std::vector<Levels> rows;
  size_t tuples = 0;    ///< combinations that occur in some row
  size_t forbidden = 0; ///< combinations that no allowed row has
};

/// Rows in which every combination of levels of any `strength` factors occurs;
/// `counts` says how many levels each factor has. Greedy, and always the same.
/// Where `isAllowed` refuses a row it must also refuse those with higher levels
/// in place of 0: a combination is given up where it is refused with level 0
/// of all other factors.
Cover coverTuples(const Levels &counts, size_t strength,
                  const std::function<bool(const Levels &)> &isAllowed);

} // namespace bcssl::test

#endif // BCSSL_TEST_PASSES_NUMERICS_COVERTUPLES_H
