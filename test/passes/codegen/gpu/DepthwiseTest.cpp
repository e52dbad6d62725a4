//===- DepthwiseTest.cpp - depthwise GPU kernels against float64 loops ----===//

#include "test/passes/codegen/gpu/DepthwiseCase.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

#include <gtest/gtest.h>

using namespace mlir;

namespace bcssl::test {
namespace {

void expectRight(const DepthwiseCase &test, bool gradient) {
  for (ThreadOrder order : {ThreadOrder::Rising, ThreadOrder::Falling})
    EXPECT_EQ(faultOf(test, gradient, order), "") << programOf(test, gradient);
}

class GpuDepthwise : public testing::TestWithParam<DepthwiseCase> {};

TEST_P(GpuDepthwise, ForwardWithEpilogue) {
  expectRight(GetParam(), /*gradient=*/false);
}

TEST_P(GpuDepthwise, InputGradient) {
  expectRight(GetParam(), /*gradient=*/true);
}

std::string tile(int64_t height, int64_t width, int64_t channels,
                 int64_t outputs, int64_t reachH, int64_t reachW) {
  return "height = " + std::to_string(height) +
         ", width = " + std::to_string(width) +
         ", channels = " + std::to_string(channels) +
         ", outputs = " + std::to_string(outputs) +
         ", reach_height = " + std::to_string(reachH) +
         ", reach_width = " + std::to_string(reachW);
}

// The cost model's tiles: even and odd maps, one pixel, one channel, channels
// that are no whole vectors, filters larger than the map.
INSTANTIATE_TEST_SUITE_P(
    Chosen, GpuDepthwise,
    testing::Values(
        DepthwiseCase{2, 8, 8, 32, 7}, DepthwiseCase{1, 5, 7, 1, 3},
        DepthwiseCase{3, 3, 3, 17, 9}, DepthwiseCase{1, 7, 7, 16, 61},
        DepthwiseCase{2, 14, 14, 24, 31}, DepthwiseCase{1, 29, 17, 5, 11},
        DepthwiseCase{2, 1, 1, 40, 5}, DepthwiseCase{1, 33, 2, 16, 1},
        DepthwiseCase{1, 56, 56, 16, 9},
        DepthwiseCase{2, 14, 14, 64, 9, "bf16"},
        DepthwiseCase{1, 13, 9, 12, 7, "bf16"},
        DepthwiseCase{2, 5, 6, 6, 5, "bf16"},
        DepthwiseCase{1, 6, 5, 3, 9, "bf16"},
        DepthwiseCase{1, 28, 28, 8, 51, "bf16", "", "sm_80"}));

// Tiles that end before, at and behind the border of the map in each direction.
INSTANTIATE_TEST_SUITE_P(
    Given, GpuDepthwise,
    testing::Values(
        DepthwiseCase{2, 10, 12, 12, 5, "f32", tile(4, 5, 8, 5, 2, 2)},
        DepthwiseCase{1, 10, 12, 12, 5, "bf16", tile(16, 16, 16, 4, 2, 2)},
        DepthwiseCase{1, 9, 9, 8, 7, "f32", tile(1, 3, 4, 1, 3, 3)},
        DepthwiseCase{2, 6, 11, 20, 31, "f32", tile(4, 8, 12, 2, 5, 10)},
        DepthwiseCase{1, 12, 4, 10, 3, "bf16", tile(5, 6, 8, 3, 1, 1)},
        DepthwiseCase{3, 4, 4, 4, 1, "f32", tile(3, 4, 4, 4, 0, 0)}));

// The run itself: faults that are put into a right kernel do show.
const DepthwiseCase rightCase{2, 10, 12, 12, 5, "f32", tile(4, 5, 8, 5, 2, 2)};

TEST(GpuFaults, MissingBarrier) {
  for (ThreadOrder order : {ThreadOrder::Rising, ThreadOrder::Falling})
    EXPECT_EQ(faultOf(rightCase, false, order,
                      [](ModuleOp module, CpuLaunch &) {
                        module.walk(
                            [](gpu::BarrierOp barrier) { barrier.erase(); });
                      }),
              "wrong values");
}

TEST(GpuFaults, TooFewBlocks) {
  EXPECT_EQ(faultOf(rightCase, false, ThreadOrder::Rising,
                    [](ModuleOp, CpuLaunch &launch) { --launch.blocks; }),
            "wrong values");
}

TEST(GpuFaults, TooLittleSharedMemory) {
  EXPECT_EQ(
      faultOf(rightCase, false, ThreadOrder::Rising,
              [](ModuleOp, CpuLaunch &launch) { launch.sharedBytes -= 16; }),
      "a load or store outside the kernel's memory");
}

TEST(GpuFaults, NoCondition) {
  // Those of both copies, of the outputs beyond the last column but one, and of
  // whole threads. The first output but one is always on this map.
  for (int64_t number : {0, 1, 3, 4, 5, 6})
    EXPECT_NE(faultOf(rightCase, false, ThreadOrder::Rising,
                      [&](ModuleOp module, CpuLaunch &) {
                        SmallVector<scf::IfOp> choices;
                        module.walk([&](scf::IfOp choice) {
                          choices.push_back(choice);
                        });
                        ASSERT_EQ(choices.size(), 7u);
                        OpBuilder builder(choices[number]);
                        Value always = arith::ConstantIntOp::create(
                            builder, choices[number].getLoc(), true, 1);
                        choices[number].getConditionMutable().assign(always);
                      }),
              "")
        << number;
}

TEST(GpuFaults, BarrierOfSomeThreads) {
  EXPECT_EQ(faultOf(rightCase, false, ThreadOrder::Rising,
                    [](ModuleOp module, CpuLaunch &) {
                      gpu::BarrierOp barrier;
                      module.walk([&](gpu::BarrierOp op) { barrier = op; });
                      OpBuilder builder(barrier);
                      Location loc = barrier.getLoc();
                      Value thread = gpu::ThreadIdOp::create(builder, loc,
                                                             gpu::Dimension::x);
                      Value zero =
                          arith::ConstantIndexOp::create(builder, loc, 0);
                      Value isFirst = arith::CmpIOp::create(
                          builder, loc, arith::CmpIPredicate::eq, thread, zero);
                      auto choice = scf::IfOp::create(builder, loc, isFirst,
                                                      /*withElse=*/false);
                      barrier->moveBefore(choice.thenBlock()->getTerminator());
                    }),
            "some threads wait at a barrier, others have ended");
}

} // namespace
} // namespace bcssl::test
