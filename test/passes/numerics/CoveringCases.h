//===- CoveringCases.h - kernels of all sizes that may meet -----*- C++ -*-===//
//
// Kernels of every family over what their generators distinguish: filter sizes,
// maps, channels, images, element types, forms, epilogues, parts. Cases are few
// because they cover pairs (or triples) of these, and small because what costs
// much is combined with what costs little.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_TEST_PASSES_NUMERICS_COVERINGCASES_H
#define BCSSL_TEST_PASSES_NUMERICS_COVERINGCASES_H

#include "test/passes/numerics/CoverTuples.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bcssl::test {

/// A setting and the values that it may have, the one of least work first.
struct Factor {
  const char *name;
  std::vector<int64_t> values;
};

/// What one case is, a value for each factor, in their order.
using Setting = std::vector<int64_t>;

/// Kernels of one family.
struct CoveredFamily {
  std::string name; ///< "depthwise"
  std::vector<Factor> factors;
  /// About what a case costs: products and elements, weighted.
  int64_t (*work)(const Setting &);
  /// A function @f whose operands are those of its one kernel.
  std::string (*text)(const Setting &);

  Setting settingOf(const Levels &levels) const;
  /// Settings in which any `strength` factors' values meet, unless every such
  /// case is `mostWork` too much.
  Cover cover(size_t strength, int64_t mostWork) const;
};

const std::vector<CoveredFamily> &coveredFamilies();

struct CoveringCase {
  std::string name; ///< "depthwise_k7_h14_..."
  std::string text; ///< as CoveredFamily::text
};

/// The work of a case when pairs are covered, and when triples are.
inline constexpr int64_t mostWorkOfPairs = 4'500'000,
                         mostWorkOfTriples = 15'000'000;

/// All families' cases; equal ones once.
std::vector<CoveringCase> coveringCases(size_t strength, int64_t mostWork);

} // namespace bcssl::test

#endif // BCSSL_TEST_PASSES_NUMERICS_COVERINGCASES_H
