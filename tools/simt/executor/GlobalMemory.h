//===- GlobalMemory.h - the device's memory ---------------------*- C++ -*-===//

#ifndef BCSSL_TOOLS_SIMT_EXECUTOR_GLOBALMEMORY_H
#define BCSSL_TOOLS_SIMT_EXECUTOR_GLOBALMEMORY_H

#include "tools/simt/executor/Shadow.h"

#include <map>
#include <memory>

namespace bcssl::simt {

/// One allocation. Pages that cannot be touched stand before and behind it.
struct Allocation {
  std::byte *base = nullptr;
  uint64_t bytes = 0;
  std::unique_ptr<Shadow> shadow; ///< null without checks

  bool contains(const void *address, uint64_t count) const {
    auto offset =
        static_cast<uint64_t>(static_cast<const std::byte *>(address) - base);
    return offset <= bytes && count <= bytes - offset;
  }
};

/// Allocations of device memory. With checks, new bytes hold 0xff (a NaN in
/// every float type) and count as not written.
class GlobalMemory {
public:
  GlobalMemory(uint64_t capacity, bool checks)
      : capacity(capacity), checks(checks) {}
  GlobalMemory(const GlobalMemory &) = delete;
  GlobalMemory &operator=(const GlobalMemory &) = delete;
  ~GlobalMemory();

  /// So many bytes, aligned to 4096; null where the capacity is used up.
  void *allocate(uint64_t bytes);
  /// False where no allocation starts there.
  bool release(void *base);
  /// The allocation that holds all of [address, address + bytes), or null.
  Allocation *find(const void *address, uint64_t bytes);

  uint64_t total() const { return capacity; }
  uint64_t available() const { return capacity - used; }
  size_t allocationCount() const { return allocations.size(); }

  /// What the host does to device memory; the range is checked by the caller.
  void noteWritten(const void *address, uint64_t bytes);
  void noteCopied(const void *to, const void *from, uint64_t bytes);

private:
  uint64_t capacity, used = 0;
  bool checks;
  std::map<const std::byte *, Allocation> allocations; ///< by their base
};

} // namespace bcssl::simt

#endif // BCSSL_TOOLS_SIMT_EXECUTOR_GLOBALMEMORY_H
