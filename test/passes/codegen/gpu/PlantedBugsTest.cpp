//===- PlantedBugsTest.cpp - faults that the emulator must find -----------===//

#include "test/passes/codegen/gpu/PlantedBugs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <fstream>
#include <iostream>
#include <map>

namespace bcssl::test {
namespace {

/// "rowwise, a row of a block" as "RowwiseARowOfABlock".
std::string joined(const std::string &words) {
  std::string name;
  bool isFirst = true;
  for (char letter : words) {
    if (std::isalnum(static_cast<unsigned char>(letter)))
      name += isFirst ? static_cast<char>(std::toupper(letter)) : letter;
    isFirst = letter == ' ';
  }
  return name;
}

const PlantedKernel *find(const std::string &name) {
  for (const PlantedKernel &kernel : plantedKernels())
    if (kernel.name == name)
      return &kernel;
  return nullptr;
}

/// As in docs/Simt.md.
std::string rowOf(const PlantedBug &bug) {
  return "| " + bug.kernel + " | " + bug.kind + " | " + bug.what + " | " +
         bug.caughtBy + " |";
}

} // namespace

/// What a failing test prints.
void PrintTo(const PlantedKernel &kernel, std::ostream *out) {
  *out << kernel.name;
}
void PrintTo(const PlantedBug &bug, std::ostream *out) { *out << rowOf(bug); }

namespace {

class SoundKernel : public testing::TestWithParam<PlantedKernel> {};
class PlantedBugs : public testing::TestWithParam<PlantedBug> {};

TEST_P(SoundKernel, HasNoFinding) {
  for (ThreadOrder order : {ThreadOrder::Rising, ThreadOrder::Falling})
    EXPECT_EQ(runKernel(GetParam().text, {.order = order}), "");
}

TEST_P(PlantedBugs, IsCaught) {
  const PlantedBug &bug = GetParam();
  const PlantedKernel *kernel = find(bug.kernel);
  ASSERT_TRUE(kernel);
  bool isFinding = bug.caughtBy != "wrong values";
  std::string said = runKernel(kernel->text, {.fault = bug.fault});
  EXPECT_THAT(said, testing::HasSubstr(bug.caughtBy + " in "));
  // Wrong values count only where nothing else was found.
  EXPECT_EQ(said.find('\n') != std::string::npos, isFinding) << said;
  std::cout << rowOf(bug) << "\n";
}

INSTANTIATE_TEST_SUITE_P(All, SoundKernel, testing::ValuesIn(plantedKernels()),
                         [](const auto &info) {
                           return joined(info.param.name);
                         });
INSTANTIATE_TEST_SUITE_P(All, PlantedBugs, testing::ValuesIn(plantedBugs()),
                         [](const auto &info) {
                           return joined(info.param.kernel) + "_" +
                                  joined(info.param.what);
                         });

TEST(PlantedBugList, HasSeveralOfEachKindAndFamily) {
  std::map<std::string, int> kinds, kernels, families;
  for (const PlantedBug &bug : plantedBugs()) {
    ++kinds[bug.kind];
    ++kernels[bug.kernel];
  }
  for (const PlantedKernel &kernel : plantedKernels())
    families[kernel.family] += kernels[kernel.name];
  EXPECT_GE(plantedBugs().size(), 25u);
  EXPECT_GE(kinds.size(), 7u);
  for (const auto &[kind, count] : kinds)
    EXPECT_GE(count, 2) << kind;
  EXPECT_EQ(kernels.size(), plantedKernels().size());
  EXPECT_EQ(families.size(), 6u);
  for (const auto &[family, count] : families)
    EXPECT_GE(count, 2) << family;
}

TEST(PlantedBugList, StandsInTheGuide) {
  std::ifstream guide(BCSSL_SIMT_GUIDE);
  std::vector<std::string> rows, expected;
  for (std::string line; std::getline(guide, line);)
    if (line == "| kernel | kind | what is wrong | caught by |") {
      std::getline(guide, line); // the rule
      while (std::getline(guide, line) && line.starts_with("| "))
        rows.push_back(line);
    }
  for (const PlantedBug &bug : plantedBugs())
    expected.push_back(rowOf(bug));
  EXPECT_EQ(rows, expected);
}

} // namespace
} // namespace bcssl::test
