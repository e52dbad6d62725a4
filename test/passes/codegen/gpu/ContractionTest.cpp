//===- ContractionTest.cpp - GPU contractions against float64 loops -------===//

#include "test/passes/codegen/gpu/KernelRun.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

#include <gtest/gtest.h>

using namespace mlir;

namespace bcssl::test {
namespace {

struct ContractionCase {
  std::string form; ///< nt, nn or tn
  int64_t rows, columns, depth;
  int64_t parts = 1;
  std::string tile = ""; ///< the cost model's choice, if empty
};

std::string matrix(int64_t rows, int64_t columns) {
  return "tensor<" + std::to_string(rows) + "x" + std::to_string(columns) +
         "xf32>";
}

struct Operands {
  std::string left, right, result;

  explicit Operands(const ContractionCase &test)
      : left(test.form == "tn" ? matrix(test.depth, test.rows)
                               : matrix(test.rows, test.depth)),
        right(test.form == "nt" ? matrix(test.columns, test.depth)
                                : matrix(test.depth, test.columns)),
        result(matrix(test.rows, test.columns)) {}
};

std::string tileText(const ContractionCase &test) {
  return test.tile.empty() ? "" : "tile {" + test.tile + "} ";
}

/// The contraction alone.
std::string plainProgram(const ContractionCase &test) {
  Operands type(test);
  if (test.parts != 1)
    type.result.insert(7, std::to_string(test.parts) + "x");
  return "func.func @f(%x: " + type.left + ", %y: " + type.right + ") -> " +
         type.result + " {\n%0 = bcssl.kernel contraction(%a = %x, %b = %y) " +
         tileText(test) + ": (" + type.left + ", " + type.right + ") -> " +
         type.result + " {\n%r = bcssl.contract " + test.form +
         " %a, %b {parts = " + std::to_string(test.parts) +
         " : i64} : " + type.left + ", " + type.right + " -> " + type.result +
         "\nbcssl.yield %r : " + type.result +
         "\n}\nreturn %0 : " + type.result + "\n}\n";
}

/// erf(contraction + bias) * scale of the row + residual, with the column sums
/// of the result and of its square over each run of `rows`.
std::string epilogueProgram(const ContractionCase &test, int64_t rows) {
  Operands type(test);
  std::string bias = "tensor<" + std::to_string(test.columns) + "xf32>";
  std::string scale = "tensor<" + std::to_string(test.rows) + "xf32>";
  std::string sums = matrix((test.rows + rows - 1) / rows, test.columns);
  std::string results = type.result + ", " + sums + ", " + sums;
  std::string arguments = type.left + ", " + type.right + ", " + bias + ", " +
                          scale + ", " + type.result;
  return "func.func @f(%x: " + type.left + ", %y: " + type.right +
         ", %v: " + bias + ", %s: " + scale + ", %z: " + type.result +
         ") -> (" + results +
         ") {\n%0:3 = bcssl.kernel contraction(%a = %x, %b = %y, %c = %v, %d = "
         "%s, %e = %z) " +
         tileText(test) + ": (" + arguments + ") -> (" + results +
         ") {\n%r = bcssl.contract " + test.form + " %a, %b : " + type.left +
         ", " + type.right + " -> " + type.result +
         "\n%g = bcssl.broadcast %c dims [1] : " + bias + " -> " + type.result +
         "\n%h = bcssl.broadcast %d dims [0] : " + scale + " -> " +
         type.result + "\n%i = arith.addf %r, %g : " + type.result +
         "\n%j = math.erf %i : " + type.result +
         "\n%k = arith.mulf %j, %h : " + type.result +
         "\n%l = arith.addf %k, %e : " + type.result +
         "\n%m = arith.mulf %l, %l : " + type.result +
         "\n%n = bcssl.reduce_partial %l rows(" + std::to_string(rows) +
         ") : " + type.result + " -> " + sums +
         "\n%o = bcssl.reduce_partial %m rows(" + std::to_string(rows) +
         ") : " + type.result + " -> " + sums +
         "\nbcssl.yield %l, %n, %o : " + results +
         "\n}\nreturn %0#0, %0#1, %0#2 : " + results + "\n}\n";
}

void expectRight(const std::string &program) {
  for (ThreadOrder order : {ThreadOrder::Rising, ThreadOrder::Falling})
    EXPECT_EQ(runKernel(program, {.order = order}), "") << program;
}

std::string tile(int64_t rows, int64_t columns, int64_t depth) {
  return "rows = " + std::to_string(rows) +
         ", columns = " + std::to_string(columns) +
         ", depth = " + std::to_string(depth);
}

class GpuContraction : public testing::TestWithParam<ContractionCase> {};

TEST_P(GpuContraction, Plain) { expectRight(plainProgram(GetParam())); }

// One result, one term, sizes that do not divide 16 bytes, slices and tiles;
// whole ones.
INSTANTIATE_TEST_SUITE_P(Chosen, GpuContraction,
                         testing::Values(ContractionCase{"nt", 1, 1, 1},
                                         ContractionCase{"nn", 1, 1, 1},
                                         ContractionCase{"tn", 1, 1, 1},
                                         ContractionCase{"nt", 33, 10, 7},
                                         ContractionCase{"nn", 5, 35, 70},
                                         ContractionCase{"tn", 131, 3, 17},
                                         ContractionCase{"nt", 256, 96, 48},
                                         ContractionCase{"nn", 256, 192, 32},
                                         ContractionCase{"tn", 128, 128, 64},
                                         ContractionCase{"nt", 150, 1000, 20},
                                         ContractionCase{"nn", 130, 132, 36},
                                         ContractionCase{"tn", 66, 34, 100}));

INSTANTIATE_TEST_SUITE_P(
    Given, GpuContraction,
    testing::Values(ContractionCase{"nt", 140, 200, 40, 1, tile(128, 128, 8)},
                    ContractionCase{"nn", 140, 200, 40, 1, tile(128, 96, 16)},
                    ContractionCase{"tn", 140, 200, 40, 1, tile(128, 64, 32)},
                    ContractionCase{"nt", 140, 100, 44, 1, tile(64, 96, 16)},
                    ContractionCase{"nn", 70, 100, 9, 1, tile(64, 64, 8)},
                    ContractionCase{"nt", 70, 98, 38, 1, tile(128, 32, 32)}));

INSTANTIATE_TEST_SUITE_P(Parts, GpuContraction,
                         testing::Values(ContractionCase{"tn", 24, 40, 96, 3},
                                         ContractionCase{"tn", 24, 40, 100, 3},
                                         ContractionCase{"tn", 70, 33, 65, 4}));

class GpuContractionEpilogue : public testing::TestWithParam<ContractionCase> {
};

TEST_P(GpuContractionEpilogue, WithColumnSums) {
  expectRight(epilogueProgram(GetParam(), 128));
}

INSTANTIATE_TEST_SUITE_P(
    Sizes, GpuContractionEpilogue,
    testing::Values(ContractionCase{"nt", 256, 96, 16},
                    ContractionCase{"nn", 300, 70, 24},
                    ContractionCase{"nt", 129, 33, 5},
                    ContractionCase{"nt", 256, 100, 32, 1, tile(128, 64, 16)},
                    ContractionCase{"nn", 100, 40, 32, 1, tile(128, 32, 8)}));

TEST(GpuContractionPartials, Of64Rows) {
  expectRight(epilogueProgram({"nt", 150, 48, 16}, 64));
}

// Faults that are put into a right kernel do show.
const ContractionCase rightCase{"nt", 140, 100, 40, 1, tile(128, 64, 16)};

TEST(GpuContractionFaults, MissingBarrier) {
  // Before the loop, in the loop, before the sums are stored and read, before
  // and behind the column sums.
  for (int64_t number : {0, 1, 3, 5})
    EXPECT_NE(runKernel(epilogueProgram(rightCase, 128),
                        {.fault =
                             [&](ModuleOp module, CpuLaunch &) {
                               SmallVector<gpu::BarrierOp> barriers;
                               module.walk([&](gpu::BarrierOp barrier) {
                                 barriers.push_back(barrier);
                               });
                               ASSERT_EQ(barriers.size(), 5u);
                               barriers[number].erase();
                             }}),
              "")
        << number;
}

TEST(GpuContractionFaults, TooLittleSharedMemory) {
  EXPECT_EQ(runKernel(plainProgram(rightCase),
                      {.fault =
                           [](ModuleOp, CpuLaunch &launch) {
                             launch.sharedBytes -= 32; // 16 of padding
                           }}),
            "a load or store outside the kernel's memory");
}

TEST(GpuContractionFaults, TooFewBlocks) {
  EXPECT_EQ(runKernel(plainProgram(rightCase),
                      {.fault = [](ModuleOp,
                                   CpuLaunch &launch) { --launch.blocks; }}),
            "wrong values in result 0");
}

} // namespace
} // namespace bcssl::test
