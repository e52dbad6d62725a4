//===- CudaTypesTest.cpp - our types against cuda.h -----------------------===//

#if __has_include(<cuda.h>)
#include <cuda.h>
// Behind cuda.h, which maps names of functions to newer versions by macros: so
// both sides bear the same names.
#include "runtime/device/cuda/CudaDriver.h"

#include <type_traits>

namespace ours = bcssl::cuda;

static_assert(std::is_same_v<ours::CUdevice, ::CUdevice>);
static_assert(std::is_same_v<ours::CUdeviceptr, ::CUdeviceptr>);
static_assert(sizeof(ours::CUresult) == sizeof(::CUresult));
static_assert(sizeof(ours::CUjit_option) == sizeof(::CUjit_option));
static_assert(sizeof(ours::CUfunction) == sizeof(::CUfunction));
static_assert(sizeof(ours::CUtensorMap) == sizeof(::CUtensorMap));
static_assert(alignof(ours::CUtensorMap) >= alignof(::CUtensorMap));

#define BCSSL_SAME(name)                                                       \
  static_assert(static_cast<long long>(ours::name) ==                          \
                static_cast<long long>(::name))

BCSSL_SAME(CUDA_SUCCESS);
BCSSL_SAME(CUDA_ERROR_INVALID_VALUE);
BCSSL_SAME(CUDA_ERROR_OUT_OF_MEMORY);
BCSSL_SAME(CUDA_ERROR_NO_DEVICE);
BCSSL_SAME(CUDA_ERROR_INVALID_DEVICE);
BCSSL_SAME(CUDA_ERROR_INVALID_IMAGE);
BCSSL_SAME(CUDA_ERROR_NO_BINARY_FOR_GPU);
BCSSL_SAME(CUDA_ERROR_ECC_UNCORRECTABLE);
BCSSL_SAME(CUDA_ERROR_INVALID_PTX);
BCSSL_SAME(CUDA_ERROR_NVLINK_UNCORRECTABLE);
BCSSL_SAME(CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
BCSSL_SAME(CUDA_ERROR_NOT_FOUND);
BCSSL_SAME(CUDA_ERROR_ILLEGAL_ADDRESS);
BCSSL_SAME(CUDA_ERROR_LAUNCH_TIMEOUT);
BCSSL_SAME(CUDA_ERROR_CONTEXT_IS_DESTROYED);
BCSSL_SAME(CUDA_ERROR_ASSERT);
BCSSL_SAME(CUDA_ERROR_HARDWARE_STACK_ERROR);
BCSSL_SAME(CUDA_ERROR_ILLEGAL_INSTRUCTION);
BCSSL_SAME(CUDA_ERROR_MISALIGNED_ADDRESS);
BCSSL_SAME(CUDA_ERROR_INVALID_ADDRESS_SPACE);
BCSSL_SAME(CUDA_ERROR_INVALID_PC);
BCSSL_SAME(CUDA_ERROR_LAUNCH_FAILED);
BCSSL_SAME(CUDA_ERROR_EXTERNAL_DEVICE);
#if CUDA_VERSION >= 13000 // older headers may lack them
BCSSL_SAME(CUDA_ERROR_CONTAINED);
BCSSL_SAME(CUDA_ERROR_TENSOR_MEMORY_LEAK);
#endif
BCSSL_SAME(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
BCSSL_SAME(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
BCSSL_SAME(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
BCSSL_SAME(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
BCSSL_SAME(CU_JIT_ERROR_LOG_BUFFER);
BCSSL_SAME(CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES);
BCSSL_SAME(CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
BCSSL_SAME(CU_STREAM_NON_BLOCKING);
BCSSL_SAME(CU_TENSOR_MAP_DATA_TYPE_UINT8);
BCSSL_SAME(CU_TENSOR_MAP_DATA_TYPE_UINT16);
BCSSL_SAME(CU_TENSOR_MAP_DATA_TYPE_UINT32);
BCSSL_SAME(CU_TENSOR_MAP_DATA_TYPE_UINT64);
BCSSL_SAME(CU_TENSOR_MAP_INTERLEAVE_NONE);
BCSSL_SAME(CU_TENSOR_MAP_SWIZZLE_NONE);
BCSSL_SAME(CU_TENSOR_MAP_SWIZZLE_32B);
BCSSL_SAME(CU_TENSOR_MAP_SWIZZLE_64B);
BCSSL_SAME(CU_TENSOR_MAP_SWIZZLE_128B);
BCSSL_SAME(CU_TENSOR_MAP_L2_PROMOTION_L2_128B);
BCSSL_SAME(CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
BCSSL_SAME(CU_EVENT_DEFAULT);
BCSSL_SAME(CU_EVENT_DISABLE_TIMING);

/// Whether two functions take parameters of the same number and sizes.
template <typename A, typename B> struct HaveSameShape;
template <typename R, typename... A, typename S, typename... B>
struct HaveSameShape<R (*)(A...), S (*)(B...)> {
  static constexpr bool check() {
    if constexpr (sizeof...(A) == sizeof...(B))
      return ((sizeof(A) == sizeof(B)) && ...);
    return false;
  }
};

#define BCSSL_SAME_SHAPE(name, symbol, parameters)                             \
  static_assert(HaveSameShape<decltype(ours::CudaDriver::name),                \
                              decltype(&::symbol)>::check());
BCSSL_CUDA_FUNCTIONS(BCSSL_SAME_SHAPE)
BCSSL_CUDA_OPTIONAL_FUNCTIONS(BCSSL_SAME_SHAPE)
#endif
