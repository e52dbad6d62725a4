//===- ExecutorTest.cpp - grids, barriers, and what checks find -----------===//

#include "test/tools/simt/Run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

namespace bcssl::simt::test {
namespace {

constexpr Order orders[] = {Order::Forward, Order::Reverse, Order::Shuffle};

/// Stores %value of the thread at its place of the grid in the last buffer.
std::string storeAt(const std::string &buffer, const std::string &value) {
  return "%size = call i32 @llvm.nvvm.read.ptx.sreg.ntid.x()\n"
         "%first = mul i32 %block, %size\n"
         "%place = add i32 %first, %tid\n"
         "%to = getelementptr i32, ptr addrspace(1) " +
         buffer + ", i32 %place\nstore i32 " + value +
         ", ptr addrspace(1) %to, align 4\n";
}

TEST(SimtExecutor, EveryThreadOfEveryBlock) {
  for (bool checks : {false, true})
    for (Order order : orders) {
      KernelRun run{"%twice = shl i32 %tid, 1\n"
                    "%sum = add i32 %twice, %block\n" +
                        storeAt("%p0", "%sum"),
                    {zeros(300)}};
      run.threads = 100;
      run.blocks = 3;
      run.options.checks = checks;
      run.options.order = order;
      run.options.workers = 3;
      EXPECT_THAT(run.run(), IsEmpty());
      for (uint32_t i = 0; i < 300; ++i)
        ASSERT_EQ(run.buffers[0][i], i % 100 * 2 + i / 100);
    }
}

/// Each thread writes its number to shared memory and reads its neighbour's.
std::string neighbour(const std::string &barrier) {
  return "%own = getelementptr i32, ptr addrspace(3) @shared, i32 %tid\n"
         "store i32 %tid, ptr addrspace(3) %own, align 4\n" +
         barrier +
         "%next = add i32 %tid, 1\n"
         "%other = and i32 %next, 63\n"
         "%at = getelementptr i32, ptr addrspace(3) @shared, i32 %other\n"
         "%got = load i32, ptr addrspace(3) %at, align 4\n" +
         storeAt("%p0", "%got");
}

TEST(SimtExecutor, BarrierOrdersTheBlock) {
  for (Order order : orders) {
    KernelRun run{
        neighbour("call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)\n"),
        {zeros(128)}};
    run.threads = 64;
    run.blocks = 2;
    run.sharedBytes = 256;
    run.options.order = order;
    EXPECT_THAT(run.run(), IsEmpty());
    for (uint32_t i = 0; i < 128; ++i)
      ASSERT_EQ(run.buffers[0][i], (i + 1) % 64);
  }
}

TEST(SimtExecutor, MissingBarrierIsARace) {
  KernelRun run{neighbour(""), {zeros(64)}};
  run.threads = 64;
  run.sharedBytes = 256;
  run.options.order = Order::Reverse;
  EXPECT_THAT(run.run(),
              testing::Contains("race: nothing orders it with an earlier write "
                                "by another thread of the block"));
  EXPECT_EQ(run.findings[0].kernel, "f");
  EXPECT_EQ(run.findings[0].location, "kernel.mlir:6 load of 4 bytes");
}

TEST(SimtExecutor, BarrierOfTheWarpOrdersItsLanesAlone) {
  std::string text = neighbour("call void @llvm.nvvm.bar.warp.sync(i32 -1)\n");
  KernelRun one{text, {zeros(32)}};
  one.sharedBytes = 256;
  // Of one warp, lane 31 reads what nobody wrote.
  EXPECT_THAT(one.run(),
              ElementsAre("uninitialized: reads bytes that nobody wrote"));
  KernelRun two{text, {zeros(64)}};
  two.threads = 64;
  two.sharedBytes = 256;
  for (Order order : {Order::Reverse, Order::Forward}) {
    two.options.order = order;
    EXPECT_THAT(two.run(), testing::Not(IsEmpty()));
  }
}

TEST(SimtExecutor, OutOfBounds) {
  KernelRun global{storeAt("%p0", "%tid"), {zeros(31)}};
  EXPECT_THAT(global.run(), ElementsAre("out-of-bounds: is in no allocation"));
  EXPECT_EQ(global.findings[0].thread, 31u);
  KernelRun shared{neighbour(""), {zeros(32)}};
  shared.sharedBytes = 124;
  EXPECT_THAT(shared.run(), testing::Contains(StartsWith(
                                "out-of-bounds: ends behind the block's 124")));
}

TEST(SimtExecutor, UninitializedGlobal) {
  KernelRun run{"%from = getelementptr i32, ptr addrspace(1) %p0, i32 %tid\n"
                "%got = load i32, ptr addrspace(1) %from, align 4\n" +
                    storeAt("%p1", "%got"),
                {zeros(32), zeros(32)}};
  run.unwritten = {1};
  EXPECT_THAT(run.run(), IsEmpty());
  run.unwritten = {0, 1};
  EXPECT_THAT(run.run(),
              ElementsAre("uninitialized: reads bytes that nobody wrote"));
  EXPECT_EQ(run.findings[0].count, 32u);
}

TEST(SimtExecutor, Misaligned) {
  KernelRun run{"%from = getelementptr i32, ptr addrspace(1) %p0, i32 1\n"
                "%got = load <4 x i32>, ptr addrspace(1) %from, align 16\n"
                "%one = extractelement <4 x i32> %got, i32 0\n" +
                    storeAt("%p1", "%one"),
                {zeros(8), zeros(32)}};
  EXPECT_THAT(run.run(),
              ElementsAre("misaligned: expects a multiple of 16 bytes"));
}

TEST(SimtExecutor, RacesBetweenBlocks) {
  // All blocks write the same word; then: one writes what another reads.
  KernelRun writes{"store i32 %block, ptr addrspace(1) %p0, align 4\n",
                   {zeros(1)}};
  writes.threads = 1;
  writes.blocks = 2;
  EXPECT_THAT(
      writes.run(),
      ElementsAre(
          "race: nothing orders it with an earlier write by another block"));
  KernelRun reads{"%from = getelementptr i32, ptr addrspace(1) %p0, i32 1\n"
                  "%got = load i32, ptr addrspace(1) %from, align 4\n"
                  "%to = getelementptr i32, ptr addrspace(1) %p0, i32 %block\n"
                  "store i32 %got, ptr addrspace(1) %to, align 4\n",
                  {zeros(2)}};
  reads.threads = 1;
  reads.blocks = 2;
  for (Order order : {Order::Forward, Order::Reverse}) {
    reads.options.order = order;
    EXPECT_THAT(reads.run(), ElementsAre(HasSubstr("by another block")));
  }
}

TEST(SimtExecutor, OrderedReadersOfAWarpAreNoRace) {
  // Lanes read one word, meet, and lane 0 writes it.
  KernelRun run{"%got = load i32, ptr addrspace(1) %p0, align 4\n"
                "call void @llvm.nvvm.bar.warp.sync(i32 -1)\n"
                "%first = icmp eq i32 %tid, 0\n"
                "br i1 %first, label %write, label %end\n"
                "write:\n"
                "store i32 %got, ptr addrspace(1) %p0, align 4\n"
                "br label %end\n"
                "end:\n",
                {counting(1)}};
  EXPECT_THAT(run.run(), IsEmpty());
}

TEST(SimtExecutor, Deadlock) {
  KernelRun run{"%first = icmp ult i32 %tid, 32\n"
                "br i1 %first, label %meet, label %end\n"
                "meet:\n"
                "call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)\n"
                "br label %end\n"
                "end:\n",
                {}};
  run.threads = 64;
  EXPECT_THAT(run.run(),
              ElementsAre("deadlock: 32 threads wait at a barrier (kernel.mlir:"
                          "4 barrier.cta.sync.aligned.all), 32 have ended"));
}

TEST(SimtExecutor, DivergentBarrier) {
  std::string barrier =
      "call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)\n";
  KernelRun run{
      "%first = icmp ult i32 %tid, 16\n"
      "br i1 %first, label %one, label %two\n"
      "one:\n" +
          barrier +
          "store i32 1, ptr addrspace(1) %p0, align 4\nbr label %end\ntwo:\n" +
          barrier + "br label %end\nend:\n",
      {zeros(1)}};
  EXPECT_THAT(run.run(), testing::Contains(HasSubstr("lanes of one warp are at "
                                                     "different aligned")));
}

TEST(SimtExecutor, UnknownInstructionsAreRefused) {
  KernelRun run{"call void @llvm.nvvm.barrier.cluster.wait()\n", {}};
  EXPECT_THAT(run.run(),
              ElementsAre(StartsWith(
                  "cannot run llvm.nvvm.barrier.cluster.wait in f at "
                  "kernel.mlir:1")));
  KernelRun assembly{"call void asm sideeffect \"nonsense;\", \"\"()\n", {}};
  EXPECT_THAT(assembly.run(),
              ElementsAre(StartsWith("cannot run inline assembly in f")));
}

TEST(SimtExecutor, BrokenModules) {
  for (const char *text : {"; nothing but a comment\nnonsense", "BC\xc0\xde"})
    EXPECT_NE(Program::load(text, true).problem, "") << text;
  EXPECT_THAT(Program::load("@s = internal addrspace(3) global [0 x i8] "
                            "undef",
                            true)
                  .problem,
              HasSubstr("it must be external"));
  auto [program, problem] = Program::load("; empty", true);
  ASSERT_TRUE(program) << problem;
  EXPECT_EQ(program->find("f").problem, "has no kernel f");
}

TEST(SimtExecutor, GridsThatNoGpuTakes) {
  KernelRun run{"", {}};
  run.threads = 1025;
  EXPECT_THAT(run.run(), ElementsAre(HasSubstr("1 to 1024 threads")));
  run.threads = 32;
  run.sharedBytes = 228 << 10;
  EXPECT_THAT(run.run(), ElementsAre(HasSubstr("232448 bytes")));
}

} // namespace
} // namespace bcssl::simt::test
