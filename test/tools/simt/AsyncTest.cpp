//===- AsyncTest.cpp - mbarriers and copies of boxes ----------------------===//

#include "test/tools/simt/Run.h"
#include "tools/simt/executor/TensorMap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace bcssl::simt::test {
namespace {

/// The mbarrier is the first word of shared memory, data begin at byte 1024.
/// `work` is done by thread 0, then all wait for phase 0 unless told otherwise.
std::string around(int arrivals, const std::string &work,
                   const std::string &wait, const std::string &after) {
  return "%first = icmp eq i32 %tid, 0\n"
         "%data = getelementptr i8, ptr addrspace(3) @shared, i32 1024\n"
         "br i1 %first, label %start, label %started\n"
         "start:\n"
         "call void @llvm.nvvm.mbarrier.init.shared(ptr addrspace(3) @shared, "
         "i32 " +
         std::to_string(arrivals) +
         ")\n"
         "br label %started\n"
         "started:\n"
         "call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)\n"
         "br i1 %first, label %work, label %worked\n"
         "work:\n" +
         work + "br label %worked\nworked:\n" + wait + after;
}

const std::string waitPhase0 =
    "%done = call i1 @llvm.nvvm.mbarrier.try.wait.parity.scope.cta.space.cta("
    "ptr addrspace(3) @shared, i32 0)\n";

const std::string loadData =
    "%from = getelementptr i32, ptr addrspace(3) %data, i32 %tid\n"
    "%got = load i32, ptr addrspace(3) %from, align 4\n"
    "%to = getelementptr i32, ptr addrspace(1) %p0, i32 %tid\n"
    "store i32 %got, ptr addrspace(1) %to, align 4\n";

TEST(SimtMBarrier, PhaseOfArrivals) {
  // All threads write and arrive, and read their neighbour's word after it.
  for (Order order : {Order::Forward, Order::Reverse, Order::Shuffle}) {
    KernelRun run{
        around(64, "",
               "%own = getelementptr i32, ptr addrspace(3) %data, i32 %tid\n"
               "store i32 %tid, ptr addrspace(3) %own, align 4\n"
               "%state = call i64 @llvm.nvvm.mbarrier.arrive.shared(ptr "
               "addrspace(3) @shared)\n" +
                   waitPhase0,
               "%next = xor i32 %tid, 33\n"
               "%at = getelementptr i32, ptr addrspace(3) %data, i32 %next\n"
               "%value = load i32, ptr addrspace(3) %at, align 4\n"
               "%to = getelementptr i32, ptr addrspace(1) %p0, i32 %tid\n"
               "store i32 %value, ptr addrspace(1) %to, align 4\n"),
        {zeros(64)}};
    run.threads = 64;
    run.sharedBytes = 2048;
    run.options.order = order;
    EXPECT_THAT(run.run(), IsEmpty());
    for (uint32_t i = 0; i < 64; ++i)
      ASSERT_EQ(run.buffers[0][i], i ^ 33);
  }
}

TEST(SimtMBarrier, LoopsOfInlinePtxWaitToo) {
  const std::string loop =
      "call void asm sideeffect \"{ .reg .pred P1; LAB_WAIT: "
      "mbarrier.try_wait.parity.shared.b64 P1, [$0], $1, $2; @P1 bra.uni DONE; "
      "bra.uni LAB_WAIT; DONE: }\", \"r,r,r\"(ptr addrspace(3) @shared, i32 "
      "0, i32 1000)\n";
  KernelRun run{around(2,
                       "%state = call i64 @llvm.nvvm.mbarrier.arrive.shared("
                       "ptr addrspace(3) @shared)\n",
                       loop, ""),
                {}};
  run.sharedBytes = 2048;
  EXPECT_THAT(run.run(), Contains(HasSubstr("threads wait at an mbarrier")));
  run.body.replace(run.body.find("i32 2)"), 6, "i32 1)");
  EXPECT_THAT(run.run(), IsEmpty());
}

TEST(SimtMBarrier, MissingArrivalIsADeadlock) {
  KernelRun run{around(2,
                       "%state = call i64 @llvm.nvvm.mbarrier.arrive.shared("
                       "ptr addrspace(3) @shared)\n",
                       waitPhase0, ""),
                {}};
  run.sharedBytes = 2048;
  EXPECT_THAT(run.run(), ElementsAre(HasSubstr(
                             "deadlock: 32 threads wait at an mbarrier")));
}

TEST(SimtMBarrier, MustBeInitialised) {
  KernelRun run{"call void @llvm.nvvm.mbarrier.inval.shared(ptr addrspace(3) "
                "@shared)\n",
                {}};
  run.sharedBytes = 2048;
  EXPECT_THAT(run.run(), Contains(HasSubstr("was initialised")));
}

/// A box of 4 x 4 words from a map of 6 x 5, whose corner is (-1, 2): row 2 of
/// the map is row 0 of the box, column 0 is outside.
KernelRun copyBox(int expectedBytes, const std::string &wait,
                  uint8_t swizzleBytes = 0) {
  KernelRun run{
      around(1,
             "%map = addrspacecast ptr addrspace(1) %p2 to ptr\n"
             "%far = addrspacecast ptr addrspace(3) %data to ptr\n"
             "%near = addrspacecast ptr %far to ptr addrspace(7)\n"
             "%state = call i64 "
             "@llvm.nvvm.mbarrier.arrive.expect.tx.scope.cta.space.cta(ptr "
             "addrspace(3) @shared, i32 " +
                 std::to_string(expectedBytes) +
                 ")\n"
                 "call void @llvm.nvvm.cp.async.bulk.tensor.g2s.tile.2d(ptr "
                 "addrspace(7) %near, ptr addrspace(3) @shared, ptr %map, i32 "
                 "-1, i32 2, i16 0, i64 0, i1 0, i1 0, i32 0)\n",
             wait,
             "%low = icmp ult i32 %tid, 16\n"
             "br i1 %low, label %take, label %end\ntake:\n" +
                 loadData + "br label %end\nend:\n"),
      {zeros(16), counting(40), zeros(32)}};
  run.sharedBytes = 2048;
  run.prepare = [swizzleBytes](const std::vector<void *> &buffers) {
    TensorMap map{};
    map.mark = TensorMap::validMark;
    map.base = static_cast<std::byte *>(buffers[1]);
    map.rank = 2;
    map.elementBytes = map.strides[0] = 4;
    map.strides[1] = 32; // rows of 8 words, 6 of them the map's
    map.sizes[0] = 6;
    map.sizes[1] = 5;
    map.box[0] = map.box[1] = 4;
    map.swizzleBytes = swizzleBytes;
    std::memcpy(buffers[2], &map, sizeof(map));
  };
  return run;
}

TEST(SimtTensorCopy, BoxWithABorder) {
  KernelRun run = copyBox(64, waitPhase0);
  EXPECT_THAT(run.run(), IsEmpty());
  for (uint32_t row = 0; row < 4; ++row)
    for (uint32_t column = 0; column < 4; ++column)
      EXPECT_EQ(run.buffers[0][4 * row + column],
                row < 3 && column > 0 ? 8 * (row + 2) + column - 1 : 0);
}

TEST(SimtTensorCopy, MissingWait) {
  KernelRun run = copyBox(64, "");
  EXPECT_THAT(run.run(), Contains(HasSubstr("missing-wait: touches the")));
}

TEST(SimtTensorCopy, WrongCounts) {
  EXPECT_THAT(copyBox(80, waitPhase0).run(),
              ElementsAre(HasSubstr("wait at an mbarrier")));
  EXPECT_THAT(copyBox(0, waitPhase0).run(),
              Contains(HasSubstr("missing-wait: touches the")));
}

/// A box comes to each of two places with an mbarrier each; thread 0 asks for
/// them, all wait and read the first.
KernelRun copyTwoBoxes(const std::string &wait) {
  KernelRun run = copyBox(64, "");
  std::string second =
      "%other = getelementptr i8, ptr addrspace(3) @shared, i32 8\n"
      "%data2 = getelementptr i8, ptr addrspace(3) @shared, i32 2048\n"
      "%far2 = addrspacecast ptr addrspace(3) %data2 to ptr\n"
      "%near2 = addrspacecast ptr %far2 to ptr addrspace(7)\n"
      "call void @llvm.nvvm.mbarrier.init.shared(ptr addrspace(3) %other, i32 "
      "1)\n"
      "%state2 = call i64 "
      "@llvm.nvvm.mbarrier.arrive.expect.tx.scope.cta.space.cta(ptr "
      "addrspace(3) %other, i32 64)\n"
      "call void @llvm.nvvm.cp.async.bulk.tensor.g2s.tile.2d(ptr "
      "addrspace(7) %near2, ptr addrspace(3) %other, ptr %map, i32 -1, i32 2, "
      "i16 0, i64 0, i1 0, i1 0, i32 0)\n";
  size_t place = run.body.find("br label %worked");
  run.body.insert(place, second);
  place = run.body.find("worked:\n") + 8;
  run.body.insert(
      place, "call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)\n"
             "%wait = getelementptr i8, ptr addrspace(3) @shared, i32 8\n" +
                 wait);
  run.sharedBytes = 3072;
  return run;
}

TEST(SimtTensorCopy, WaitForAnotherCopyOrdersNothing) {
  std::string waitOther =
      "%done2 = call i1 "
      "@llvm.nvvm.mbarrier.try.wait.parity.scope.cta.space.cta(ptr "
      "addrspace(3) %wait, i32 0)\n";
  EXPECT_THAT(copyTwoBoxes(waitPhase0).run(), IsEmpty());
  EXPECT_THAT(copyTwoBoxes(waitOther + waitPhase0).run(), IsEmpty());
  // The first copy has landed when the second has.
  EXPECT_THAT(copyTwoBoxes(waitOther).run(),
              Contains(HasSubstr("race: nothing orders it with an earlier "
                                 "write")));
}

TEST(SimtTensorCopy, WritesBehindAllReaders) {
  // Two warps read what lies at the box's place before it comes.
  auto overwritten = [](const std::string &end) {
    KernelRun run = copyBox(64, waitPhase0);
    const std::string barrier =
        "call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)\n";
    size_t place = run.body.find("br i1 %first, label %work,");
    run.body.insert(place,
                    "br i1 %first, label %fill, label %filled\nfill:\n"
                    "store <4 x i32> zeroinitializer, ptr addrspace(3) "
                    "%data, align 16\n"
                    "br label %filled\nfilled:\n" +
                        barrier +
                        "%was = load i32, ptr addrspace(3) %data, align 4\n"
                        "%keep = getelementptr i32, ptr addrspace(1) %p3, i32 "
                        "%tid\n"
                        "store i32 %was, ptr addrspace(1) %keep, align 4\n" +
                        end);
    run.buffers.push_back(zeros(64));
    run.threads = 64;
    return run;
  };
  for (Order order : {Order::Forward, Order::Reverse}) {
    KernelRun right = overwritten(
        "call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)\n");
    right.options.order = order;
    EXPECT_THAT(right.run(), IsEmpty());
  }
  KernelRun wrong = overwritten("call void @llvm.nvvm.bar.warp.sync(i32 -1)\n");
  wrong.options.order = Order::Reverse;
  EXPECT_THAT(wrong.run(),
              Contains(HasSubstr("race: nothing orders it with an earlier "
                                 "read")));
}

TEST(SimtTensorCopy, Swizzle) {
  // Bits 4 to 6 of an address by bits 7 to 9, as the manual's figures show.
  EXPECT_EQ(swizzled(0x400, 128), 0x400u);
  EXPECT_EQ(swizzled(0x480, 128), 0x490u);
  EXPECT_EQ(swizzled(0x7f0, 128), 0x780u);
  EXPECT_EQ(swizzled(0x480, 32), 0x490u);
  EXPECT_EQ(swizzled(0x500, 32), 0x500u);
  EXPECT_EQ(swizzled(0x500, 64), 0x520u);
  EXPECT_EQ(swizzled(0x5a4, 0), 0x5a4u);
}

} // namespace
} // namespace bcssl::simt::test
