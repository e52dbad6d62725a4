//===- CopyAsync.cpp - copies from global to shared memory ----------------===//
//
// With checks, the bytes land as late as they may: when the thread that asked
// for them waits for their group. Without checks they land at once.
//
//===----------------------------------------------------------------------===//

#include "tools/simt/executor/MBarrier.h"

#include <cstring>
#include <numeric>

namespace bcssl::simt {
namespace {

/// A copy's parameter: its bytes, and whether the third operand holds how many
/// of them the source has.
constexpr uint64_t partial = 256;

void land(const AsyncCopy &copy) {
  std::memcpy(copy.to, copy.from, copy.sourceBytes);
  std::memset(copy.to + copy.sourceBytes, 0, copy.bytes - copy.sourceBytes);
}

void beginCopy(Thread &thread, uint64_t *, const uint64_t *operands,
               uint64_t parameter) {
  Block &block = *thread.block;
  AsyncCopy copy;
  copy.to = reinterpret_cast<std::byte *>(operands[0]);
  copy.from = reinterpret_cast<const std::byte *>(operands[1]);
  copy.bytes = parameter & 255;
  copy.sourceBytes = copy.bytes;
  if (parameter & partial) {
    copy.sourceBytes = static_cast<uint32_t>(operands[2]);
    if (copy.sourceBytes > copy.bytes) {
      block.report(thread, FindingKind::BadOperand,
                   "expects a source of at most " + std::to_string(copy.bytes) +
                       " bytes, got " + std::to_string(copy.sourceBytes));
      copy.sourceBytes = copy.bytes;
    }
  }
  if (!block.isChecked())
    return land(copy);
  if (copy.sourceBytes != 0 &&
      !block.checkRead(thread, copy.from, copy.sourceBytes, copy.bytes))
    copy.sourceBytes = 0;
  if (block.checkCopyBegin(thread, copy.to, copy.bytes, copy.bytes))
    thread.copies.push_back(copy);
}

/// All copies of the thread so far arrive at an mbarrier when they have landed.
/// Without `.noinc` the barrier does not count this arrival among the expected.
void arriveWhenLanded(Thread &thread, uint64_t *, const uint64_t *operands,
                      uint64_t isCounted) {
  Block &block = *thread.block;
  auto *barrier = reinterpret_cast<void *>(operands[0]);
  if (!block.checkRead(thread, barrier, 8, 8))
    return;
  if (!isMBarrier(barrier))
    return block.report(thread, FindingKind::BadOperand,
                        "expects an mbarrier that was initialised", barrier);
  if (!isCounted)
    expectArrival(barrier);
  std::vector<AsyncCopy> copies;
  copies.swap(thread.copies);
  thread.groupSizes.clear();
  // Who waits for the barrier is behind what the thread has done until here,
  // and not behind what it does until the copies land.
  Author author = block.clocks().authorOf(thread.warp);
  Knowledge handedOn{};
  block.clocks().release(thread.warp, handedOn);
  block.defer(
      [copies = std::move(copies), barrier, author, handedOn, &block, &thread] {
        for (const AsyncCopy &copy : copies) {
          land(copy);
          block.checkCopyEnd(thread, copy.to, copy.bytes, author,
                             /*isAsync=*/false);
        }
        block.clocks().arrive(handedOn, barrier);
        completeArrival(block, barrier);
      });
}

uint32_t committedCopies(const Thread &thread) {
  return std::accumulate(thread.groupSizes.begin(), thread.groupSizes.end(),
                         0u);
}

void commitGroup(Thread &thread, uint64_t *, const uint64_t *, uint64_t) {
  auto size = static_cast<uint32_t>(thread.copies.size());
  thread.groupSizes.push_back(size - committedCopies(thread));
}

/// Waits until at most `open` groups are in flight.
void waitFor(Thread &thread, uint64_t open) {
  Block &block = *thread.block;
  while (thread.groupSizes.size() > open) {
    uint32_t size = thread.groupSizes.front();
    thread.groupSizes.erase(thread.groupSizes.begin());
    for (uint32_t i = 0; i < size; ++i) {
      land(thread.copies[i]);
      block.checkCopyEnd(thread, thread.copies[i].to, thread.copies[i].bytes,
                         block.clocks().authorOf(thread.warp),
                         /*isAsync=*/false);
    }
    thread.copies.erase(thread.copies.begin(), thread.copies.begin() + size);
  }
}

void waitGroup(Thread &thread, uint64_t *, const uint64_t *operands, uint64_t) {
  waitFor(thread, operands[0]);
}

void waitAll(Thread &thread, uint64_t *results, const uint64_t *operands,
             uint64_t) {
  commitGroup(thread, results, operands, 0);
  waitFor(thread, 0);
}

} // namespace

void addAsyncCopies(OperationTable &table) {
  const std::string prefix = "llvm.nvvm.cp.async.";
  const std::pair<const char *, uint64_t> copies[] = {
      {"ca.shared.global.4", 4},
      {"ca.shared.global.8", 8},
      {"ca.shared.global.16", 16},
      {"cg.shared.global.16", 16}};
  for (auto [name, bytes] : copies) {
    table[prefix + name] = {beginCopy, bytes};
    table[prefix + name + ".s"] = {beginCopy, bytes | partial};
  }
  for (const char *space : {"", ".shared"}) {
    table[prefix + "mbarrier.arrive" + space] = {arriveWhenLanded, 0};
    table[prefix + "mbarrier.arrive.noinc" + space] = {arriveWhenLanded, 1};
  }
  table[prefix + "commit.group"] = {commitGroup};
  table[prefix + "wait.group"] = {waitGroup};
  table[prefix + "wait.all"] = {waitAll};
}

} // namespace bcssl::simt
