//===- CoveringCases.cpp - kernels of all sizes that may meet -------------===//

#include "test/passes/numerics/CoveringCases.h"

#include "test/passes/numerics/CoveringTexts.h"

#include <set>

namespace bcssl::test {

Setting CoveredFamily::settingOf(const Levels &levels) const {
  Setting setting;
  for (size_t i = 0; i < levels.size(); ++i)
    setting.push_back(factors[i].values[levels[i]]);
  return setting;
}

Cover CoveredFamily::cover(size_t strength, int64_t mostWork) const {
  Levels counts;
  for (const Factor &factor : factors)
    counts.push_back(factor.values.size());
  return coverTuples(counts, strength, [&](const Levels &levels) {
    return work(settingOf(levels)) <= mostWork;
  });
}

const std::vector<CoveredFamily> &coveredFamilies() {
  static const std::vector<CoveredFamily> families = {
      {"depthwise",
       {{"k", {3, 5, 7, 9, 15, 31, 51, 61}},
        {"h", {3, 4, 7, 14, 28, 56}},
        {"w", {3, 4, 7, 13, 28, 56}},
        {"c", {3, 17, 96, 100, 384, 1024}},
        {"op", {0, 1, 2, 3, 4, 5, 6}},
        {"n", {1, 3}},
        {"bits", {32, 16}}},
       workOfDepthwise,
       depthwiseText},
      {"contraction",
       {{"m", {1, 7, 33, 129, 200, 392}},
        {"n", {1, 10, 40, 96, 100, 520}},
        {"k", {1, 7, 96, 100, 384, 768}},
        {"form", {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
        {"bits", {32, 16}}},
       workOfContraction,
       contractionText},
      {"rowwise",
       {{"rows", {1, 3, 17, 64, 130}},
        {"columns", {1, 10, 96, 100, 384, 768, 1024, 4099}},
        {"op", {0, 1, 2, 3, 4, 5}},
        {"bits", {32, 16}}},
       workOfRowwise,
       rowwiseText},
      {"columnwise",
       {{"rows", {1, 2, 17, 100, 1000}},
        {"columns", {1, 17, 96, 384, 1024}},
        {"outer", {1, 3}},
        {"op", {0, 1, 2}},
        {"bits", {32, 16}}},
       workOfColumnwise,
       columnwiseText},
      {"movement",
       {{"op", {0, 1, 2, 3}},
        {"c", {1, 3, 8, 17, 96}},
        {"size", {1, 3, 14}},
        {"block", {2, 4}},
        {"bits", {32, 16}}},
       workOfMovement,
       movementText},
  };
  return families;
}

std::vector<CoveringCase> coveringCases(size_t strength, int64_t mostWork) {
  std::vector<CoveringCase> cases;
  std::set<std::string> seen;
  for (const CoveredFamily &family : coveredFamilies())
    for (const Levels &row : family.cover(strength, mostWork).rows) {
      Setting setting = family.settingOf(row);
      CoveringCase one{family.name, family.text(setting)};
      for (size_t i = 0; i < setting.size(); ++i)
        one.name += "_" + (family.factors[i].name + std::to_string(setting[i]));
      if (seen.insert(one.text).second)
        cases.push_back(std::move(one));
    }
  return cases;
}

} // namespace bcssl::test
