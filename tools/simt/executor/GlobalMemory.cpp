//===- GlobalMemory.cpp - the device's memory -----------------------------===//

#include "tools/simt/executor/GlobalMemory.h"

#include <sys/mman.h>

#include <cstring>

namespace bcssl::simt {
namespace {

// What runs off an allocation by less than this hits no other one.
constexpr uint64_t redZone = 64 << 10;

uint64_t mappedBytes(uint64_t bytes) {
  return (bytes + 4095) / 4096 * 4096 + 2 * redZone;
}

} // namespace

GlobalMemory::~GlobalMemory() {
  for (auto &[base, allocation] : allocations)
    munmap(allocation.base - redZone, mappedBytes(allocation.bytes));
}

void *GlobalMemory::allocate(uint64_t bytes) {
  if (bytes > available())
    return nullptr;
  uint64_t mapped = mappedBytes(bytes);
  void *pages = mmap(nullptr, mapped, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED)
    return nullptr;
  std::byte *base = static_cast<std::byte *>(pages) + redZone;
  if (mprotect(base, mapped - 2 * redZone, PROT_READ | PROT_WRITE) != 0) {
    munmap(pages, mapped);
    return nullptr;
  }
  Allocation allocation{base, bytes, nullptr};
  if (checks) {
    std::memset(base, 0xff, bytes);
    allocation.shadow = std::make_unique<Shadow>(bytes);
  }
  allocations.emplace(base, std::move(allocation));
  used += bytes;
  return base;
}

bool GlobalMemory::release(void *base) {
  auto place = allocations.find(static_cast<std::byte *>(base));
  if (place == allocations.end())
    return false;
  used -= place->second.bytes;
  munmap(place->second.base - redZone, mappedBytes(place->second.bytes));
  allocations.erase(place);
  return true;
}

Allocation *GlobalMemory::find(const void *address, uint64_t bytes) {
  auto place = allocations.upper_bound(static_cast<const std::byte *>(address));
  if (place == allocations.begin())
    return nullptr;
  Allocation &allocation = std::prev(place)->second;
  return allocation.contains(address, bytes) ? &allocation : nullptr;
}

void GlobalMemory::noteWritten(const void *address, uint64_t bytes) {
  Allocation *at = find(address, bytes);
  if (at && at->shadow)
    at->shadow->markWritten(static_cast<const std::byte *>(address) - at->base,
                            bytes);
}

void GlobalMemory::noteCopied(const void *to, const void *from,
                              uint64_t bytes) {
  Allocation *target = find(to, bytes), *source = find(from, bytes);
  if (target && source && target->shadow && source->shadow)
    target->shadow->copyMarks(
        static_cast<const std::byte *>(to) - target->base, *source->shadow,
        static_cast<const std::byte *>(from) - source->base, bytes);
}

} // namespace bcssl::simt
