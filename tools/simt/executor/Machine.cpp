//===- Machine.cpp - runs grids on the host -------------------------------===//

#include "tools/simt/executor/Machine.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <thread>

namespace bcssl::simt {
namespace {

// A block of an H100 has so many bytes of shared memory at most.
constexpr uint64_t sharedLimit = 227 << 10;
// Fewer threads than this are done before another host thread has started.
constexpr uint64_t worthAWorker = 4096;

constexpr FindingKind fatalKinds[] = {
    FindingKind::OutOfBounds, FindingKind::Misaligned, FindingKind::Deadlock};

} // namespace

Machine::Machine(MachineOptions options, Findings::Listener listener)
    : settings(options), globalMemory(options.memoryBytes, options.checks),
      found(std::move(listener)) {
  // The shadow of global memory is not made for several writers.
  if (settings.checks || settings.workers == 0)
    settings.workers = 1;
  for (uint32_t i = 0; i < settings.workers; ++i)
    blocks.push_back(std::make_unique<Block>());
}

std::string Machine::problemOf(const Kernel &kernel, const Grid &grid) {
  auto outside = [](uint64_t value, uint64_t limit) {
    return value == 0 || value > limit;
  };
  uint64_t threads =
      uint64_t{grid.threads[0]} * grid.threads[1] * grid.threads[2];
  if (outside(grid.threads[0], 1024) || outside(grid.threads[1], 1024) ||
      outside(grid.threads[2], 64) || threads > 1024)
    return "expects 1 to 1024 threads in a block, got " +
           std::to_string(threads);
  if (outside(grid.blocks[0], 0x7fffffff) || outside(grid.blocks[1], 65535) ||
      outside(grid.blocks[2], 65535))
    return "expects a grid of 1 to 2^31 - 1, 65535 and 65535 blocks";
  uint64_t shared =
      uint64_t{kernel.staticSharedBytes} + grid.dynamicSharedBytes;
  if (shared > sharedLimit)
    return "expects at most " + std::to_string(sharedLimit) +
           " bytes of shared memory, got " + std::to_string(shared);
  return "";
}

std::vector<uint32_t> Machine::blockOrder(uint32_t count) {
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  if (settings.order == Order::Reverse)
    std::reverse(order.begin(), order.end());
  if (settings.order == Order::Shuffle) {
    std::mt19937_64 random(settings.seed + nextRun);
    std::shuffle(order.begin(), order.end(), random);
  }
  return order;
}

std::optional<FindingKind> Machine::launch(const Kernel &kernel,
                                           const Grid &grid,
                                           const void *const *arguments,
                                           std::span<const Extent> extents) {
  Launch launch;
  launch.kernel = &kernel;
  launch.grid = grid.blocks;
  launch.block = grid.threads;
  launch.sharedBytes = kernel.staticSharedBytes + grid.dynamicSharedBytes;
  launch.arguments = arguments;
  launch.order = settings.order;
  launch.seed = settings.seed;
  launch.findings = &found;
  launch.extents = extents;
  launch.memory = settings.checks ? &globalMemory : nullptr;
  auto count = static_cast<uint32_t>(launch.blockCount());
  launch.firstRun = nextRun;
  nextRun += count;

  uint64_t before[std::size(fatalKinds)];
  for (size_t i = 0; i < std::size(fatalKinds); ++i)
    before[i] = found.count(fatalKinds[i]);
  std::vector<uint32_t> order;
  if (settings.order != Order::Forward)
    order = blockOrder(count);
  std::atomic<uint32_t> next = 0;
  auto work = [&](Block &block) {
    for (uint32_t i; (i = next++) < count;)
      block.run(launch, order.empty() ? i : order[i], /*turn=*/i);
  };
  uint64_t worthwhile =
      uint64_t{count} * launch.threadCount() / worthAWorker + 1;
  uint64_t workers = std::min<uint64_t>({blocks.size(), count, worthwhile});
  std::vector<std::thread> helpers;
  for (uint64_t i = 1; i < workers; ++i)
    helpers.emplace_back(work, std::ref(*blocks[i]));
  work(*blocks[0]);
  for (std::thread &helper : helpers)
    helper.join();
  for (size_t i = 0; i < std::size(fatalKinds); ++i)
    if (found.count(fatalKinds[i]) != before[i])
      return fatalKinds[i];
  return std::nullopt;
}

} // namespace bcssl::simt
