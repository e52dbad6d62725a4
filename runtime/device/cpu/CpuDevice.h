//===- CpuDevice.h - programs on the CPU ------------------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_DEVICE_CPU_CPUDEVICE_H
#define BCSSL_RUNTIME_DEVICE_CPU_CPUDEVICE_H

#include "runtime/device/Device.h"
#include "runtime/device/cpu/ThreadPool.h"

namespace bcssl {

class CpuDevice final : public Device {
public:
  /// `threads` = 0 means as many as the process may run on. `target` restricts
  /// it to one kind of image ("cpu:x86-64-v3"); empty means the best.
  /// Errors: "no-device" where the CPU cannot run that target.
  static Result<std::unique_ptr<CpuDevice>> create(unsigned threads,
                                                   const std::string &target);

  std::string chip() const override;
  std::vector<std::string> targets() const override { return supported; }
  std::string description() const override;
  std::string compileTargets() const override { return {}; }
  std::optional<unsigned> rank(const std::string &target,
                               const std::string &format) const override;
  Result<std::optional<uint64_t>> freeBytes() override {
    return std::optional<uint64_t>();
  }
  Result<std::unique_ptr<DeviceMemory>>
  allocate(uint64_t bytes, const std::string &what) override;
  Result<std::unique_ptr<DeviceMemory>>
  allocatePorts(uint64_t bytes, const std::string &what) override {
    return allocate(bytes, what);
  }
  Result<std::unique_ptr<Staging>> stage(DeviceMemory &block,
                                         const std::string &what) override;
  std::unique_ptr<PinnedMemory> pin(std::span<const std::byte>) override {
    return nullptr;
  }
  Result<std::unique_ptr<DeviceModule>>
  load(std::span<const std::byte> image) override;
  Result<std::unique_ptr<CommandList>>
  prepare(std::vector<Command> commands) override;

private:
  CpuDevice(unsigned threads, std::vector<std::string> supported)
      : pool(threads), supported(std::move(supported)) {}

  ThreadPool pool;
  std::vector<std::string> supported;
};

/// The number of CPUs that this process may run on.
unsigned availableThreads();

} // namespace bcssl

#endif // BCSSL_RUNTIME_DEVICE_CPU_CPUDEVICE_H
