//===- DepthwiseTest.cpp - depthwise GPU kernels against float64 loops ----===//

#include "test/passes/codegen/gpu/DepthwiseCase.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace mlir;
using testing::AnyOf;
using testing::HasSubstr;

namespace bcssl::test {
namespace {

void expectRight(const DepthwiseCase &test, Computation computation) {
  for (ThreadOrder order : {ThreadOrder::Rising, ThreadOrder::Falling})
    EXPECT_EQ(faultOf(test, computation, order), "")
        << programOf(test, computation);
}

class GpuDepthwise : public testing::TestWithParam<DepthwiseCase> {};
class GpuStatistics : public testing::TestWithParam<DepthwiseCase> {};
class GpuFilterGradient : public testing::TestWithParam<DepthwiseCase> {};

TEST_P(GpuDepthwise, ForwardWithEpilogue) {
  expectRight(GetParam(), Computation::Forward);
}

TEST_P(GpuDepthwise, InputGradient) {
  expectRight(GetParam(), Computation::InputGradient);
}

TEST_P(GpuStatistics, EqualsReference) {
  expectRight(GetParam(), Computation::Statistics);
}

TEST_P(GpuFilterGradient, EqualsReference) {
  expectRight(GetParam(), Computation::FilterGradient);
}

struct Sizes {
  int64_t height, width, channels, outputs, reachHeight, reachWidth;
  int64_t lanes = 4, rows = 1, strips = 1, bands = 1, images = 1;
};

std::string tile(const Sizes &sizes) {
  auto field = [](const char *name, int64_t value) {
    return std::string(name) + " = " + std::to_string(value) + ", ";
  };
  return field("height", sizes.height) + field("width", sizes.width) +
         field("channels", sizes.channels) + field("outputs", sizes.outputs) +
         field("lanes", sizes.lanes) + field("rows", sizes.rows) +
         field("strips", sizes.strips) + field("bands", sizes.bands) +
         field("images", sizes.images) +
         field("reach_height", sizes.reachHeight) +
         "reach_width = " + std::to_string(sizes.reachWidth);
}

// The cost model's tiles: even and odd maps, one pixel, one channel, channels
// that are no whole vectors, filters larger than the map.
const DepthwiseCase chosen[] = {
    DepthwiseCase{2, 8, 8, 32, 7},
    DepthwiseCase{1, 5, 7, 1, 3},
    DepthwiseCase{3, 3, 3, 17, 9},
    DepthwiseCase{1, 7, 7, 16, 61},
    DepthwiseCase{2, 14, 14, 24, 31},
    DepthwiseCase{1, 29, 17, 5, 11},
    DepthwiseCase{2, 1, 1, 40, 5},
    DepthwiseCase{1, 33, 2, 16, 1},
    DepthwiseCase{1, 56, 56, 16, 9},
    DepthwiseCase{1, 24, 24, 96, 7},
    DepthwiseCase{20, 3, 3, 33, 7},
    DepthwiseCase{2, 12, 12, 66, 5},
    DepthwiseCase{2, 14, 14, 64, 9, "bf16"},
    DepthwiseCase{1, 13, 9, 12, 7, "bf16"},
    DepthwiseCase{2, 5, 6, 6, 5, "bf16"},
    DepthwiseCase{1, 6, 5, 3, 9, "bf16"},
    DepthwiseCase{18, 6, 6, 384, 9, "bf16"},
    DepthwiseCase{1, 28, 28, 8, 51, "bf16", "", "sm_80"}};
INSTANTIATE_TEST_SUITE_P(Chosen, GpuDepthwise, testing::ValuesIn(chosen));
INSTANTIATE_TEST_SUITE_P(Chosen, GpuStatistics, testing::ValuesIn(chosen));
INSTANTIATE_TEST_SUITE_P(Chosen, GpuFilterGradient, testing::ValuesIn(chosen));

// Tiles that end before, at and behind the border of the map in each direction.
INSTANTIATE_TEST_SUITE_P(
    Given, GpuDepthwise,
    testing::Values(
        DepthwiseCase{2, 10, 12, 12, 5, "f32",
                      tile({.height = 4,
                            .width = 5,
                            .channels = 8,
                            .outputs = 5,
                            .reachHeight = 2,
                            .reachWidth = 2})},
        DepthwiseCase{1, 10, 12, 12, 5, "bf16",
                      tile({.height = 16,
                            .width = 16,
                            .channels = 16,
                            .outputs = 4,
                            .reachHeight = 2,
                            .reachWidth = 2})},
        DepthwiseCase{1, 9, 9, 8, 7, "f32",
                      tile({.height = 1,
                            .width = 3,
                            .channels = 4,
                            .outputs = 1,
                            .reachHeight = 3,
                            .reachWidth = 3})},
        DepthwiseCase{2, 6, 11, 20, 31, "f32",
                      tile({.height = 4,
                            .width = 8,
                            .channels = 12,
                            .outputs = 2,
                            .reachHeight = 5,
                            .reachWidth = 10})},
        DepthwiseCase{1, 12, 4, 10, 3, "bf16",
                      tile({.height = 5,
                            .width = 6,
                            .channels = 8,
                            .outputs = 3,
                            .reachHeight = 1,
                            .reachWidth = 1,
                            .lanes = 2})},
        DepthwiseCase{3, 4, 4, 4, 1, "f32",
                      tile({.height = 3,
                            .width = 4,
                            .channels = 4,
                            .outputs = 4,
                            .reachHeight = 0,
                            .reachWidth = 0})},
        // Rows of threads, with more of them than the filter or the map has.
        DepthwiseCase{1, 9, 8, 8, 5, "f32",
                      tile({.height = 6,
                            .width = 8,
                            .channels = 8,
                            .outputs = 4,
                            .reachHeight = 2,
                            .reachWidth = 2,
                            .rows = 2})},
        DepthwiseCase{2, 5, 6, 4, 1, "f32",
                      tile({.height = 6,
                            .width = 6,
                            .channels = 4,
                            .outputs = 3,
                            .reachHeight = 0,
                            .reachWidth = 0,
                            .rows = 3})},
        DepthwiseCase{1, 3, 5, 4, 3, "f32",
                      tile({.height = 4,
                            .width = 5,
                            .channels = 4,
                            .outputs = 5,
                            .reachHeight = 1,
                            .reachWidth = 1,
                            .rows = 4})},
        // Several pieces of each kind, the last of them cut.
        DepthwiseCase{3, 11, 13, 12, 5, "f32",
                      tile({.height = 4,
                            .width = 4,
                            .channels = 8,
                            .outputs = 2,
                            .reachHeight = 2,
                            .reachWidth = 2,
                            .rows = 2,
                            .strips = 2,
                            .bands = 2,
                            .images = 2})},
        DepthwiseCase{5, 14, 14, 8, 7, "bf16",
                      tile({.height = 2,
                            .width = 14,
                            .channels = 8,
                            .outputs = 14,
                            .reachHeight = 3,
                            .reachWidth = 3,
                            .bands = 4,
                            .images = 2})},
        DepthwiseCase{1, 20, 9, 4, 5, "f32",
                      tile({.height = 1,
                            .width = 3,
                            .channels = 4,
                            .outputs = 3,
                            .reachHeight = 2,
                            .reachWidth = 2,
                            .strips = 3,
                            .bands = 20})}));

// Blocks of whole images in one piece, in bands, in strips.
INSTANTIATE_TEST_SUITE_P(Given, GpuStatistics,
                         testing::Values(DepthwiseCase{3, 7, 7, 12, 5, "f32",
                                                       tile({.height = 7,
                                                             .width = 7,
                                                             .channels = 8,
                                                             .outputs = 7,
                                                             .reachHeight = 2,
                                                             .reachWidth = 2,
                                                             .images = 2})},
                                         DepthwiseCase{2, 11, 13, 12, 5, "bf16",
                                                       tile({.height = 4,
                                                             .width = 4,
                                                             .channels = 8,
                                                             .outputs = 2,
                                                             .reachHeight = 2,
                                                             .reachWidth = 2,
                                                             .rows = 2,
                                                             .strips = 4,
                                                             .bands = 3})},
                                         DepthwiseCase{3, 9, 6, 10, 31, "f32",
                                                       tile({.height = 2,
                                                             .width = 6,
                                                             .channels = 10,
                                                             .outputs = 3,
                                                             .reachHeight = 8,
                                                             .reachWidth = 5,
                                                             .lanes = 2,
                                                             .bands = 5,
                                                             .images = 4})}));

std::string gradTile(int64_t channels, int64_t lanes, int64_t filterRows,
                     int64_t rows, int64_t taps, int64_t height,
                     int64_t columns, int64_t splits, int64_t reachHeight,
                     int64_t reachWidth) {
  auto field = [](const char *name, int64_t value) {
    return std::string(name) + " = " + std::to_string(value) + ", ";
  };
  return field("channels", channels) + field("lanes", lanes) +
         field("filter_rows", filterRows) + field("rows", rows) +
         field("taps", taps) + field("height", height) +
         field("columns", columns) + field("splits", splits) +
         field("reach_height", reachHeight) +
         "reach_width = " + std::to_string(reachWidth);
}

INSTANTIATE_TEST_SUITE_P(Parts, GpuFilterGradient,
                         testing::Values(DepthwiseCase{.images = 7,
                                                       .height = 6,
                                                       .width = 6,
                                                       .channels = 33,
                                                       .kernel = 5,
                                                       .parts = 3},
                                         DepthwiseCase{.images = 4,
                                                       .height = 14,
                                                       .width = 14,
                                                       .channels = 64,
                                                       .kernel = 9,
                                                       .element = "bf16",
                                                       .parts = 4}));

// Groups of taps and rows that end before and behind the filter, bands and
// columns that end behind the map, splits without a row.
INSTANTIATE_TEST_SUITE_P(
    Given, GpuFilterGradient,
    testing::Values(DepthwiseCase{2, 10, 12, 12, 5, "f32",
                                  gradTile(8, 4, 5, 1, 5, 4, 5, 3, 2, 2)},
                    DepthwiseCase{2, 10, 12, 12, 5, "bf16",
                                  gradTile(4, 2, 2, 2, 3, 3, 4, 2, 2, 2)},
                    DepthwiseCase{1, 9, 9, 8, 7, "f32",
                                  gradTile(8, 1, 6, 3, 7, 9, 9, 4, 3, 3)},
                    DepthwiseCase{3, 6, 5, 8, 11, "f32",
                                  gradTile(4, 4, 4, 2, 4, 2, 3, 1, 5, 4)},
                    DepthwiseCase{2, 12, 6, 4, 9, "f32",
                                  gradTile(4, 2, 3, 1, 9, 5, 6, 2, 4, 4)}));

// The run itself: faults that are put into a right kernel do show.
const DepthwiseCase rightCase{2,
                              10,
                              12,
                              12,
                              5,
                              "f32",
                              tile({.height = 4,
                                    .width = 5,
                                    .channels = 8,
                                    .outputs = 5,
                                    .reachHeight = 2,
                                    .reachWidth = 2})};

TEST(GpuFaults, MissingBarrier) {
  for (ThreadOrder order : {ThreadOrder::Rising, ThreadOrder::Falling})
    EXPECT_THAT(faultOf(rightCase, Computation::Forward, order,
                        [](ModuleOp module, CpuLaunch &) {
                          module.walk(
                              [](gpu::BarrierOp barrier) { barrier.erase(); });
                        }),
                AnyOf(HasSubstr("race in"), HasSubstr("uninitialized in")));
}

TEST(GpuFaults, TooFewBlocks) {
  EXPECT_EQ(faultOf(rightCase, Computation::Forward, ThreadOrder::Rising,
                    [](ModuleOp, CpuLaunch &launch) { --launch.blocks; }),
            "wrong values");
}

TEST(GpuFaults, TooLittleSharedMemory) {
  EXPECT_THAT(
      faultOf(rightCase, Computation::Forward, ThreadOrder::Rising,
              [](ModuleOp, CpuLaunch &launch) { launch.sharedBytes -= 16; }),
      HasSubstr("out-of-bounds in"));
}

TEST(GpuFaults, NoCondition) {
  // Those of both copies, of the outputs beyond the last column but one, and of
  // whole threads. A thread's second piece of the input and its second output
  // are always there.
  for (int64_t number : {0, 1, 2, 3, 4, 6, 7, 9, 10, 11, 12})
    EXPECT_NE(faultOf(rightCase, Computation::Forward, ThreadOrder::Rising,
                      [&](ModuleOp module, CpuLaunch &) {
                        SmallVector<scf::IfOp> choices;
                        module.walk([&](scf::IfOp choice) {
                          choices.push_back(choice);
                        });
                        ASSERT_EQ(choices.size(), 13u);
                        OpBuilder builder(choices[number]);
                        Value always = arith::ConstantIntOp::create(
                            builder, choices[number].getLoc(), true, 1);
                        choices[number].getConditionMutable().assign(always);
                      }),
              "")
        << number;
}

TEST(GpuFaults, BarrierOfSomeThreads) {
  EXPECT_THAT(
      faultOf(rightCase, Computation::Forward, ThreadOrder::Rising,
              [](ModuleOp module, CpuLaunch &) {
                gpu::BarrierOp barrier;
                module.walk([&](gpu::BarrierOp op) { barrier = op; });
                OpBuilder builder(barrier);
                Location loc = barrier.getLoc();
                Value thread =
                    gpu::ThreadIdOp::create(builder, loc, gpu::Dimension::x);
                Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
                Value isFirst = arith::CmpIOp::create(
                    builder, loc, arith::CmpIPredicate::eq, thread, zero);
                auto choice = scf::IfOp::create(builder, loc, isFirst,
                                                /*withElse=*/false);
                barrier->moveBefore(choice.thenBlock()->getTerminator());
              }),
      HasSubstr("deadlock in"));
}

} // namespace
} // namespace bcssl::test
