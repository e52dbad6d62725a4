//===- CudaDriver.cpp - dlopen, dlsym, cuInit -----------------------------===//

#include "runtime/device/cuda/CudaDriver.h"

#include <cstdlib>
#include <dlfcn.h>

namespace bcssl::cuda {

/// Graphs with event nodes, and PTX of the version that kernels are written in.
static constexpr int oldestVersion = 12000;

static std::string versionText(int version) {
  return std::to_string(version / 1000) + "." +
         std::to_string(version % 1000 / 10);
}

static Error noDevice(const char *id, const std::string &message,
                      const char *hint) {
  return {ExitCode::NoDevice, id, message, {}, {}, hint};
}

static const char *const installHint =
    "install NVIDIA's driver, or train with --device=cpu";

/// Asks for the version and initialises the driver. `missing` is a function
/// that it lacks, or null.
static Status start(CudaDriver &driver, const std::string &path,
                    const char *missing) {
  CUresult result = CUDA_SUCCESS;
  if (driver.cuDriverGetVersion)
    result = driver.cuDriverGetVersion(&driver.version);
  // An old driver lacks functions; that it is old says more.
  if (driver.cuDriverGetVersion && result == CUDA_SUCCESS &&
      driver.version < oldestVersion)
    return noDevice("driver-version",
                    "expects a driver for CUDA " + versionText(oldestVersion) +
                        " or newer, got one for " + versionText(driver.version),
                    "install a newer driver, or train with --device=cpu");
  if (missing)
    return noDevice("driver-version",
                    path + " is no CUDA driver of a known kind: it lacks " +
                        missing,
                    installHint);
  const char *call = "cuDriverGetVersion";
  if (result == CUDA_SUCCESS) {
    call = "cuInit";
    result = driver.cuInit(0);
  }
  if (result != CUDA_SUCCESS)
    return noDevice("no-device",
                    std::string(call) + " failed with " + driver.textOf(result),
                    installHint);
  return {};
}

static Result<CudaDriver> open() {
  const char *given = std::getenv("BCSSL_CUDA_DRIVER");
  std::string path = given && *given ? given : "libcuda.so.1";
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *why = dlerror();
    return noDevice("no-device",
                    "cannot open the CUDA driver: " +
                        std::string(why ? why : path),
                    installHint);
  }
  CudaDriver driver;
  const char *missing = nullptr;
#define BCSSL_CUDA_LOOKUP(name, symbol, parameters)                            \
  driver.name =                                                                \
      reinterpret_cast<CUresult(*) parameters>(dlsym(library, #symbol));
#define BCSSL_CUDA_REQUIRE(name, symbol, parameters)                           \
  if (!driver.name && !missing)                                                \
    missing = #symbol;
  BCSSL_CUDA_FUNCTIONS(BCSSL_CUDA_LOOKUP)
  BCSSL_CUDA_OPTIONAL_FUNCTIONS(BCSSL_CUDA_LOOKUP)
  BCSSL_CUDA_FUNCTIONS(BCSSL_CUDA_REQUIRE)
#undef BCSSL_CUDA_REQUIRE
#undef BCSSL_CUDA_LOOKUP
  driver.simulated = dlsym(library, "bcsslSimtFindings") != nullptr;
  driver.boundArguments =
      reinterpret_cast<void (*)(const uint64_t *, unsigned)>(
          dlsym(library, "bcsslSimtBoundArguments"));

  BCSSL_RETURN_IF_ERROR(start(driver, path, missing));
  return driver;
}

Result<const CudaDriver *> CudaDriver::get() {
  static const Result<CudaDriver> driver = open();
  if (!driver)
    return driver.error();
  return &*driver;
}

std::string CudaDriver::textOf(CUresult result) const {
  const char *name = nullptr, *text = nullptr;
  if (cuGetErrorName(result, &name) != CUDA_SUCCESS || !name)
    return "error " + std::to_string(static_cast<int>(result));
  if (cuGetErrorString(result, &text) != CUDA_SUCCESS || !text)
    return name;
  return std::string(name) + ": " + text;
}

bool losesDevice(CUresult result) {
  switch (result) {
  case CUDA_ERROR_ECC_UNCORRECTABLE:
  case CUDA_ERROR_NVLINK_UNCORRECTABLE:
  case CUDA_ERROR_CONTAINED:
  case CUDA_ERROR_ILLEGAL_ADDRESS:
  case CUDA_ERROR_LAUNCH_TIMEOUT:
  case CUDA_ERROR_CONTEXT_IS_DESTROYED:
  case CUDA_ERROR_ASSERT:
  case CUDA_ERROR_HARDWARE_STACK_ERROR:
  case CUDA_ERROR_ILLEGAL_INSTRUCTION:
  case CUDA_ERROR_MISALIGNED_ADDRESS:
  case CUDA_ERROR_INVALID_ADDRESS_SPACE:
  case CUDA_ERROR_INVALID_PC:
  case CUDA_ERROR_LAUNCH_FAILED:
  case CUDA_ERROR_TENSOR_MEMORY_LEAK:
  case CUDA_ERROR_EXTERNAL_DEVICE:
    return true;
  default:
    return false;
  }
}

} // namespace bcssl::cuda
