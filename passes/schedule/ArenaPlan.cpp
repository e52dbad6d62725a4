//===- ArenaPlan.cpp - offsets in one arena -------------------------------===//

#include "passes/schedule/ArenaPlan.h"

#include <algorithm>
#include <numeric>

namespace bcssl {

static constexpr int64_t alignment = 64;

static int64_t aligned(int64_t bytes) {
  return (bytes + alignment - 1) / alignment * alignment;
}

static bool liveTogether(const ArenaBuffer &a, const ArenaBuffer &b) {
  return a.first <= b.last && b.first <= a.last;
}

int64_t planArena(std::vector<ArenaBuffer> &buffers) {
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return buffers[a].bytes > buffers[b].bytes;
  });
  int64_t size = 0;
  std::vector<const ArenaBuffer *> placed; // sorted by offset
  for (size_t number : order) {
    ArenaBuffer &buffer = buffers[number];
    int64_t offset = 0;
    for (const ArenaBuffer *other : placed) {
      if (!liveTogether(buffer, *other))
        continue;
      if (offset + buffer.bytes <= other->offset)
        break;
      offset = std::max(offset, aligned(other->offset + other->bytes));
    }
    buffer.offset = offset;
    size = std::max(size, aligned(offset + buffer.bytes));
    auto position =
        std::upper_bound(placed.begin(), placed.end(), &buffer,
                         [](const ArenaBuffer *a, const ArenaBuffer *b) {
                           return a->offset < b->offset;
                         });
    placed.insert(position, &buffer);
  }
  return size;
}

std::optional<std::pair<size_t, size_t>>
findOverlap(const std::vector<ArenaBuffer> &buffers) {
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return buffers[a].first < buffers[b].first;
  });
  for (size_t i = 0; i < order.size(); ++i)
    for (size_t j = i + 1; j < order.size(); ++j) {
      const ArenaBuffer &a = buffers[order[i]], &b = buffers[order[j]];
      if (b.first > a.last)
        break;
      if (a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes)
        return std::pair{order[i], order[j]};
    }
  return std::nullopt;
}

} // namespace bcssl
