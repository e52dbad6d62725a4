//===- CudaContext.h - one opened GPU ---------------------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_DEVICE_CUDA_CUDACONTEXT_H
#define BCSSL_RUNTIME_DEVICE_CUDA_CUDACONTEXT_H

#include "runtime/device/cuda/CudaDriver.h"

#include <memory>
#include <string>

namespace bcssl::cuda {

/// A GPU's primary context with two streams: one on which all work runs in
/// order, and one that brings bytes to staging memory meanwhile. Memory,
/// modules and command lists refer to it, so it outlives them.
class CudaContext {
public:
  /// Errors (NoDevice): those of CudaDriver::get, "no-device" where there are
  /// fewer GPUs than `ordinal` + 1.
  static Result<std::unique_ptr<CudaContext>> open(int ordinal);
  ~CudaContext();

  /// Makes the context that of the calling thread.
  Status activate() const;
  /// Waits until all work on the stream is done.
  Status synchronize() const;

  /// An error unless `result` is success. `call` names the function and
  /// `detail` what it was called for.
  Status check(CUresult result, const char *call,
               const std::string &detail = {}) const;

  /// "cuda:0 (NVIDIA H100)".
  std::string label() const;

  const CudaDriver &driver;
  CUstream stream = nullptr;
  CUstream uploads = nullptr;
  int ordinal;
  std::string name;
  int major = 0, minor = 0; ///< compute capability
  int multiprocessors = 0;

private:
  CudaContext(const CudaDriver &driver, int ordinal)
      : driver(driver), ordinal(ordinal) {}
  Status start();

  CUdevice device = 0;
  CUcontext context = nullptr;
};

} // namespace bcssl::cuda

#endif // BCSSL_RUNTIME_DEVICE_CUDA_CUDACONTEXT_H
