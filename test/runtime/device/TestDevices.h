//===- TestDevices.h - the devices that tests run on ------------*- C++ -*-===//
//
// Tests of a "cuda" device run where the environment names a driver
// (BCSSL_CUDA_DRIVER) or the machine has a GPU, and are skipped elsewhere.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_TEST_RUNTIME_DEVICE_TESTDEVICES_H
#define BCSSL_TEST_RUNTIME_DEVICE_TESTDEVICES_H

#include "runtime/device/OpenDevice.h"
#include "test/runtime/device/TestImages.h"

namespace bcssl {

/// The test kernels for one device.
struct TestImage {
  std::string target;
  std::string format; ///< as in Executable.fbs
  std::vector<std::byte> bytes;
};

/// Why there is no such device here, or nothing where there is one or should
/// be.
inline std::string reasonToSkip(const std::string &device) {
  auto opened = openDevice({.name = device});
  bool wanted = std::getenv("BCSSL_CUDA_DRIVER") != nullptr;
  if (opened || wanted || opened.error().code != ExitCode::NoDevice)
    return {};
  return opened.error().text();
}

/// The kernels as the device runs them; empty bytes where the build has none.
inline TestImage testImageFor(const Device &device) {
  if (device.rank("cuda:simt", "bitcode"))
    return {"cuda:simt", "bitcode", testImage("gpu", "ll")};
  if (device.rank("cuda:sm_80", "ptx"))
    return {"cuda:sm_80", "ptx", testImage("gpu", "ptx")};
  return {"cpu:x86-64-v3", "elf", testImage("kernels")};
}

} // namespace bcssl

#endif // BCSSL_TEST_RUNTIME_DEVICE_TESTDEVICES_H
