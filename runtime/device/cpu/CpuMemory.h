//===- CpuMemory.h - mapped memory ------------------------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_DEVICE_CPU_CPUMEMORY_H
#define BCSSL_RUNTIME_DEVICE_CPU_CPUMEMORY_H

#include "runtime/device/Device.h"

namespace bcssl {

/// Anonymous pages: zero, and without physical memory until touched. Blocks of
/// several huge pages ask for them.
class CpuMemory final : public DeviceMemory {
public:
  /// Errors: "out-of-memory", naming `what`.
  static Result<std::unique_ptr<DeviceMemory>> map(uint64_t bytes,
                                                   const std::string &what);
  ~CpuMemory() override;

  std::byte *address() override { return start; }
  std::byte *host() override { return start; }
  uint64_t size() const override { return bytes; }
  Status read(uint64_t offset, std::span<std::byte> to) override;
  Status write(uint64_t offset, std::span<const std::byte> from) override;
  Status startWrite(uint64_t offset, std::span<const std::byte> from) override {
    return write(offset, from);
  }
  uint64_t residentBytes() const override;

private:
  CpuMemory(std::byte *mapping, uint64_t mapped, std::byte *start,
            uint64_t bytes)
      : mapping(mapping), mapped(mapped), start(start), bytes(bytes) {}

  std::byte *mapping; ///< null for an empty block
  uint64_t mapped;
  std::byte *start;
  uint64_t bytes;
};

/// Fills the block itself: lists of a CPU are done when they have started, so
/// nobody reads what came before.
class CpuStaging final : public Staging {
public:
  explicit CpuStaging(DeviceMemory &block) : block(block) {}
  Status write(uint64_t offset, std::span<const std::byte> from) override {
    return block.write(offset, from);
  }
  Status deliver() override { return {}; }
  Status release() override { return {}; }

private:
  DeviceMemory &block;
};

} // namespace bcssl

#endif // BCSSL_RUNTIME_DEVICE_CPU_CPUMEMORY_H
