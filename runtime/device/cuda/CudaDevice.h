//===- CudaDevice.h - programs on an NVIDIA GPU -----------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_DEVICE_CUDA_CUDADEVICE_H
#define BCSSL_RUNTIME_DEVICE_CUDA_CUDADEVICE_H

#include "runtime/device/Device.h"
#include "runtime/device/cuda/CudaContext.h"

namespace bcssl::cuda {

/// A GPU of compute capability 8.0 or newer, by the driver alone. Images are
/// cubins, or PTX that the driver compiles: a cubin runs on chips of its major
/// version and of an equal or higher minor one, sm_90a on 9.0 only, PTX on all
/// that are as new as it is.
class CudaDevice final : public Device {
public:
  /// Opens GPU number `ordinal`. With `graph`, command lists are captured into
  /// graphs; `BCSSL_CUDA_GRAPH=off` in the environment says no too.
  /// Errors: those of CudaContext::open.
  static Result<std::unique_ptr<CudaDevice>> create(int ordinal, bool graph);

  std::string chip() const override;
  std::vector<std::string> targets() const override;
  std::string compileTargets() const override;
  std::optional<unsigned> rank(const std::string &target,
                               const std::string &format) const override;
  std::string description() const override;
  Result<std::optional<uint64_t>> freeBytes() override;
  Result<std::unique_ptr<DeviceMemory>>
  allocate(uint64_t bytes, const std::string &what) override;
  Result<std::unique_ptr<DeviceMemory>>
  allocatePorts(uint64_t bytes, const std::string &what) override;
  Result<std::unique_ptr<Staging>> stage(DeviceMemory &block,
                                         const std::string &what) override;
  std::unique_ptr<PinnedMemory> pin(std::span<const std::byte> memory) override;
  Result<std::unique_ptr<DeviceModule>>
  load(std::span<const std::byte> image) override;
  Result<std::unique_ptr<CommandList>>
  prepare(std::vector<Command> commands) override;

private:
  CudaDevice(std::unique_ptr<CudaContext> context, bool graph)
      : context(std::move(context)), graph(graph) {}

  std::unique_ptr<CudaContext> context;
  bool graph;
};

/// How well a chip of compute capability `major`.`minor` runs an image: 0 is
/// best, nothing where it cannot.
std::optional<unsigned> rankImage(int major, int minor,
                                  const std::string &target,
                                  const std::string &format);

} // namespace bcssl::cuda

#endif // BCSSL_RUNTIME_DEVICE_CUDA_CUDADEVICE_H
