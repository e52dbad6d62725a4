//===- CudaStaging.cpp - uploads beside running lists ---------------------===//

#include "runtime/device/cuda/CudaStaging.h"
#include "runtime/device/cuda/CudaMemory.h"

namespace bcssl::cuda {

Result<std::unique_ptr<Staging>> CudaStaging::create(CudaContext &context,
                                                     DeviceMemory &block,
                                                     const std::string &what) {
  std::unique_ptr<CudaStaging> made(new CudaStaging(context, block));
  BCSSL_ASSIGN_OR_RETURN(staged,
                         CudaMemory::allocate(context, block.size(), what,
                                              /*withMirror=*/false));
  made->staged = std::move(staged);
  BCSSL_RETURN_IF_ERROR(context.activate());
  for (CUevent *event : {&made->uploaded, &made->taken})
    BCSSL_RETURN_IF_ERROR(context.check(
        context.driver.cuEventCreate(event, CU_EVENT_DISABLE_TIMING),
        "cuEventCreate"));
  return std::unique_ptr<Staging>(std::move(made));
}

CudaStaging::~CudaStaging() {
  if (!context.activate())
    return;
  // Neither memory nor events may go while copies use them.
  context.driver.cuStreamSynchronize(context.uploads);
  context.driver.cuStreamSynchronize(context.stream);
  for (CUevent event : {uploaded, taken})
    if (event)
      context.driver.cuEventDestroy(event);
}

Status CudaStaging::write(uint64_t offset, std::span<const std::byte> from) {
  if (from.empty())
    return {};
  const CudaDriver &driver = context.driver;
  BCSSL_RETURN_IF_ERROR(context.activate());
  // No delivery yet: an event that was never recorded is not waited for.
  BCSSL_RETURN_IF_ERROR(context.check(
      driver.cuStreamWaitEvent(context.uploads, taken, /*flags=*/0),
      "cuStreamWaitEvent"));
  auto at = reinterpret_cast<CUdeviceptr>(staged->address() + offset);
  BCSSL_RETURN_IF_ERROR(context.check(
      driver.cuMemcpyHtoDAsync(at, from.data(), from.size(), context.uploads),
      "cuMemcpyHtoDAsync"));
  parts.push_back({offset, from.size()});
  return context.check(driver.cuEventRecord(uploaded, context.uploads),
                       "cuEventRecord");
}

Status CudaStaging::deliver() {
  if (parts.empty())
    return {};
  const CudaDriver &driver = context.driver;
  BCSSL_RETURN_IF_ERROR(context.activate());
  BCSSL_RETURN_IF_ERROR(context.check(
      driver.cuStreamWaitEvent(context.stream, uploaded, /*flags=*/0),
      "cuStreamWaitEvent"));
  for (const Part &part : parts)
    BCSSL_RETURN_IF_ERROR(context.check(
        driver.cuMemcpyDtoDAsync(
            reinterpret_cast<CUdeviceptr>(block.address() + part.offset),
            reinterpret_cast<CUdeviceptr>(staged->address() + part.offset),
            part.bytes, context.stream),
        "cuMemcpyDtoDAsync"));
  parts.clear();
  return context.check(driver.cuEventRecord(taken, context.stream),
                       "cuEventRecord");
}

Status CudaStaging::release() {
  BCSSL_RETURN_IF_ERROR(context.activate());
  return context.check(context.driver.cuEventSynchronize(uploaded),
                       "cuEventSynchronize");
}

} // namespace bcssl::cuda
