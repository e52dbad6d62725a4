//===- FusionTest.cpp - kernels against the programs they come from -------===//
//
// Forward and backward of each program are run expanded, then once more after
// packing, kernel formation and tiling: regrouping must not change a value but
// for the order of sums.
//
//===----------------------------------------------------------------------===//

#include "test/reference/Harness.h"
#include "test/reference/Programs.h"

#include "dialects/bcssl/Bcssl.h"

#include <gtest/gtest.h>
#include <vector>

using namespace bcssl::reference;

namespace {

/// Kernels hold one precision: formation refuses `bcssl.cast` by name.
std::vector<Program> fusiblePrograms() {
  std::vector<Program> programs = differentiablePrograms();
  std::erase_if(programs, [](const Program &p) { return p.name == "cast"; });
  return programs;
}

class Fusion : public testing::TestWithParam<Program> {};

/// Runs `flags` on the expanded gradient of `program` and compares.
void expectSameValues(const Program &program, const std::string &flags) {
  Harness harness(program.text);
  ASSERT_TRUE(harness.parsed());
  std::vector<Tensor> point = lossArguments(harness.function(), /*seed=*/3);
  addLossAndGradient(harness.function());
  ASSERT_TRUE(
      harness.runPasses("bcssl-differentiate,bcssl-expand,canonicalize,cse"));
  std::vector<Tensor> expected = harness.run("gradient", point);
  ASSERT_TRUE(harness.runPasses(flags));
  std::vector<Tensor> actual = harness.run("gradient", point);
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i)
    expectClose(actual[i], expected[i], 1e-12,
                "result " + std::to_string(i) + " after " + flags,
                /*floor=*/1);
}

} // namespace

TEST_P(Fusion, KeepsTheValues) {
  expectSameValues(GetParam(),
                   "func.func(bcssl-pack-contractions),canonicalize,cse,"
                   "func.func(bcssl-form-kernels),canonicalize,cse,"
                   "func.func(bcssl-tile-large-kernels,bcssl-choose-tiles)");
}

TEST_P(Fusion, KeepsTheValuesWithoutJoining) {
  expectSameValues(GetParam(), "func.func(bcssl-form-kernels{fuse=false})");
}

TEST_P(Fusion, KeepsTheValuesWithoutRecomputing) {
  expectSameValues(GetParam(),
                   "func.func(bcssl-form-kernels{recompute=false})");
}

INSTANTIATE_TEST_SUITE_P(, Fusion, testing::ValuesIn(fusiblePrograms()),
                         [](const auto &info) { return info.param.name; });
