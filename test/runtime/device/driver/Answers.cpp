//===- Answers.cpp - a driver without a device ----------------------------===//
//
// What the runtime says to drivers and devices that it cannot use is tested
// with a library that answers as its variables say:
//
//   BCSSL_TEST_DRIVER_VERSION     of CUDA, 13000
//   BCSSL_TEST_DRIVER_CAPABILITY  ten times the compute capability, 90
//   BCSSL_TEST_DRIVER_LOAD        the result of loading an image, 0
//
// Rest.cpp has the entry points that do nothing.
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cuda/CudaTypes.h"

#include <cstdlib>
#include <cstring>

using namespace bcssl::cuda;

static int number(const char *name, int otherwise) {
  const char *text = std::getenv(name);
  return text ? std::atoi(text) : otherwise;
}

extern "C" {

CUresult cuDriverGetVersion(int *version) {
  *version = number("BCSSL_TEST_DRIVER_VERSION", 13000);
  return CUDA_SUCCESS;
}

CUresult cuGetErrorName(CUresult error, const char **name) {
  switch (error) {
  case CUDA_ERROR_INVALID_IMAGE:
    *name = "CUDA_ERROR_INVALID_IMAGE";
    return CUDA_SUCCESS;
  case CUDA_ERROR_NO_BINARY_FOR_GPU:
    *name = "CUDA_ERROR_NO_BINARY_FOR_GPU";
    return CUDA_SUCCESS;
  case CUDA_ERROR_UNSUPPORTED_PTX_VERSION:
    *name = "CUDA_ERROR_UNSUPPORTED_PTX_VERSION";
    return CUDA_SUCCESS;
  default:
    return CUDA_ERROR_INVALID_VALUE;
  }
}

CUresult cuGetErrorString(CUresult, const char **text) {
  *text = "refused";
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetCount(int *count) {
  *count = 1;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetName(char *name, int size, CUdevice) {
  std::strncpy(name, "GPU of a test", static_cast<size_t>(size));
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute,
                              CUdevice) {
  int capability = number("BCSSL_TEST_DRIVER_CAPABILITY", 90);
  if (attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
    *value = capability / 10;
  if (attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)
    *value = capability % 10;
  return CUDA_SUCCESS;
}

// The log of its compiler is the first value that the runtime gives.
CUresult cuModuleLoadDataEx(CUmodule *, const void *, unsigned, CUjit_option *,
                            void **values) {
  std::strcpy(static_cast<char *>(values[0]), "because of\nthe test\n");
  return static_cast<CUresult>(number("BCSSL_TEST_DRIVER_LOAD", CUDA_SUCCESS));
}

} // extern "C"
