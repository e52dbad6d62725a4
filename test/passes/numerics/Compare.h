//===- Compare.h - compiled programs against the reference ------*- C++ -*-===//

#ifndef BCSSL_TEST_PASSES_NUMERICS_COMPARE_H
#define BCSSL_TEST_PASSES_NUMERICS_COMPARE_H

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace bcssl::test {

struct CompareOptions {
  unsigned threads = 2;
  uint64_t seed = 1;
  bool fuse = true;            ///< form kernels with fusion
  bool recompute = true;       ///< and with recomputation
  std::string stage = "input"; ///< what the text is: "input" or "expanded"
  std::string target = "cpu:native";
};

/// One result of a program, from the machine code and from the reference.
struct Compared {
  std::string name;
  std::vector<float> computed;
  std::vector<double> expected;
  std::vector<double> bounds; ///< of |computed - expected|, an element each
  /// Largest |computed - expected| in units of its bound: at most 1 where
  /// nothing but rounding parts them.
  double excess() const;
  /// The median of the bounds over the largest |expected|: how much a fault
  /// must change to be seen.
  double tolerance() const;
};

/// Compiles the function `@f` of the MLIR text, runs it on random inputs and
/// state, and interprets it in float64 on the same numbers. Inputs are uniform
/// in [-1, 1); those named in `ranges` in [low, high). Integer inputs are drawn
/// in the same way and truncated. Empty on failure, with a message on stderr.
std::vector<Compared> compareProgram(
    const std::string &text, const CompareOptions &options = {},
    const std::map<std::string, std::pair<double, double>> &ranges = {});

} // namespace bcssl::test

#endif // BCSSL_TEST_PASSES_NUMERICS_COMPARE_H
