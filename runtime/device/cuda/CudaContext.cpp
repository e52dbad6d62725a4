//===- CudaContext.cpp - device, context, stream, errors ------------------===//

#include "runtime/device/cuda/CudaContext.h"

namespace bcssl::cuda {

Result<std::unique_ptr<CudaContext>> CudaContext::open(int ordinal) {
  BCSSL_ASSIGN_OR_RETURN(driver, CudaDriver::get());
  int count = 0;
  CUresult result = driver->cuDeviceGetCount(&count);
  if (result != CUDA_SUCCESS)
    return Error{ExitCode::NoDevice, "no-device",
                 "cuDeviceGetCount failed with " + driver->textOf(result)};
  if (ordinal >= count)
    return Error{ExitCode::NoDevice,
                 "no-device",
                 "there is no cuda:" + std::to_string(ordinal) +
                     ": the driver has " + std::to_string(count) +
                     (count == 1 ? " GPU" : " GPUs"),
                 {},
                 {},
                 "CUDA_VISIBLE_DEVICES may hide some; or use --device=cpu"};
  std::unique_ptr<CudaContext> made(new CudaContext(*driver, ordinal));
  BCSSL_RETURN_IF_ERROR(made->start());
  return made;
}

Status CudaContext::start() {
  BCSSL_RETURN_IF_ERROR(
      check(driver.cuDeviceGet(&device, ordinal), "cuDeviceGet"));
  char text[256] = {};
  BCSSL_RETURN_IF_ERROR(
      check(driver.cuDeviceGetName(text, sizeof(text) - 1, device),
            "cuDeviceGetName"));
  name = text;
  const std::pair<int *, CUdevice_attribute> attributes[] = {
      {&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR},
      {&minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR},
      {&multiprocessors, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT}};
  for (auto [value, attribute] : attributes)
    BCSSL_RETURN_IF_ERROR(
        check(driver.cuDeviceGetAttribute(value, attribute, device),
              "cuDeviceGetAttribute"));
  BCSSL_RETURN_IF_ERROR(check(driver.cuDevicePrimaryCtxRetain(&context, device),
                              "cuDevicePrimaryCtxRetain"));
  BCSSL_RETURN_IF_ERROR(activate());
  for (CUstream *made : {&stream, &uploads})
    BCSSL_RETURN_IF_ERROR(check(
        driver.cuStreamCreate(made, CU_STREAM_NON_BLOCKING), "cuStreamCreate"));
  return {};
}

CudaContext::~CudaContext() {
  // Nobody hears of errors here, and a lost device gives some.
  for (CUstream made : {uploads, stream})
    if (made)
      driver.cuStreamDestroy(made);
  if (context)
    driver.cuDevicePrimaryCtxRelease(device);
}

Status CudaContext::activate() const {
  return check(driver.cuCtxSetCurrent(context), "cuCtxSetCurrent");
}

Status CudaContext::synchronize() const {
  return check(driver.cuStreamSynchronize(stream), "cuStreamSynchronize");
}

std::string CudaContext::label() const {
  return "cuda:" + std::to_string(ordinal) +
         (name.empty() ? "" : " (" + name + ")");
}

Status CudaContext::check(CUresult result, const char *call,
                          const std::string &detail) const {
  if (result == CUDA_SUCCESS)
    return {};
  Error error{ExitCode::Internal, "device-failed",
              label() + ": " + call + " failed with " + driver.textOf(result) +
                  (detail.empty() ? "" : ", " + detail)};
  if (result == CUDA_ERROR_OUT_OF_MEMORY) {
    error.code = ExitCode::NoResource;
    error.id = "out-of-memory";
  } else if (losesDevice(result)) {
    error.id = "device-lost";
    error.hint = "the process must start again to use the GPU; with "
                 "BCSSL_CUDA_GRAPH=off the message names the kernel";
  }
  return error;
}

} // namespace bcssl::cuda
