//===- CudaMemory.h - memory of a GPU ---------------------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_DEVICE_CUDA_CUDAMEMORY_H
#define BCSSL_RUNTIME_DEVICE_CUDA_CUDAMEMORY_H

#include "runtime/device/Device.h"
#include "runtime/device/cuda/CudaContext.h"

namespace bcssl::cuda {

/// A block of device memory, with or without a page-locked mirror on the host.
class CudaMemory final : public DeviceMemory {
public:
  /// Errors: "out-of-memory", naming `what` and the bytes that are free.
  static Result<std::unique_ptr<DeviceMemory>> allocate(CudaContext &context,
                                                        uint64_t bytes,
                                                        const std::string &what,
                                                        bool withMirror);
  ~CudaMemory() override;

  std::byte *address() override;
  std::byte *host() override { return mirror; }
  uint64_t size() const override { return bytes; }
  Status read(uint64_t offset, std::span<std::byte> to) override;
  Status write(uint64_t offset, std::span<const std::byte> from) override;
  Status startWrite(uint64_t offset, std::span<const std::byte> from) override;
  uint64_t residentBytes() const override { return bytes; }

private:
  explicit CudaMemory(CudaContext &context) : context(context) {}

  CudaContext &context;
  CUdeviceptr pointer = 0;
  std::byte *mirror = nullptr;
  uint64_t bytes = 0;
};

/// Page-locks memory of others; null where the driver does not.
std::unique_ptr<PinnedMemory> pinMemory(CudaContext &context,
                                        std::span<const std::byte> memory);

} // namespace bcssl::cuda

#endif // BCSSL_RUNTIME_DEVICE_CUDA_CUDAMEMORY_H
