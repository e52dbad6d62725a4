//===- Device.cpp - entry points of devices and contexts ------------------===//

#include "tools/simt/driver/Driver.h"

#include <cstdio>

using namespace bcssl::simt;

static Context *contextOf(Driver &driver) { return &driver.context; }

BCSSL_SIMT_EXPORT CUresult cuInit(unsigned flags) {
  return enterAnytime("cuInit", [&](Driver &driver) {
    driver.isInitialized = true;
    return flags == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  });
}

BCSSL_SIMT_EXPORT CUresult cuDriverGetVersion(int *version) {
  return enterAnytime("cuDriverGetVersion", [&](Driver &driver) {
    *version = driver.identity.version;
    return CUDA_SUCCESS;
  });
}

BCSSL_SIMT_EXPORT CUresult cuGetErrorName(CUresult error, const char **name) {
  return enterAnytime("cuGetErrorName", [&](Driver &) {
    switch (error) {
#define BCSSL_SIMT_NAME(value, number, text)                                   \
  case value:                                                                  \
    *name = #value;                                                            \
    return CUDA_SUCCESS;
      BCSSL_SIMT_RESULTS(BCSSL_SIMT_NAME)
#undef BCSSL_SIMT_NAME
    }
    *name = nullptr;
    return CUDA_ERROR_INVALID_VALUE;
  });
}

BCSSL_SIMT_EXPORT CUresult cuGetErrorString(CUresult error,
                                            const char **words) {
  return enterAnytime("cuGetErrorString", [&](Driver &) {
    switch (error) {
#define BCSSL_SIMT_TEXT(value, number, text)                                   \
  case value:                                                                  \
    *words = text;                                                             \
    return CUDA_SUCCESS;
      BCSSL_SIMT_RESULTS(BCSSL_SIMT_TEXT)
#undef BCSSL_SIMT_TEXT
    }
    *words = nullptr;
    return CUDA_ERROR_INVALID_VALUE;
  });
}

BCSSL_SIMT_EXPORT CUresult cuDeviceGetCount(int *count) {
  return enter("cuDeviceGetCount", [&](Driver &) {
    *count = 1;
    return CUDA_SUCCESS;
  });
}

BCSSL_SIMT_EXPORT CUresult cuDeviceGet(CUdevice *device, int ordinal) {
  return enter("cuDeviceGet", [&](Driver &) {
    *device = 0;
    return ordinal == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
  });
}

BCSSL_SIMT_EXPORT CUresult cuDeviceGetName(char *name, int size,
                                           CUdevice device) {
  return enter("cuDeviceGetName", [&](Driver &) {
    if (device != 0 || size < 1)
      return CUDA_ERROR_INVALID_VALUE;
    std::snprintf(name, static_cast<size_t>(size), "simt on the CPU");
    return CUDA_SUCCESS;
  });
}

BCSSL_SIMT_EXPORT CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device) {
  return enter("cuDeviceTotalMem_v2", [&](Driver &driver) {
    *bytes = driver.machine.memory().total();
    return device == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
  });
}

/// What an H100 says, so that grids are as there; the compute capability may be
/// another one.
static CUresult attributeOf(const Identity &identity,
                            CUdevice_attribute attribute, int &value) {
  switch (attribute) {
  case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
    value = 1024;
    return CUDA_SUCCESS;
  case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK:
    value = 48 << 10;
    return CUDA_SUCCESS;
  case CU_DEVICE_ATTRIBUTE_WARP_SIZE:
    value = 32;
    return CUDA_SUCCESS;
  case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK:
    value = 65536;
    return CUDA_SUCCESS;
  case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
    value = 132;
    return CUDA_SUCCESS;
  case CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE:
    value = 50 << 20;
    return CUDA_SUCCESS;
  case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR:
    value = 2048;
    return CUDA_SUCCESS;
  case CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING:
    value = 1;
    return CUDA_SUCCESS;
  case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
    value = identity.major;
    return CUDA_SUCCESS;
  case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
    value = identity.minor;
    return CUDA_SUCCESS;
  case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR:
    value = 228 << 10;
    return CUDA_SUCCESS;
  case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
    value = 227 << 10;
    return CUDA_SUCCESS;
  }
  return CUDA_ERROR_INVALID_VALUE;
}

BCSSL_SIMT_EXPORT CUresult cuDeviceGetAttribute(int *value,
                                                CUdevice_attribute attribute,
                                                CUdevice device) {
  return enter("cuDeviceGetAttribute", [&](Driver &driver) {
    return device == 0 ? attributeOf(driver.identity, attribute, *value)
                       : CUDA_ERROR_INVALID_DEVICE;
  });
}

BCSSL_SIMT_EXPORT CUresult cuDevicePrimaryCtxRetain(Context **context,
                                                    CUdevice device) {
  return enter("cuDevicePrimaryCtxRetain", [&](Driver &driver) {
    if (device != 0)
      return CUDA_ERROR_INVALID_DEVICE;
    ++driver.retained;
    *context = contextOf(driver);
    return CUDA_SUCCESS;
  });
}

BCSSL_SIMT_EXPORT CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  return enter("cuDevicePrimaryCtxRelease_v2", [&](Driver &driver) {
    if (device != 0 || driver.retained == 0)
      return CUDA_ERROR_INVALID_CONTEXT;
    --driver.retained;
    return CUDA_SUCCESS;
  });
}

BCSSL_SIMT_EXPORT CUresult cuCtxSetCurrent(Context *context) {
  return enter("cuCtxSetCurrent", [&](Driver &driver) {
    if (context && context != contextOf(driver))
      return CUDA_ERROR_INVALID_CONTEXT;
    driver.currentContext = context;
    return CUDA_SUCCESS;
  });
}

BCSSL_SIMT_EXPORT CUresult cuCtxGetCurrent(Context **context) {
  return enter("cuCtxGetCurrent", [&](Driver &driver) {
    *context = driver.currentContext;
    return CUDA_SUCCESS;
  });
}

BCSSL_SIMT_EXPORT CUresult cuCtxSynchronize() {
  return enter("cuCtxSynchronize",
               [](Driver &driver) { return driver.drainAll(); });
}
