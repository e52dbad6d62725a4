//===- Barrier.cpp - barriers of a block ----------------------------------===//

#include "tools/simt/executor/Operations.h"

namespace bcssl::simt {
namespace {

/// What the name of a barrier says.
enum : uint64_t {
  Aligned = 1,
  Counted = 2, ///< the second operand is the number of threads
  Arrive = 4,  ///< does not wait
  Population = 8,
  All = 16,
  Any = 32,
  Reduces = Population | All | Any,
};

void complete(Block &block, Barrier &barrier, uint64_t parameter) {
  for (Thread *thread : barrier.waiting)
    if (thread->results)
      *thread->results = parameter & Population ? barrier.count
                         : parameter & All      ? barrier.all
                                                : barrier.any;
  for (const Thread *thread : barrier.waiting)
    block.clocks().acquire(thread->warp, barrier.handedOn);
  std::vector<Thread *> waiting;
  waiting.swap(barrier.waiting);
  barrier = {};
  block.wake(waiting);
}

void checkAlignment(Block &block, const Barrier &barrier,
                    const Thread &thread) {
  for (const Thread *other : barrier.waiting)
    if (other->warp == thread.warp && other->site != thread.site)
      return block.report(thread, FindingKind::Divergence,
                          "lanes of one warp are at different aligned barriers",
                          nullptr, other->index);
}

void meetAtBarrier(Thread &thread, uint64_t *results, const uint64_t *operands,
                   uint64_t parameter) {
  Block &block = *thread.block;
  uint64_t number = operands[0];
  uint32_t expected = parameter & Counted
                          ? static_cast<uint32_t>(operands[1])
                          : (block.threadCount() + 31) / 32 * 32;
  if (number >= 16 || expected == 0 || expected % 32 != 0 || expected > 1024) {
    block.report(thread, FindingKind::BadOperand,
                 "expects a barrier of 0 to 15 and whole warps, got barrier " +
                     std::to_string(number) + " of " +
                     std::to_string(expected) + " threads");
    return;
  }
  // Lanes that a last, partial warp lacks count as arrived.
  expected = std::min(expected, block.threadCount());
  Barrier &barrier = block.barrier(number);
  if (barrier.waiting.empty() && barrier.arrivedOnly == 0)
    barrier.expected = expected;
  else if (barrier.expected != expected)
    block.report(thread, FindingKind::Divergence,
                 "threads meet at one barrier with different counts");
  if (parameter & Aligned)
    checkAlignment(block, barrier, thread);
  if (parameter & Reduces) {
    bool holds = operands[parameter & Counted ? 2 : 1];
    barrier.count += holds;
    barrier.all &= holds;
    barrier.any |= holds;
  }
  thread.results = results;
  block.clocks().release(thread.warp, barrier.handedOn);
  if (parameter & Arrive)
    ++barrier.arrivedOnly;
  else
    barrier.waiting.push_back(&thread);
  if (barrier.waiting.size() + barrier.arrivedOnly >= barrier.expected)
    complete(block, barrier, parameter);
  if (!(parameter & Arrive))
    block.wait(thread, "a barrier");
}

} // namespace

void addBarriers(OperationTable &table) {
  const std::string prefix = "llvm.nvvm.barrier.cta.";
  struct Kind {
    const char *name;
    uint64_t parameter;
  };
  for (Kind kind :
       {Kind{"sync", 0}, Kind{"arrive", Arrive}, Kind{"red.popc", Population},
        Kind{"red.and", All}, Kind{"red.or", Any}})
    for (uint64_t flags = 0; flags < 4; ++flags)
      table[prefix + kind.name + (flags & Aligned ? ".aligned" : "") +
            (flags & Counted ? ".count" : ".all")] = {meetAtBarrier,
                                                      kind.parameter | flags};
}

} // namespace bcssl::simt
