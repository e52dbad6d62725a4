//===- OrderTest.cpp - what barriers of some warps order ------------------===//

#include "test/tools/simt/Run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

namespace bcssl::simt::test {
namespace {

constexpr Order orders[] = {Order::Forward, Order::Reverse, Order::Shuffle};

/// With a new number for each "##", and the last one for each "#".
std::string numbered(const std::string &text) {
  std::string result;
  for (size_t i = 0, number = 0; i < text.size(); ++i) {
    if (text[i] != '#') {
      result += text[i];
      continue;
    }
    if (text.substr(i, 2) == "##") {
      ++number;
      ++i;
    }
    result += std::to_string(number);
  }
  return result;
}

/// Each warp does its part, each lane at its own word of %data. The mbarriers
/// `full` and `empty` expect one arrival.
KernelRun warps(const std::vector<std::string> &parts,
                const std::string &data = "%words") {
  std::string cases, bodies;
  for (size_t i = 0; i < parts.size(); ++i) {
    std::string n = std::to_string(i);
    cases += " i32 " + n + ", label %warp" + n;
    bodies += "warp" + n + ":\n" + parts[i] + "br label %end\n";
  }
  KernelRun run{
      "%warp = lshr i32 %tid, 5\n"
      "%leads = icmp eq i32 %lane, 0\n"
      "%empty = getelementptr i8, ptr addrspace(3) @shared, i32 8\n"
      "%words = getelementptr i8, ptr addrspace(3) @shared, i32 1024\n"
      "%near = getelementptr i32, ptr addrspace(3) %words, i32 %lane\n"
      "%far = getelementptr i32, ptr addrspace(1) %p1, i32 %lane\n"
      "%to = getelementptr i32, ptr addrspace(1) %p0, i32 %tid\n"
      "%begins = icmp eq i32 %tid, 0\n"
      "br i1 %begins, label %start, label %started\n"
      "start:\n"
      "call void @llvm.nvvm.mbarrier.init.shared(ptr addrspace(3) @shared, "
      "i32 1)\n"
      "call void @llvm.nvvm.mbarrier.init.shared(ptr addrspace(3) %empty, i32 "
      "1)\n"
      "br label %started\n"
      "started:\n"
      "call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)\n"
      "switch i32 %warp, label %end [" +
          cases + " ]\n" + numbered(bodies) + "end:\n",
      {zeros(32 * parts.size()), counting(32)}};
  run.threads = 32 * parts.size();
  run.sharedBytes = 2048;
  return run;
}

const std::string nearWord = "ptr addrspace(3) %near",
                  farWord = "ptr addrspace(1) %far";

std::string write(const std::string &word = nearWord) {
  return "store i32 %tid, " + word + ", align 4\n";
}

std::string read(const std::string &word = nearWord) {
  return "%value## = load i32, " + word +
         ", align 4\nstore i32 %value#, ptr addrspace(1) %to, align 4\n";
}

std::string barrier(int number, int warps, const std::string &kind = "sync") {
  return "call void @llvm.nvvm.barrier.cta." + kind + ".aligned.count(i32 " +
         std::to_string(number) + ", i32 " + std::to_string(32 * warps) + ")\n";
}

const std::string meet = "call void @llvm.nvvm.bar.warp.sync(i32 -1)\n";
const std::string full = "@shared", empty = "%empty";

/// One lane arrives for its warp.
std::string arrive(const std::string &mbarrier) {
  return "br i1 %leads, label %come##, label %came#\ncome#:\n"
         "%state# = call i64 @llvm.nvvm.mbarrier.arrive.shared(ptr "
         "addrspace(3) " +
         mbarrier + ")\nbr label %came#\ncame#:\n";
}

std::string await(const std::string &mbarrier, int parity) {
  return "%done## = call i1 "
         "@llvm.nvvm.mbarrier.try.wait.parity.scope.cta.space.cta(ptr "
         "addrspace(3) " +
         mbarrier + ", i32 " + std::to_string(parity) + ")\n";
}

void expectClean(KernelRun run) {
  for (Order order : orders) {
    run.options.order = order;
    EXPECT_THAT(run.run(), IsEmpty()) << run.body;
  }
}

void expectRace(KernelRun run) {
  for (Order order : orders) {
    run.options.order = order;
    EXPECT_THAT(run.run(), Contains(HasSubstr("race: nothing orders it")))
        << run.body;
  }
}

TEST(SimtOrder, NamedBarrierOrdersItsOwnWarps) {
  std::string writer = write() + barrier(1, 2), reader = barrier(1, 2) + read();
  expectClean(warps({writer, reader, ""}));
  expectRace(warps({writer, barrier(1, 2), read()}));
  // It meets another warp, which knows nothing of the write.
  expectRace(
      warps({writer, barrier(1, 2), barrier(2, 2) + read(), barrier(2, 2)}));
}

TEST(SimtOrder, BarriersMakeAChain) {
  std::string writer = write() + barrier(1, 2), reader = barrier(2, 2) + read();
  expectClean(warps({writer, barrier(1, 2) + barrier(2, 2), reader}));
  expectRace(warps({writer, barrier(2, 2) + barrier(1, 2), reader}));
}

TEST(SimtOrder, ArrivalHandsOnAndDoesNotLearn) {
  std::string arrival = barrier(1, 2, "arrive"), wait = barrier(1, 2);
  expectClean(warps({write() + arrival, wait + read()}));
  expectRace(warps({arrival + write(), wait + read()}));
  expectRace(warps({arrival + read(), write() + wait}));
}

TEST(SimtOrder, PlacesOfARing) {
  std::string fill = write() + meet + arrive(full),
              take = await(full, 0) + read() + meet + arrive(empty);
  expectClean(warps({fill + await(empty, 0) + write(), take}));
  expectClean(
      warps({fill + await(empty, 0) + fill, take + await(full, 1) + read()}));
  // The place is not free; it is given back before the last read; nobody has
  // filled it.
  expectRace(warps({fill + write(), take}));
  expectRace(warps({fill + await(empty, 0) + write(), take + read()}));
  expectRace(warps({fill + await(empty, 1) + write(), take}));
  expectRace(warps({write() + meet, await(full, 1) + read()}));
}

TEST(SimtOrder, PhaseIsKnownToThoseWhoWait) {
  std::string fill = write() + meet + arrive(full), take = await(full, 0);
  expectClean(warps({fill, take + read(), take + read()}));
  expectRace(warps({fill, take + read(), read()}));
  // One lane waits for its warp, and for another by a barrier.
  expectClean(warps({fill, take + barrier(1, 2), barrier(1, 2) + read()}));
}

TEST(SimtOrder, CopiesThatArriveWhenTheyHaveLanded) {
  std::string fill =
      "call void @llvm.nvvm.cp.async.ca.shared.global.4(" + nearWord + ", " +
      farWord +
      ")\n"
      "call void @llvm.nvvm.cp.async.mbarrier.arrive.shared(ptr addrspace(3) "
      "@shared)\n" +
      meet + arrive(full);
  std::string take = await(full, 0);
  expectClean(
      warps({fill + take + read(), take + read() + write(farWord), ""}));
  expectRace(warps({fill, take + read() + write(), take + read()}));
  // What comes behind the arrival is not handed on when the copies land.
  expectRace(warps({fill + read(farWord), take + write(farWord)}));
}

TEST(SimtOrder, LanesMeetBeforeOneArrivesForAll) {
  std::string fill = write() + meet + arrive(full) + await(empty, 0) + write();
  KernelRun run = warps({fill, await(full, 0) + read() + arrive(empty)});
  // In this order lane 0 arrives before the others read.
  run.options.order = Order::Forward;
  EXPECT_THAT(run.run(), Contains(HasSubstr("race: nothing orders it")));
}

TEST(SimtOrder, WriterIsBehindAllReaders) {
  for (const std::string &word : {nearWord, farWord}) {
    std::string begin = word == nearWord ? write() : "";
    std::string start = barrier(3, 3);
    std::string one = start + read(word) + barrier(1, 2),
                two = start + read(word) + barrier(2, 2);
    expectClean(
        warps({begin + start + barrier(1, 2) + barrier(2, 2) + write(word), one,
               two}));
    expectRace(warps({begin + start + barrier(1, 2) + write(word), one,
                      start + read(word)}));
    expectRace(warps({begin + start + barrier(1, 2) + write(word),
                      start + read(word), start + read(word) + barrier(1, 2)}));
    // The writer has read too.
    expectRace(warps(
        {begin + start + read(word) + write(word), start + read(word), start}));
  }
}

TEST(SimtOrder, EveryOneOfManyReadersCounts) {
  // Of seven, one has not come to the barrier.
  for (size_t absent = 1; absent < 8; ++absent) {
    std::vector<std::string> parts(8, barrier(1, 8) + read() + barrier(2, 7));
    parts[0] = write() + barrier(1, 8) + barrier(2, 7) + write();
    parts[absent] = barrier(1, 8) + read();
    expectRace(warps(parts));
    parts[absent] = barrier(1, 8);
    expectClean(warps(parts));
  }
}

} // namespace
} // namespace bcssl::simt::test
