//===- ContractionTest.cpp - GPU contractions against float64 loops -------===//

#include "test/passes/codegen/gpu/KernelRun.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace mlir;
using testing::HasSubstr;

namespace bcssl::test {
namespace {

struct ContractionCase {
  std::string form; ///< nt, nn or tn
  int64_t rows, columns, depth;
  int64_t parts = 1;
  std::string tile = "";       ///< the cost model's choice, if empty
  std::string element = "f32"; ///< of the operands
  std::string chip = "sm_90a";
};

std::string matrix(int64_t rows, int64_t columns,
                   const std::string &element = "f32") {
  return "tensor<" + std::to_string(rows) + "x" + std::to_string(columns) +
         "x" + element + ">";
}

struct Operands {
  std::string left, right, result;

  explicit Operands(const ContractionCase &test)
      : left(test.form == "tn" ? matrix(test.depth, test.rows, test.element)
                               : matrix(test.rows, test.depth, test.element)),
        right(test.form == "nt"
                  ? matrix(test.columns, test.depth, test.element)
                  : matrix(test.depth, test.columns, test.element)),
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
/// of the result and of its square over each run of `rows`. Residual and result
/// have the operands' type.
std::string epilogueProgram(const ContractionCase &test, int64_t rows) {
  Operands type(test);
  std::string sum = type.result;
  std::string map = matrix(test.rows, test.columns, test.element);
  std::string bias = "tensor<" + std::to_string(test.columns) + "xf32>";
  std::string scale = "tensor<" + std::to_string(test.rows) + "xf32>";
  std::string sums = matrix((test.rows + rows - 1) / rows, test.columns);
  std::string results = map + ", " + sums + ", " + sums;
  std::string arguments =
      type.left + ", " + type.right + ", " + bias + ", " + scale + ", " + map;
  bool isNarrow = test.element == "bf16";
  std::string widen = isNarrow ? "%q = arith.extf %e : " + map + " to " + sum
                               : "%z0 = arith.constant dense<0.0> : " + sum +
                                     "\n%q = arith.addf %e, %z0 : " + sum;
  std::string narrow = isNarrow
                           ? "\n%t = arith.truncf %l : " + sum + " to " + map
                           : "\n%t = arith.negf %l : " + sum;
  return "func.func @f(%x: " + type.left + ", %y: " + type.right +
         ", %v: " + bias + ", %s: " + scale + ", %z: " + map + ") -> (" +
         results +
         ") {\n%0:3 = bcssl.kernel contraction(%a = %x, %b = %y, %c = %v, %d = "
         "%s, %e = %z) " +
         tileText(test) + ": (" + arguments + ") -> (" + results +
         ") {\n%r = bcssl.contract " + test.form + " %a, %b : " + type.left +
         ", " + type.right + " -> " + sum +
         "\n%g = bcssl.broadcast %c dims [1] : " + bias + " -> " + sum +
         "\n%h = bcssl.broadcast %d dims [0] : " + scale + " -> " + sum +
         "\n%i = arith.addf %r, %g : " + sum + "\n%j = math.erf %i : " + sum +
         "\n%k = arith.mulf %j, %h : " + sum + "\n" + widen +
         "\n%l = arith.addf %k, %q : " + sum + narrow +
         "\n%m = arith.mulf %l, %l : " + sum +
         "\n%n = bcssl.reduce_partial %l rows(" + std::to_string(rows) +
         ") : " + sum + " -> " + sums + "\n%o = bcssl.reduce_partial %m rows(" +
         std::to_string(rows) + ") : " + sum + " -> " + sums +
         "\nbcssl.yield %t, %n, %o : " + results +
         "\n}\nreturn %0#0, %0#1, %0#2 : " + results + "\n}\n";
}

void expectRight(const ContractionCase &test, const std::string &program) {
  for (ThreadOrder order : {ThreadOrder::Rising, ThreadOrder::Falling})
    EXPECT_EQ(runKernel(program, {.order = order, .chip = test.chip}), "")
        << program;
}

std::string tile(int64_t rows, int64_t columns, int64_t depth) {
  return "rows = " + std::to_string(rows) +
         ", columns = " + std::to_string(columns) +
         ", depth = " + std::to_string(depth);
}

class GpuContraction : public testing::TestWithParam<ContractionCase> {};

TEST_P(GpuContraction, Plain) {
  expectRight(GetParam(), plainProgram(GetParam()));
}

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
  expectRight(GetParam(), epilogueProgram(GetParam(), 128));
}

INSTANTIATE_TEST_SUITE_P(
    Sizes, GpuContractionEpilogue,
    testing::Values(ContractionCase{"nt", 256, 96, 16},
                    ContractionCase{"nn", 300, 70, 24},
                    ContractionCase{"nt", 129, 33, 5},
                    ContractionCase{"nt", 256, 100, 32, 1, tile(128, 64, 16)},
                    ContractionCase{"nn", 100, 40, 32, 1, tile(128, 32, 8)}));

TEST(GpuContractionPartials, Of64Rows) {
  ContractionCase test{"nt", 150, 48, 16};
  expectRight(test, epilogueProgram(test, 64));
}

/// For a chip whose warps multiply each by itself.
ContractionCase narrow(const std::string &form, int64_t rows, int64_t columns,
                       int64_t depth, const std::string &tile = "",
                       int64_t parts = 1, const std::string &chip = "sm_90") {
  return {form, rows, columns, depth, parts, tile, "bf16", chip};
}

// Copies of 16, 8, 4 and 2 bytes; one slice, fewer than the ring holds, more.
INSTANTIATE_TEST_SUITE_P(
    Bf16, GpuContraction,
    testing::Values(narrow("nt", 1, 1, 1), narrow("nn", 1, 1, 1),
                    narrow("tn", 1, 1, 1), narrow("nt", 33, 10, 7),
                    narrow("nn", 5, 35, 70), narrow("tn", 131, 3, 17),
                    narrow("nt", 128, 128, 128), narrow("nn", 128, 128, 128),
                    narrow("tn", 128, 128, 128), narrow("nt", 100, 36, 36),
                    narrow("nn", 100, 34, 340), narrow("tn", 130, 196, 500),
                    narrow("tn", 24, 40, 100, "", 3),
                    narrow("nn", 70, 40, 1000, "", 3),
                    narrow("nt", 70, 40, 384, "", 3),
                    narrow("nt", 140, 200, 100, "", 1, "sm_80")));

INSTANTIATE_TEST_SUITE_P(
    GivenBf16, GpuContraction,
    testing::Values(narrow("nt", 140, 200, 136, tile(128, 128, 32)),
                    narrow("nn", 140, 200, 136, tile(128, 96, 64)),
                    narrow("tn", 140, 200, 136, tile(128, 96, 32)),
                    narrow("nn", 140, 100, 136, tile(128, 64, 64)),
                    narrow("tn", 136, 100, 72, tile(128, 32, 32)),
                    narrow("tn", 136, 96, 72, tile(64, 64, 64)),
                    narrow("nt", 70, 96, 72, tile(64, 96, 64))));

INSTANTIATE_TEST_SUITE_P(
    Bf16, GpuContractionEpilogue,
    testing::Values(narrow("nt", 256, 96, 64), narrow("nn", 300, 70, 24),
                    narrow("nt", 129, 33, 5),
                    narrow("nt", 256, 100, 32, tile(128, 64, 32))));

/// For warp groups.
ContractionCase grouped(const std::string &form, int64_t rows, int64_t columns,
                        int64_t depth, int64_t tileRows = 128,
                        int64_t tileColumns = 128, int64_t parts = 1) {
  return narrow(form, rows, columns, depth,
                tile(tileRows, tileColumns, 64) + ", warpgroups = true", parts,
                "sm_90a");
}

// Whole tiles and less; terms that do not fill a slice, fewer slices than the
// ring holds, more.
INSTANTIATE_TEST_SUITE_P(
    Warpgroups, GpuContraction,
    testing::Values(grouped("nt", 8, 8, 8), grouped("nn", 8, 8, 8),
                    grouped("tn", 8, 8, 1), grouped("nt", 128, 128, 64),
                    grouped("nn", 128, 128, 64), grouped("tn", 128, 128, 64),
                    grouped("nt", 200, 136, 136), grouped("nn", 200, 136, 136),
                    grouped("tn", 200, 136, 137), grouped("nt", 130, 40, 328),
                    grouped("nn", 66, 72, 328), grouped("tn", 72, 40, 327),
                    grouped("nt", 70, 96, 72, 64, 96),
                    grouped("nn", 140, 192, 72, 128, 96),
                    grouped("tn", 136, 96, 72, 64, 96),
                    grouped("nt", 140, 72, 272, 128, 64),
                    grouped("nn", 64, 32, 72, 64, 32),
                    grouped("tn", 136, 72, 272, 128, 32),
                    grouped("tn", 24, 40, 100, 128, 64, 3),
                    grouped("tn", 24, 40, 384, 128, 128, 2)));

// Columns whose threads are no whole number of rows, too.
INSTANTIATE_TEST_SUITE_P(Warpgroups, GpuContractionEpilogue,
                         testing::Values(grouped("nt", 256, 96, 64, 128, 96),
                                         grouped("nn", 300, 72, 24),
                                         grouped("nt", 129, 200, 72, 128, 96),
                                         grouped("nt", 129, 40, 8, 128, 64)));

/// For blocks of warp groups that go through all tiles.
ContractionCase specialized(const std::string &form, int64_t rows,
                            int64_t columns, int64_t depth, int64_t tileColumns,
                            int64_t blocks, int64_t parts = 1) {
  ContractionCase test =
      grouped(form, rows, columns, depth, 256, tileColumns, parts);
  test.tile += ", blocks = " + std::to_string(blocks);
  return test;
}

// One slice, fewer than the ring holds, more; one tile for each block, as many
// for all, not as many.
INSTANTIATE_TEST_SUITE_P(
    Specialized, GpuContraction,
    testing::Values(specialized("nt", 8, 8, 8, 128, 1),
                    specialized("nt", 512, 128, 64, 128, 2),
                    specialized("nn", 520, 264, 64, 128, 4),
                    specialized("tn", 264, 136, 64, 64, 1),
                    specialized("nt", 600, 136, 136, 128, 4),
                    specialized("nn", 264, 72, 328, 64, 2),
                    specialized("tn", 136, 264, 328, 96, 2),
                    specialized("tn", 264, 136, 137, 32, 7),
                    specialized("tn", 24, 136, 384, 128, 4, 3),
                    specialized("nt", 140, 72, 384, 64, 2, 2)));

INSTANTIATE_TEST_SUITE_P(Specialized, GpuContractionEpilogue,
                         testing::Values(specialized("nt", 512, 96, 64, 96, 1),
                                         specialized("nn", 600, 72, 24, 128, 2),
                                         specialized("nt", 641, 200, 72, 96, 5),
                                         specialized("nt", 385, 40, 200, 64, 2),
                                         specialized("nn", 129, 136, 72, 128,
                                                     1)));

TEST(GpuContractionPartials, Of64RowsBySpecializedWarps) {
  for (ContractionCase test : {specialized("nt", 300, 48, 72, 64, 2),
                               specialized("nt", 520, 120, 72, 128, 1)})
    expectRight(test, epilogueProgram(test, 64));
}

// Faults that are put into a right kernel do show.
const ContractionCase rightCase{"nt", 140, 100, 40, 1, tile(128, 64, 16)};

const ContractionCase narrowCase =
    narrow("nt", 140, 100, 200, tile(128, 64, 32));

const ContractionCase groupedCase = grouped("nt", 140, 104, 320, 128, 64);

/// What a run with one barrier less finds, of `count`.
std::string withoutBarrier(const ContractionCase &test, size_t number,
                           size_t count) {
  return runKernel(
      epilogueProgram(test, 128),
      {.chip = test.chip, .fault = [&](ModuleOp module, CpuLaunch &) {
         SmallVector<gpu::BarrierOp> barriers;
         module.walk(
             [&](gpu::BarrierOp barrier) { barriers.push_back(barrier); });
         ASSERT_EQ(barriers.size(), count);
         barriers[number].erase();
       }});
}

// In both: in the loop, around the epilogue's sums, and behind the column sums.
TEST(GpuContractionFaults, MissingBarrier) {
  for (size_t number = 0; number < 5; ++number) {
    EXPECT_NE(withoutBarrier(rightCase, number, 5), "") << number;
    EXPECT_NE(withoutBarrier(narrowCase, number, 5), "") << number;
  }
}

// Of warp groups: behind the making of barriers, and the epilogue's.
TEST(GpuContractionFaults, MissingBarrierOfGroups) {
  for (size_t number : {0, 2, 3, 4, 5})
    EXPECT_NE(withoutBarrier(groupedCase, number, 6), "") << number;
}

TEST(GpuContractionFaults, MissingWait) {
  EXPECT_THAT(runKernel(plainProgram(narrowCase),
                        {.chip = narrowCase.chip,
                         .fault =
                             [](ModuleOp module, CpuLaunch &) {
                               module.walk([](NVVM::CpAsyncWaitGroupOp wait) {
                                 wait.setN(3);
                               });
                             }}),
              HasSubstr("missing-wait in"));
}

TEST(GpuContractionFaults, MissingWaitOfGroups) {
  EXPECT_THAT(runKernel(plainProgram(groupedCase),
                        {.fault =
                             [](ModuleOp module, CpuLaunch &) {
                               module.walk(
                                   [](NVVM::MBarrierTryWaitParityOp wait) {
                                     wait.erase();
                                   });
                             }}),
              HasSubstr("missing-wait in"));
}

TEST(GpuContractionFaults, TooLittleSharedMemory) {
  EXPECT_THAT(runKernel(plainProgram(rightCase),
                        {.fault =
                             [](ModuleOp, CpuLaunch &launch) {
                               launch.sharedBytes -= 32; // 16 of padding
                             }}),
              HasSubstr("out-of-bounds in"));
}

TEST(GpuContractionFaults, TooFewBlocks) {
  EXPECT_EQ(runKernel(plainProgram(rightCase),
                      {.fault = [](ModuleOp,
                                   CpuLaunch &launch) { --launch.blocks; }}),
            "wrong values in result 0");
}

} // namespace
} // namespace bcssl::test
