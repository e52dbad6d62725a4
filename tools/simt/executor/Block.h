//===- Block.h - a block of GPU threads as fibers ---------------*- C++ -*-===//
//
// The threads of a block run one after the other on one thread of the host,
// each until it waits for others. What they wait for (barriers, collectives of
// a warp) is kept here; the instructions themselves are in Barrier.cpp,
// Warp.cpp, Matrix.cpp, CopyAsync.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_TOOLS_SIMT_EXECUTOR_BLOCK_H
#define BCSSL_TOOLS_SIMT_EXECUTOR_BLOCK_H

#include "tools/simt/executor/Fiber.h"
#include "tools/simt/executor/Findings.h"
#include "tools/simt/executor/GlobalMemory.h"
#include "tools/simt/executor/Program.h"

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <random>
#include <span>
#include <string>

namespace bcssl::simt {

class Block;

/// The order in which threads run that could all run, and blocks.
enum class Order : uint8_t { Forward, Reverse, Shuffle };

/// Shared memory starts at a multiple of this, so that the low 18 bits of an
/// address are its place in shared memory, as matrix descriptors hold it.
constexpr uint64_t sharedCapacity = 256 << 10;

/// Bytes that a launch may touch.
struct Extent {
  const std::byte *begin = nullptr;
  uint64_t bytes = 0;

  bool contains(const void *address, uint64_t count) const {
    auto offset =
        static_cast<uint64_t>(static_cast<const std::byte *>(address) - begin);
    return offset <= bytes && count <= bytes - offset;
  }
};

/// One launch, the same for all of its blocks.
struct Launch {
  const Kernel *kernel = nullptr;
  std::array<uint32_t, 3> grid{1, 1, 1}, block{1, 1, 1};
  uint32_t sharedBytes = 0; ///< static and dynamic ones
  const void *const *arguments = nullptr;
  Order order = Order::Forward;
  uint64_t seed = 0;
  uint32_t firstRun = 1; ///< of the blocks' runs, which are numbered in turn
  Findings *findings = nullptr;
  GlobalMemory *memory = nullptr;  ///< null: nothing is checked
  std::span<const Extent> extents; ///< empty: all allocations

  uint32_t threadCount() const { return block[0] * block[1] * block[2]; }
  uint64_t blockCount() const { return uint64_t{grid[0]} * grid[1] * grid[2]; }
};

/// An asynchronous copy in flight.
struct AsyncCopy {
  std::byte *to;
  const std::byte *from;
  uint32_t bytes, sourceBytes; ///< bytes beyond the source's become zero
};

/// A matrix product in flight, the same for all threads of its warpgroup.
struct Product {
  uint32_t site = 0;
  Author author;
  Knowledge known{};                     ///< to all warps of the group
  std::vector<const std::byte *> pieces; ///< of 16 bytes that it reads
  bool isDone = false;
};

/// One thread.
struct Thread : ThreadState {
  Block *block = nullptr;
  void *context = nullptr;
  std::byte *stack = nullptr; ///< null before the start and after the end
  uint32_t index = 0;         ///< in the block
  bool isDone = false;
  const char *waitsAt = nullptr;      ///< the instruction it waits at, or null
  const uint64_t *operands = nullptr; ///< of the collective it takes part in
  uint64_t *results = nullptr;
  std::vector<AsyncCopy> copies;    ///< in flight, oldest first
  std::vector<uint32_t> groupSizes; ///< of committed groups, oldest first
  std::vector<std::shared_ptr<Product>> products; ///< in flight, oldest first
  std::vector<uint32_t> productGroups;            ///< sizes of committed ones
  bool hasProductFence = false;                   ///< a wgmma.fence so far
};

/// Lanes of a warp that meet at a collective. The last of them does the work
/// of all.
struct Meeting {
  using Work = void (*)(Block &block, uint32_t warp, const Meeting &meeting);

  const char *name = "";
  Work work = nullptr;
  uint64_t parameter = 0; ///< of the instruction, as its table has it
  bool isAligned = false; ///< lanes must be at one place of the program
  uint32_t site = 0;      ///< where the first lane arrived
  uint32_t members = 0;   ///< lanes that take part
  uint32_t arrived = 0;
};

struct Warp {
  uint32_t existing = 0; ///< lanes that the block has
  uint32_t present = 0;  ///< those that have not ended
  std::vector<Meeting> meetings;
};

/// Threads that wait at a barrier of the block.
struct Barrier {
  uint32_t expected = 0;
  std::vector<Thread *> waiting;
  uint32_t arrivedOnly = 0;
  uint64_t count = 0, all = 1, any = 0; ///< the reduction of predicates
  Knowledge handedOn{};                 ///< by those who have arrived
};

class Block {
public:
  Block();
  Block(const Block &) = delete;
  Block &operator=(const Block &) = delete;
  ~Block();

  /// Runs one block of the launch to its end, or until its threads wait for
  /// each other, which is a finding. It is the launch's block number `turn` to
  /// run.
  void run(const Launch &launch, uint32_t index, uint32_t turn);

  const Launch &launch() const { return *current; }
  bool isChecked() const { return current->memory != nullptr; }
  Thread &thread(uint32_t index) { return threads[index]; }
  uint32_t threadCount() const { return count; }
  Warp &warpOf(const Thread &thread) { return warps[thread.warp]; }
  Warp &warp(uint32_t index) { return warps[index]; }
  Thread &lane(uint32_t warp, uint32_t lane) {
    return threads[warp * 32 + lane];
  }
  /// The threads of four warps that wait for each other at a product.
  std::vector<Thread *> &warpgroup(uint32_t number) {
    return warpgroups[number];
  }
  Barrier &barrier(uint32_t number) { return barriers[number]; }

  /// Lets others run until somebody wakes the thread. `what` names the
  /// instruction in reports.
  void wait(Thread &thread, const char *what);
  void wake(std::span<Thread *> waiting);
  /// Takes part in a collective of the lanes `members` of the warp; returns
  /// when the work is done. `site`, `arrived` are filled in here.
  void meet(Thread &thread, Meeting meeting, uint64_t *results,
            const uint64_t *operands);
  /// Waits until wakeAt is called for the same address.
  void waitAt(Thread &thread, const void *address, const char *what);
  void wakeAt(const void *address);
  /// Work that is done when no thread can run without it.
  void defer(std::function<void()> work) {
    deferred.push_back(std::move(work));
  }
  /// What orders the accesses of the block's threads.
  WarpClocks &clocks() { return warpClocks; }

  /// Reports something that `thread` does at its present site.
  /// `other` is the thread that it clashes with, -1 where there is none.
  void report(const Thread &thread, FindingKind kind, std::string detail,
              const void *address = nullptr, int64_t other = -1);

  /// Checks an access of `bytes` at an address; false where it must not be
  /// done, as the bytes are not the kernel's.
  bool checkRead(Thread &thread, const void *address, uint64_t bytes,
                 uint64_t alignment);
  bool checkWrite(Thread &thread, const void *address, uint64_t bytes,
                  uint64_t alignment);
  bool checkAtomic(Thread &thread, const void *address, uint64_t bytes);
  /// As checkWrite, when a copy to `address` begins and when it has landed.
  bool checkCopyBegin(Thread &thread, const void *address, uint64_t bytes,
                      uint64_t alignment);
  void checkCopyEnd(Thread &thread, const void *address, uint64_t bytes,
                    Author author, bool isAsync);
  /// As checkRead of 16 bytes, for a product that reads them until it is done.
  bool checkProductRead(Thread &thread, const std::byte *address,
                        Product &product);
  /// The first of the product's threads to wait for it has its operands free.
  void finish(Product &product);
  /// Orders what the thread's warp wrote, and what it knows of, before
  /// asynchronous reads.
  void fenceProxies(const Thread &thread);

private:
  using Access = Judgement (Shadow::*)(uint64_t offset, uint64_t bytes,
                                       const Moment &moment);

  struct Place {
    Shadow *shadow = nullptr;
    uint64_t offset = 0;
    Moment moment;
  };

  void start(Thread &thread);
  void resume(Thread &thread);
  void endThread(Thread &thread);
  bool completeMeeting(uint32_t warp, size_t number, const Thread *last);
  void reset(const Launch &launch, uint32_t index);
  void reportDeadlock();
  static void enter(void *argument);
  bool locate(Thread &thread, const void *address, uint64_t bytes,
              uint64_t alignment, Place &place);
  bool check(Thread &thread, const void *address, uint64_t bytes,
             uint64_t alignment, Access access);
  void judge(Thread &thread, const void *address, const Judgement &judgement);

  const Launch *current = nullptr;
  uint32_t blockIndex = 0, runNumber = 0, count = 0, finished = 0;
  WarpClocks warpClocks;
  std::vector<Thread> threads;
  std::vector<Warp> warps;
  std::array<Barrier, 16> barriers;
  std::array<std::vector<Thread *>, 8> warpgroups;
  std::vector<Thread *> ready; ///< a ring of threadCount places
  size_t readyBegin = 0, readySize = 0;
  std::map<const void *, std::vector<Thread *>> waiters; ///< of waitAt
  std::deque<std::function<void()>> deferred;
  void *scheduler = nullptr;
  FiberStacks stacks;
  std::mt19937_64 random;
  void *sharedPages = nullptr;
  std::byte *shared = nullptr;
  std::unique_ptr<Shadow> sharedShadow;
  Fences fences;
  Allocation *lastAllocation = nullptr; ///< of this run
};

} // namespace bcssl::simt

#endif // BCSSL_TOOLS_SIMT_EXECUTOR_BLOCK_H
