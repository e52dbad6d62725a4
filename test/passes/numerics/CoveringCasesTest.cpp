//===- CoveringCasesTest.cpp - the covering set of kernels ----------------===//

#include "test/passes/numerics/CoveringCases.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace bcssl::test {
namespace {

bool always(const Levels &) { return true; }

/// Pairs of levels, with their factors, that no row has.
size_t missingPairs(const Levels &counts, const std::vector<Levels> &rows) {
  size_t missing = 0;
  for (size_t a = 0; a < counts.size(); ++a)
    for (size_t b = a + 1; b < counts.size(); ++b)
      for (size_t i = 0; i < counts[a]; ++i)
        for (size_t j = 0; j < counts[b]; ++j)
          missing += std::ranges::none_of(rows, [&](const Levels &row) {
            return row[a] == i && row[b] == j;
          });
  return missing;
}

TEST(CoverTuples, Pairs) {
  Levels counts{4, 3, 3, 2, 2};
  Cover cover = coverTuples(counts, 2, always);
  EXPECT_EQ(missingPairs(counts, cover.rows), 0u);
  EXPECT_EQ(cover.tuples, 12u + 12 + 8 + 8 + 9 + 6 + 6 + 6 + 6 + 4);
  EXPECT_EQ(cover.forbidden, 0u);
  EXPECT_LE(cover.rows.size(), 16u); // 12 at least, 144 in all
}

TEST(CoverTuples, All) {
  EXPECT_EQ(coverTuples({2, 3, 2}, 3, always).rows.size(), 12u);
}

TEST(CoverTuples, LeavesOutWhatIsNotAllowed) {
  auto isSmall = [](const Levels &row) { return row[0] + row[1] <= 3; };
  Cover cover = coverTuples({4, 4, 2}, 2, isSmall);
  EXPECT_EQ(cover.forbidden, 6u);
  EXPECT_EQ(cover.tuples, 16u - 6 + 8 + 8);
  for (const Levels &row : cover.rows)
    EXPECT_TRUE(isSmall(row));
}

TEST(CoveringCases, HaveEveryPairAndAreFew) {
  for (const CoveredFamily &family : coveredFamilies()) {
    Cover cover = family.cover(2, mostWorkOfPairs);
    EXPECT_EQ(cover.forbidden, 0u) << family.name;
    Levels counts;
    for (const Factor &factor : family.factors)
      counts.push_back(factor.values.size());
    EXPECT_EQ(missingPairs(counts, cover.rows), 0u) << family.name;
    for (const Levels &row : cover.rows)
      EXPECT_LE(family.work(family.settingOf(row)), mostWorkOfPairs);
  }
  std::vector<CoveringCase> cases = coveringCases(2, mostWorkOfPairs);
  EXPECT_LE(cases.size(), 250u);
  std::set<std::string> names;
  for (const CoveringCase &one : cases)
    EXPECT_TRUE(names.insert(one.name).second) << one.name;
}

} // namespace
} // namespace bcssl::test
