//===- Block.cpp - a block of GPU threads as fibers -----------------------===//

#include "tools/simt/executor/Block.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <new>

namespace bcssl::simt {

Block::Block() {
  sharedPages = mmap(nullptr, 2 * sharedCapacity, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (sharedPages == MAP_FAILED)
    throw std::bad_alloc();
  auto address = reinterpret_cast<uintptr_t>(sharedPages);
  shared = reinterpret_cast<std::byte *>((address + sharedCapacity - 1) /
                                         sharedCapacity * sharedCapacity);
}

Block::~Block() { munmap(sharedPages, 2 * sharedCapacity); }

void Block::reset(const Launch &launch, uint32_t index) {
  current = &launch;
  blockIndex = index;
  count = launch.threadCount();
  finished = 0;
  warpClocks.reset(count, isChecked());
  lastAllocation = nullptr;
  random.seed(launch.seed * 1000003 + index);
  readyBegin = readySize = 0;
  waiters.clear();
  for (std::vector<Thread *> &group : warpgroups)
    group.clear();
  for (Thread &thread : threads) {
    for (const std::shared_ptr<Product> &product : thread.products)
      finish(*product);
    thread.products.clear();
    thread.productGroups.clear();
    thread.hasProductFence = false;
  }
  ready.resize(count);
  threads.resize(std::max<size_t>(threads.size(), count));
  warps.resize((count + 31) / 32);
  fences = {0, std::vector<uint32_t>(warps.size())};
  for (Barrier &barrier : barriers) {
    barrier.waiting.clear();
    barrier.arrivedOnly = barrier.expected = 0;
    barrier.handedOn.fill(0);
  }
  for (size_t w = 0; w < warps.size(); ++w) {
    uint32_t lanes = std::min<uint32_t>(32, count - 32 * w);
    uint32_t mask = lanes == 32 ? ~0u : (1u << lanes) - 1;
    warps[w].existing = warps[w].present = mask;
    warps[w].meetings.clear();
  }
  auto [sizeX, sizeY, sizeZ] = launch.block;
  for (uint32_t i = 0; i < count; ++i) {
    Thread &thread = threads[i];
    thread.threadId[0] = i % sizeX;
    thread.threadId[1] = i / sizeX % sizeY;
    thread.threadId[2] = i / sizeX / sizeY;
    thread.blockId[0] = index % launch.grid[0];
    thread.blockId[1] = index / launch.grid[0] % launch.grid[1];
    thread.blockId[2] = index / launch.grid[0] / launch.grid[1];
    std::copy_n(launch.block.data(), 3, thread.blockSize);
    std::copy_n(launch.grid.data(), 3, thread.gridSize);
    thread.lane = i % 32;
    thread.warp = i / 32;
    thread.site = 0;
    thread.totalShared = launch.sharedBytes;
    thread.dynamicShared =
        launch.sharedBytes - launch.kernel->staticSharedBytes;
    thread.shared = shared;
    thread.arguments = launch.arguments;
    thread.block = this;
    thread.index = i;
    thread.isDone = false;
    thread.waitsAt = nullptr;
    thread.copies.clear();
    thread.groupSizes.clear();
  }
  if (isChecked()) {
    if (!sharedShadow)
      sharedShadow = std::make_unique<Shadow>(sharedCapacity,
                                              /*keepsReaders=*/true);
    sharedShadow->forget(0, launch.sharedBytes);
    std::memset(shared, 0xff, launch.sharedBytes);
  }
}

void Block::run(const Launch &launch, uint32_t index, uint32_t turn) {
  reset(launch, index);
  runNumber = launch.firstRun + turn;
  std::vector<Thread *> all(count);
  for (uint32_t i = 0; i < count; ++i)
    all[i] = &threads[i];
  wake(all);
  while (readySize != 0 || !deferred.empty()) {
    if (readySize == 0) {
      std::function<void()> work = std::move(deferred.front());
      deferred.pop_front();
      work();
      continue;
    }
    Thread *next = ready[readyBegin];
    readyBegin = readyBegin + 1 == count ? 0 : readyBegin + 1;
    --readySize;
    resume(*next);
  }
  if (finished != count)
    reportDeadlock();
}

void Block::enter(void *argument) {
  auto &thread = *static_cast<Thread *>(argument);
  Block &block = *thread.block;
  block.current->kernel->entry(&thread);
  thread.isDone = true;
  void *ignored;
  bcsslSimtSwitch(&ignored, block.scheduler);
}

void Block::resume(Thread &thread) {
  if (!thread.stack) {
    thread.stack = stacks.acquire();
    thread.context = makeFiber(thread.stack, &Block::enter, &thread);
  }
  bcsslSimtSwitch(&scheduler, thread.context);
  if (thread.isDone)
    endThread(thread);
}

void Block::endThread(Thread &thread) {
  stacks.release(thread.stack);
  thread.stack = nullptr;
  ++finished;
  if (!thread.copies.empty())
    report(thread, FindingKind::MissingWait,
           "the thread ends while its asynchronous copies are in flight");
  if (!thread.products.empty())
    report(thread, FindingKind::MissingWait,
           "the thread ends while its products of matrices are in flight");
  Warp &warp = warpOf(thread);
  warp.present &= ~(1u << thread.lane);
  // Others need not wait for a lane that has ended.
  for (size_t i = 0; i < warp.meetings.size();)
    i += !completeMeeting(thread.warp, i, nullptr);
}

void Block::wait(Thread &thread, const char *what) {
  thread.waitsAt = what;
  bcsslSimtSwitch(&thread.context, scheduler);
  thread.waitsAt = nullptr;
}

void Block::wake(std::span<Thread *> waiting) {
  if (current->order == Order::Reverse)
    std::reverse(waiting.begin(), waiting.end());
  else if (current->order == Order::Shuffle)
    std::shuffle(waiting.begin(), waiting.end(), random);
  for (Thread *thread : waiting) {
    size_t place = readyBegin + readySize;
    ready[place < count ? place : place - count] = thread;
    ++readySize;
  }
}

void Block::waitAt(Thread &thread, const void *address, const char *what) {
  waiters[address].push_back(&thread);
  wait(thread, what);
}

void Block::wakeAt(const void *address) {
  auto place = waiters.find(address);
  if (place == waiters.end())
    return;
  std::vector<Thread *> waiting = std::move(place->second);
  waiters.erase(place);
  wake(waiting);
}

void Block::reportDeadlock() {
  std::map<std::pair<std::string, std::string>, uint32_t> places;
  const Thread *first = nullptr;
  for (uint32_t i = 0; i < count; ++i) {
    Thread &thread = threads[i];
    if (!thread.waitsAt)
      continue;
    if (!first)
      first = &thread;
    ++places[{thread.waitsAt, current->kernel->sites[thread.site].location}];
    stacks.release(thread.stack);
    thread.stack = nullptr;
  }
  std::string detail;
  for (auto &[place, waiting] : places)
    detail += std::to_string(waiting) + " threads wait at " + place.first +
              " (" + place.second + "), ";
  report(*first, FindingKind::Deadlock,
         detail + std::to_string(finished) + " have ended");
}

void Block::report(const Thread &thread, FindingKind kind, std::string detail,
                   const void *address, int64_t other) {
  Finding finding;
  finding.kind = kind;
  finding.kernel = current->kernel->name;
  finding.location = current->kernel->sites[thread.site].location;
  finding.detail = std::move(detail);
  finding.block = blockIndex;
  finding.thread = thread.index;
  finding.address = reinterpret_cast<uint64_t>(address);
  finding.otherThread = other;
  current->findings->add(std::move(finding));
}

} // namespace bcssl::simt
