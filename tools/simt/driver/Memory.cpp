//===- Memory.cpp - entry points of memory --------------------------------===//

#include "tools/simt/driver/Driver.h"

#include <cstdlib>
#include <cstring>

using namespace bcssl::simt;

static void *pointerTo(CUdeviceptr address) {
  return reinterpret_cast<void *>(address);
}

BCSSL_SIMT_EXPORT CUresult cuMemGetInfo_v2(size_t *available, size_t *total) {
  return enter("cuMemGetInfo_v2", [&](Driver &driver) {
    *available = driver.machine.memory().available();
    *total = driver.machine.memory().total();
    return CUDA_SUCCESS;
  });
}

BCSSL_SIMT_EXPORT CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes) {
  return enter("cuMemAlloc_v2", [&](Driver &driver) {
    if (bytes == 0)
      return CUDA_ERROR_INVALID_VALUE;
    void *memory = driver.machine.memory().allocate(bytes);
    *address = reinterpret_cast<CUdeviceptr>(memory);
    return memory ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
  });
}

BCSSL_SIMT_EXPORT CUresult cuMemFree_v2(CUdeviceptr address) {
  return enter("cuMemFree_v2", [&](Driver &driver) {
    if (CUresult result = driver.drainAll(); result != CUDA_SUCCESS)
      return result;
    return driver.machine.memory().release(pointerTo(address))
               ? CUDA_SUCCESS
               : CUDA_ERROR_INVALID_VALUE;
  });
}

BCSSL_SIMT_EXPORT CUresult cuMemHostAlloc(void **address, size_t bytes,
                                          unsigned flags) {
  return enter("cuMemHostAlloc", [&](Driver &driver) {
    if (bytes == 0)
      return CUDA_ERROR_INVALID_VALUE;
    *address = std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
    if (!*address)
      return CUDA_ERROR_OUT_OF_MEMORY;
    driver.pinned[static_cast<std::byte *>(*address)] = bytes;
    return CUDA_SUCCESS;
  });
}

BCSSL_SIMT_EXPORT CUresult cuMemFreeHost(void *address) {
  return enter("cuMemFreeHost", [&](Driver &driver) {
    if (CUresult result = driver.drainAll(); result != CUDA_SUCCESS)
      return result;
    if (driver.pinned.erase(static_cast<std::byte *>(address)) == 0)
      return CUDA_ERROR_INVALID_VALUE;
    std::free(address);
    return CUDA_SUCCESS;
  });
}

BCSSL_SIMT_EXPORT CUresult cuMemHostRegister_v2(void *address, size_t bytes,
                                                unsigned flags) {
  return enter("cuMemHostRegister_v2", [&](Driver &driver) {
    if (!address || bytes == 0)
      return CUDA_ERROR_INVALID_VALUE;
    bool isNew =
        driver.pinned.try_emplace(static_cast<std::byte *>(address), bytes)
            .second;
    return isNew ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  });
}

BCSSL_SIMT_EXPORT CUresult cuMemHostUnregister(void *address) {
  return enter("cuMemHostUnregister", [&](Driver &driver) {
    if (CUresult result = driver.drainAll(); result != CUDA_SUCCESS)
      return result;
    return driver.pinned.erase(static_cast<std::byte *>(address))
               ? CUDA_SUCCESS
               : CUDA_ERROR_INVALID_VALUE;
  });
}

namespace {

CUresult upload(Driver &driver, CUdeviceptr to, const void *from,
                size_t bytes) {
  std::memcpy(pointerTo(to), from, bytes);
  driver.machine.memory().noteWritten(pointerTo(to), bytes);
  return CUDA_SUCCESS;
}

/// Fills with `width` bytes of `value`, again and again.
CUresult fill(Driver &driver, Stream *handle, CUdeviceptr at, uint32_t value,
              size_t width, size_t count) {
  Stream *stream = driver.streamOf(handle);
  if (!stream)
    return CUDA_ERROR_INVALID_HANDLE;
  size_t bytes = width * count;
  if (at % width != 0 || !driver.isDeviceMemory(at, bytes))
    return CUDA_ERROR_INVALID_VALUE;
  return driver.enqueue(*stream, [=](Driver &driver) {
    auto *place = static_cast<std::byte *>(pointerTo(at));
    if (width == 1)
      std::memset(place, static_cast<int>(value), bytes);
    else
      for (size_t i = 0; i < count; ++i)
        std::memcpy(place + i * width, &value, width);
    driver.machine.memory().noteWritten(place, bytes);
    return CUDA_SUCCESS;
  });
}

} // namespace

BCSSL_SIMT_EXPORT CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to,
                                                const void *from, size_t bytes,
                                                Stream *handle) {
  return enter("cuMemcpyHtoDAsync_v2", [&](Driver &driver) {
    Stream *stream = driver.streamOf(handle);
    if (!stream)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!driver.isDeviceMemory(to, bytes))
      return CUDA_ERROR_INVALID_VALUE;
    if (driver.isPinned(from, bytes))
      return driver.enqueue(*stream, [=](Driver &driver) {
        return upload(driver, to, from, bytes);
      });
    // Pageable memory is copied before the call returns.
    auto *begin = static_cast<const std::byte *>(from);
    return driver.enqueue(
        *stream,
        [=, copy = std::vector<std::byte>(begin, begin + bytes)](
            Driver &driver) { return upload(driver, to, copy.data(), bytes); });
  });
}

BCSSL_SIMT_EXPORT CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from,
                                                size_t bytes, Stream *handle) {
  return enter("cuMemcpyDtoHAsync_v2", [&](Driver &driver) {
    Stream *stream = driver.streamOf(handle);
    if (!stream)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!driver.isDeviceMemory(from, bytes))
      return CUDA_ERROR_INVALID_VALUE;
    driver.enqueue(*stream, [=](Driver &) {
      std::memcpy(to, pointerTo(from), bytes);
      return CUDA_SUCCESS;
    });
    // Pageable memory holds the bytes when the call returns.
    return driver.isPinned(to, bytes) || stream->isCapturing
               ? CUDA_SUCCESS
               : driver.drain(*stream);
  });
}

BCSSL_SIMT_EXPORT CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to,
                                                CUdeviceptr from, size_t bytes,
                                                Stream *handle) {
  return enter("cuMemcpyDtoDAsync_v2", [&](Driver &driver) {
    Stream *stream = driver.streamOf(handle);
    if (!stream)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!driver.isDeviceMemory(to, bytes) ||
        !driver.isDeviceMemory(from, bytes))
      return CUDA_ERROR_INVALID_VALUE;
    return driver.enqueue(*stream, [=](Driver &driver) {
      std::memmove(pointerTo(to), pointerTo(from), bytes);
      driver.machine.memory().noteCopied(pointerTo(to), pointerTo(from), bytes);
      return CUDA_SUCCESS;
    });
  });
}

BCSSL_SIMT_EXPORT CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void *from,
                                           size_t bytes) {
  return enter("cuMemcpyHtoD_v2", [&](Driver &driver) {
    if (!driver.isDeviceMemory(to, bytes))
      return CUDA_ERROR_INVALID_VALUE;
    CUresult result = driver.drainAll();
    return result == CUDA_SUCCESS ? upload(driver, to, from, bytes) : result;
  });
}

BCSSL_SIMT_EXPORT CUresult cuMemcpyDtoH_v2(void *to, CUdeviceptr from,
                                           size_t bytes) {
  return enter("cuMemcpyDtoH_v2", [&](Driver &driver) {
    if (!driver.isDeviceMemory(from, bytes))
      return CUDA_ERROR_INVALID_VALUE;
    CUresult result = driver.drainAll();
    if (result == CUDA_SUCCESS)
      std::memcpy(to, pointerTo(from), bytes);
    return result;
  });
}

BCSSL_SIMT_EXPORT CUresult cuMemsetD8Async(CUdeviceptr at, unsigned char value,
                                           size_t count, Stream *stream) {
  return enter("cuMemsetD8Async", [&](Driver &driver) {
    return fill(driver, stream, at, value, 1, count);
  });
}

BCSSL_SIMT_EXPORT CUresult cuMemsetD32Async(CUdeviceptr at, unsigned value,
                                            size_t count, Stream *stream) {
  return enter("cuMemsetD32Async", [&](Driver &driver) {
    return fill(driver, stream, at, value, 4, count);
  });
}
