//===- CudaStaging.h - uploads beside running lists -------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_DEVICE_CUDA_CUDASTAGING_H
#define BCSSL_RUNTIME_DEVICE_CUDA_CUDASTAGING_H

#include "runtime/device/Device.h"
#include "runtime/device/cuda/CudaContext.h"

namespace bcssl::cuda {

/// A block as large as the one that it serves. The stream of uploads fills it
/// and waits for the last delivery; a delivery is a copy on the stream of
/// lists, which waits for the uploads. Both wait on the device, by events.
class CudaStaging final : public Staging {
public:
  /// Errors: those of CudaMemory::allocate.
  static Result<std::unique_ptr<Staging>>
  create(CudaContext &context, DeviceMemory &block, const std::string &what);
  ~CudaStaging() override;

  Status write(uint64_t offset, std::span<const std::byte> from) override;
  Status deliver() override;
  Status release() override;

private:
  CudaStaging(CudaContext &context, DeviceMemory &block)
      : context(context), block(block) {}

  struct Part {
    uint64_t offset, bytes;
  };

  CudaContext &context;
  DeviceMemory &block;
  std::unique_ptr<DeviceMemory> staged;
  std::vector<Part> parts;    ///< written and not yet delivered
  CUevent uploaded = nullptr; ///< behind the last upload
  CUevent taken = nullptr;    ///< behind the last delivery
};

} // namespace bcssl::cuda

#endif // BCSSL_RUNTIME_DEVICE_CUDA_CUDASTAGING_H
