//===- CudaMemory.cpp - allocation, mirrors, copies -----------------------===//

#include "runtime/device/cuda/CudaMemory.h"

#include <cstring>

namespace bcssl::cuda {

/// What the driver gives at most; larger numbers would wrap inside it.
static constexpr uint64_t mostBytes = uint64_t{1} << 46;

static Error outOfMemory(CudaContext &context, uint64_t bytes,
                         const std::string &what) {
  size_t free = 0, total = 0;
  std::string rest;
  if (context.driver.cuMemGetInfo(&free, &total) == CUDA_SUCCESS)
    rest = ": " + std::to_string(free) + " of " + std::to_string(total) +
           " bytes are free";
  return {ExitCode::NoResource,
          "out-of-memory",
          context.label() + ": cannot get " + std::to_string(bytes) +
              " bytes for " + what + rest,
          {},
          {},
          "compile with a smaller batch or use a larger GPU"};
}

Result<std::unique_ptr<DeviceMemory>>
CudaMemory::allocate(CudaContext &context, uint64_t bytes,
                     const std::string &what, bool withMirror) {
  std::unique_ptr<CudaMemory> made(new CudaMemory(context));
  if (bytes == 0)
    return std::unique_ptr<DeviceMemory>(std::move(made));
  if (bytes > mostBytes)
    return outOfMemory(context, bytes, what);
  BCSSL_RETURN_IF_ERROR(context.activate());
  const CudaDriver &driver = context.driver;
  CUresult result = driver.cuMemAlloc(&made->pointer, bytes);
  if (result == CUDA_ERROR_OUT_OF_MEMORY)
    return outOfMemory(context, bytes, what);
  BCSSL_RETURN_IF_ERROR(context.check(result, "cuMemAlloc", "for " + what));
  made->bytes = bytes;
  BCSSL_RETURN_IF_ERROR(context.check(
      driver.cuMemsetD8Async(made->pointer, 0, bytes, context.stream),
      "cuMemsetD8Async", "for " + what));
  if (withMirror) {
    void *mirror = nullptr;
    BCSSL_RETURN_IF_ERROR(context.check(
        driver.cuMemHostAlloc(&mirror, bytes, /*flags=*/0), "cuMemHostAlloc",
        std::to_string(bytes) + " bytes for " + what));
    made->mirror = static_cast<std::byte *>(mirror);
    std::memset(mirror, 0, bytes);
  }
  BCSSL_RETURN_IF_ERROR(context.synchronize());
  return std::unique_ptr<DeviceMemory>(std::move(made));
}

CudaMemory::~CudaMemory() {
  if (!context.activate())
    return;
  if (mirror)
    context.driver.cuMemFreeHost(mirror);
  if (pointer)
    context.driver.cuMemFree(pointer);
}

std::byte *CudaMemory::address() {
  return reinterpret_cast<std::byte *>(pointer);
}

Status CudaMemory::read(uint64_t offset, std::span<std::byte> to) {
  if (to.empty())
    return {};
  BCSSL_RETURN_IF_ERROR(context.activate());
  BCSSL_RETURN_IF_ERROR(
      context.check(context.driver.cuMemcpyDtoHAsync(
                        to.data(), pointer + offset, to.size(), context.stream),
                    "cuMemcpyDtoHAsync"));
  return context.synchronize();
}

Status CudaMemory::startWrite(uint64_t offset,
                              std::span<const std::byte> from) {
  if (from.empty())
    return {};
  BCSSL_RETURN_IF_ERROR(context.activate());
  return context.check(
      context.driver.cuMemcpyHtoDAsync(pointer + offset, from.data(),
                                       from.size(), context.stream),
      "cuMemcpyHtoDAsync");
}

Status CudaMemory::write(uint64_t offset, std::span<const std::byte> from) {
  BCSSL_RETURN_IF_ERROR(startWrite(offset, from));
  return context.synchronize();
}

namespace {

class CudaPinnedMemory final : public PinnedMemory {
public:
  CudaPinnedMemory(CudaContext &context, void *start)
      : context(context), start(start) {}
  ~CudaPinnedMemory() override {
    if (!context.activate())
      return;
    // What was staged and then not wanted may still be read.
    context.driver.cuStreamSynchronize(context.uploads);
    context.driver.cuMemHostUnregister(start);
  }

private:
  CudaContext &context;
  void *start;
};

} // namespace

std::unique_ptr<PinnedMemory> pinMemory(CudaContext &context,
                                        std::span<const std::byte> memory) {
  void *start = const_cast<std::byte *>(memory.data());
  // Only speed is lost where it fails: by a limit of the system, or twice.
  const CudaDriver &driver = context.driver;
  if (memory.empty() || !driver.cuMemHostRegister ||
      !driver.cuMemHostUnregister || !context.activate() ||
      driver.cuMemHostRegister(start, memory.size(), /*flags=*/0) !=
          CUDA_SUCCESS)
    return nullptr;
  return std::make_unique<CudaPinnedMemory>(context, start);
}

} // namespace bcssl::cuda
