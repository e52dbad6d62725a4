//===- CudaDriver.h - NVIDIA's driver, found while running ------*- C++ -*-===//
//
// A table of the driver's functions. The library is opened by name, so that one
// build serves machines with and without a GPU, and `BCSSL_CUDA_DRIVER` may
// name another library with the same functions.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_DEVICE_CUDA_CUDADRIVER_H
#define BCSSL_RUNTIME_DEVICE_CUDA_CUDADRIVER_H

#include "runtime/base/Status.h"
#include "runtime/device/cuda/CudaTypes.h"

namespace bcssl::cuda {

/// The functions: member of the table, symbol of the library, parameters. Where
/// cuda.h maps a name to a newer version, the symbol has its suffix.
#define BCSSL_CUDA_FUNCTIONS(X)                                                \
  X(cuInit, cuInit, (unsigned flags))                                          \
  X(cuDriverGetVersion, cuDriverGetVersion, (int *version))                    \
  X(cuGetErrorName, cuGetErrorName, (CUresult error, const char **name))       \
  X(cuGetErrorString, cuGetErrorString, (CUresult error, const char **text))   \
  X(cuDeviceGetCount, cuDeviceGetCount, (int *count))                          \
  X(cuDeviceGet, cuDeviceGet, (CUdevice * device, int ordinal))                \
  X(cuDeviceGetName, cuDeviceGetName, (char *name, int size, CUdevice device)) \
  X(cuDeviceGetAttribute, cuDeviceGetAttribute,                                \
    (int *value, CUdevice_attribute attribute, CUdevice device))               \
  X(cuDevicePrimaryCtxRetain, cuDevicePrimaryCtxRetain,                        \
    (CUcontext * context, CUdevice device))                                    \
  X(cuDevicePrimaryCtxRelease, cuDevicePrimaryCtxRelease_v2,                   \
    (CUdevice device))                                                         \
  X(cuCtxSetCurrent, cuCtxSetCurrent, (CUcontext context))                     \
  X(cuMemGetInfo, cuMemGetInfo_v2, (size_t *free, size_t *total))              \
  X(cuMemAlloc, cuMemAlloc_v2, (CUdeviceptr * pointer, size_t bytes))          \
  X(cuMemFree, cuMemFree_v2, (CUdeviceptr pointer))                            \
  X(cuMemHostAlloc, cuMemHostAlloc,                                            \
    (void **pointer, size_t bytes, unsigned flags))                            \
  X(cuMemFreeHost, cuMemFreeHost, (void *pointer))                             \
  X(cuMemcpyHtoDAsync, cuMemcpyHtoDAsync_v2,                                   \
    (CUdeviceptr to, const void *from, size_t bytes, CUstream stream))         \
  X(cuMemcpyDtoHAsync, cuMemcpyDtoHAsync_v2,                                   \
    (void *to, CUdeviceptr from, size_t bytes, CUstream stream))               \
  X(cuMemcpyDtoDAsync, cuMemcpyDtoDAsync_v2,                                   \
    (CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream))         \
  X(cuMemsetD8Async, cuMemsetD8Async,                                          \
    (CUdeviceptr at, unsigned char value, size_t bytes, CUstream stream))      \
  X(cuModuleLoadDataEx, cuModuleLoadDataEx,                                    \
    (CUmodule * module, const void *image, unsigned options,                   \
     CUjit_option *names, void **values))                                      \
  X(cuModuleUnload, cuModuleUnload, (CUmodule module))                         \
  X(cuModuleGetFunction, cuModuleGetFunction,                                  \
    (CUfunction * function, CUmodule module, const char *name))                \
  X(cuFuncSetAttribute, cuFuncSetAttribute,                                    \
    (CUfunction function, CUfunction_attribute attribute, int value))          \
  X(cuLaunchKernel, cuLaunchKernel,                                            \
    (CUfunction function, unsigned gridX, unsigned gridY, unsigned gridZ,      \
     unsigned blockX, unsigned blockY, unsigned blockZ, unsigned sharedBytes,  \
     CUstream stream, void **parameters, void **extra))                        \
  X(cuTensorMapEncodeTiled, cuTensorMapEncodeTiled,                            \
    (CUtensorMap * map, CUtensorMapDataType type, uint32_t rank,               \
     void *address, const uint64_t *sizes, const uint64_t *strides,            \
     const uint32_t *box, const uint32_t *elementStrides,                      \
     CUtensorMapInterleave interleave, CUtensorMapSwizzle swizzle,             \
     CUtensorMapL2promotion promotion, CUtensorMapFloatOOBfill fill))          \
  X(cuStreamCreate, cuStreamCreate, (CUstream * stream, unsigned flags))       \
  X(cuStreamDestroy, cuStreamDestroy_v2, (CUstream stream))                    \
  X(cuStreamSynchronize, cuStreamSynchronize, (CUstream stream))               \
  X(cuStreamWaitEvent, cuStreamWaitEvent,                                      \
    (CUstream stream, CUevent event, unsigned flags))                          \
  X(cuStreamBeginCapture, cuStreamBeginCapture_v2,                             \
    (CUstream stream, CUstreamCaptureMode mode))                               \
  X(cuStreamEndCapture, cuStreamEndCapture,                                    \
    (CUstream stream, CUgraph * graph))                                        \
  X(cuGraphInstantiate, cuGraphInstantiateWithFlags,                           \
    (CUgraphExec * exec, CUgraph graph, unsigned long long flags))             \
  X(cuGraphLaunch, cuGraphLaunch, (CUgraphExec exec, CUstream stream))         \
  X(cuGraphExecDestroy, cuGraphExecDestroy, (CUgraphExec exec))                \
  X(cuGraphDestroy, cuGraphDestroy, (CUgraph graph))                           \
  X(cuEventCreate, cuEventCreate, (CUevent * event, unsigned flags))           \
  X(cuEventDestroy, cuEventDestroy_v2, (CUevent event))                        \
  X(cuEventRecord, cuEventRecord, (CUevent event, CUstream stream))            \
  X(cuEventSynchronize, cuEventSynchronize, (CUevent event))                   \
  X(cuEventElapsedTime, cuEventElapsedTime,                                    \
    (float *milliseconds, CUevent start, CUevent end))

/// Functions that only make things faster: a driver may lack them.
#define BCSSL_CUDA_OPTIONAL_FUNCTIONS(X)                                       \
  X(cuMemHostRegister, cuMemHostRegister_v2,                                   \
    (void *pointer, size_t bytes, unsigned flags))                             \
  X(cuMemHostUnregister, cuMemHostUnregister, (void *pointer))

/// The opened library; it stays open until the process ends.
struct CudaDriver {
#define BCSSL_CUDA_MEMBER(name, symbol, parameters)                            \
  CUresult(*name) parameters = nullptr;
  BCSSL_CUDA_FUNCTIONS(BCSSL_CUDA_MEMBER)
  BCSSL_CUDA_OPTIONAL_FUNCTIONS(BCSSL_CUDA_MEMBER)
#undef BCSSL_CUDA_MEMBER

  int version = 0; ///< 1000 * major + 10 * minor
  /// Whether it runs kernels on the CPU (tools/simt): its images are LLVM's.
  bool simulated = false;
  /// Tells such a driver how many bytes behind each pointer the next launch may
  /// touch; null elsewhere.
  void (*boundArguments)(const uint64_t *bytes, unsigned count) = nullptr;

  /// Opens `BCSSL_CUDA_DRIVER` or libcuda.so.1 and initialises it, once a
  /// process. Errors (NoDevice): "no-device" where there is no such library or
  /// no GPU; "driver-version" where it is older than CUDA 12.0 or lacks a
  /// function.
  static Result<const CudaDriver *> get();

  /// "CUDA_ERROR_OUT_OF_MEMORY: out of memory".
  std::string textOf(CUresult result) const;
};

/// Whether nothing works in the process's context any more after this result.
bool losesDevice(CUresult result);

} // namespace bcssl::cuda

#endif // BCSSL_RUNTIME_DEVICE_CUDA_CUDADRIVER_H
