//===- OpenDevice.cpp - devices by name -----------------------------------===//

#include "runtime/device/OpenDevice.h"
#include "runtime/device/cpu/CpuDevice.h"
#include "runtime/device/cuda/CudaDevice.h"

#include <charconv>

namespace bcssl {

/// The number behind "cuda:", 0 for "cuda".
static std::optional<int> ordinalOf(std::string_view name) {
  if (name == "cuda")
    return 0;
  constexpr std::string_view prefix = "cuda:";
  if (!name.starts_with(prefix))
    return std::nullopt;
  name.remove_prefix(prefix.size());
  int number = 0;
  auto [end, code] =
      std::from_chars(name.data(), name.data() + name.size(), number);
  if (code != std::errc() || end != name.data() + name.size() || number < 0)
    return std::nullopt;
  return number;
}

Result<std::unique_ptr<Device>> openDevice(const DeviceOptions &options) {
  const std::string &name = options.name;
  if (name == "cpu" || name.starts_with("cpu:")) {
    BCSSL_ASSIGN_OR_RETURN(
        made, CpuDevice::create(options.threads, name == "cpu" ? "" : name));
    return std::unique_ptr<Device>(std::move(made));
  }
  auto ordinal = ordinalOf(name);
  if (!ordinal)
    return Error{ExitCode::Usage, "device-name",
                 "--device expects cpu, cpu:x86-64-v3, cuda or cuda:1, got " +
                     name};
  BCSSL_ASSIGN_OR_RETURN(made,
                         cuda::CudaDevice::create(*ordinal, options.graph));
  return std::unique_ptr<Device>(std::move(made));
}

} // namespace bcssl
