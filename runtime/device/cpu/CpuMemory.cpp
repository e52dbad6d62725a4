//===- CpuMemory.cpp - mmap, advice, residency ----------------------------===//

#include "runtime/device/cpu/CpuMemory.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

namespace bcssl {

static constexpr uint64_t hugePage = uint64_t{2} << 20;

/// From here on, rounding up to huge pages costs little of the block.
static constexpr uint64_t hugeFrom = 16 * hugePage;

static Error outOfMemory(const std::string &what, uint64_t bytes, int code) {
  return {ExitCode::NoResource,
          "out-of-memory",
          "cannot get " + std::to_string(bytes) + " bytes for " + what + ": " +
              std::strerror(code),
          {},
          {},
          "compile with a smaller batch or use a larger machine"};
}

Result<std::unique_ptr<DeviceMemory>> CpuMemory::map(uint64_t bytes,
                                                     const std::string &what) {
  if (bytes == 0)
    return std::unique_ptr<DeviceMemory>(new CpuMemory(nullptr, 0, nullptr, 0));
  if (bytes > uint64_t{1} << 46)
    return outOfMemory(what, bytes, ENOMEM);
  bool huge = bytes >= hugeFrom;
  uint64_t mapped = huge ? bytes + hugePage : bytes;
  void *mapping = mmap(nullptr, mapped, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED)
    return outOfMemory(what, bytes, errno);
  auto *start = static_cast<std::byte *>(mapping);
  if (huge) {
    auto at = reinterpret_cast<uintptr_t>(mapping);
    start += (hugePage - at % hugePage) % hugePage;
    // Advice only: without huge pages everything works, a little slower.
    (void)madvise(start, bytes, MADV_HUGEPAGE);
  }
  return std::unique_ptr<DeviceMemory>(
      new CpuMemory(static_cast<std::byte *>(mapping), mapped, start, bytes));
}

CpuMemory::~CpuMemory() {
  if (mapping)
    munmap(mapping, mapped);
}

Status CpuMemory::read(uint64_t offset, std::span<std::byte> to) {
  std::copy_n(start + offset, to.size(), to.data());
  return {};
}

Status CpuMemory::write(uint64_t offset, std::span<const std::byte> from) {
  std::ranges::copy(from, start + offset);
  return {};
}

uint64_t CpuMemory::residentBytes() const {
  auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  uint64_t total = 0;
  // A vector of one byte a page, a piece of the block at a time.
  unsigned char pages[4096];
  for (uint64_t at = 0; at < bytes; at += sizeof(pages) * page) {
    uint64_t length = std::min<uint64_t>(bytes - at, sizeof(pages) * page);
    if (mincore(start + at, length, pages) != 0)
      return total;
    uint64_t count = (length + page - 1) / page;
    for (uint64_t i = 0; i < count; ++i)
      total += (pages[i] & 1) ? page : 0;
  }
  return std::min(total, bytes);
}

} // namespace bcssl
