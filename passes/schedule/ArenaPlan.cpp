//===- ArenaPlan.cpp - offsets in one arena -------------------------------===//

#include "passes/schedule/ArenaPlan.h"

#include <algorithm>
#include <numeric>

namespace bcssl {

static constexpr int64_t alignment = 64;

int64_t alignedBytes(int64_t bytes) {
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
      offset = std::max(offset, alignedBytes(other->offset + other->bytes));
    }
    buffer.offset = offset;
    size = std::max(size, alignedBytes(offset + buffer.bytes));
    auto position =
        std::upper_bound(placed.begin(), placed.end(), &buffer,
                         [](const ArenaBuffer *a, const ArenaBuffer *b) {
                           return a->offset < b->offset;
                         });
    placed.insert(position, &buffer);
  }
  return size;
}

} // namespace bcssl
