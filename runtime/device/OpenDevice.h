//===- OpenDevice.h - devices by name ---------------------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_DEVICE_OPENDEVICE_H
#define BCSSL_RUNTIME_DEVICE_OPENDEVICE_H

#include "runtime/device/Device.h"

namespace bcssl {

struct DeviceOptions {
  /// "cpu", one kind of its images ("cpu:x86-64-v3"), "cuda" or "cuda:1".
  std::string name = "cpu";
  unsigned threads = 0; ///< of a CPU; 0: as many as the process may run on
  bool graph = true;    ///< GPUs: a program is one graph, not single commands
};

/// What --device says in the help of tools.
inline constexpr const char *deviceHelp =
    "cpu, cpu:x86-64-v3 (one kind of machine code), cuda or cuda:N";

/// Opens a device. Errors: "device-name" (Usage), "no-device" and
/// "driver-version" (NoDevice).
Result<std::unique_ptr<Device>> openDevice(const DeviceOptions &options);

} // namespace bcssl

#endif // BCSSL_RUNTIME_DEVICE_OPENDEVICE_H
