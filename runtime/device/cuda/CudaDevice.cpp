//===- CudaDevice.cpp - images and their kernels --------------------------===//

#include "runtime/device/cuda/CudaDevice.h"
#include "runtime/device/cuda/CudaCommands.h"
#include "runtime/device/cuda/CudaMemory.h"
#include "runtime/device/cuda/CudaStaging.h"

#include <charconv>
#include <cstdlib>
#include <cstring>

namespace bcssl::cuda {

static constexpr int oldestMajor = 8;
static constexpr std::string_view targetPrefix = "cuda:sm_";
static constexpr std::string_view simulatedTarget = "cuda:simt";

namespace {

class CudaModule final : public DeviceModule {
public:
  CudaModule(CudaContext &context, CUmodule module)
      : context(context), module(module) {}
  ~CudaModule() override {
    if (context.activate())
      context.driver.cuModuleUnload(module);
  }

  Result<KernelHandle> find(const std::string &symbol) override {
    BCSSL_RETURN_IF_ERROR(context.activate());
    CUfunction function = nullptr;
    CUresult result =
        context.driver.cuModuleGetFunction(&function, module, symbol.c_str());
    if (result == CUDA_ERROR_NOT_FOUND)
      return Error{ExitCode::BadData,
                   "image-symbol",
                   "the image has no kernel " + symbol,
                   {},
                   {},
                   "compile the program again"};
    BCSSL_RETURN_IF_ERROR(
        context.check(result, "cuModuleGetFunction", "kernel " + symbol));
    return static_cast<KernelHandle>(function);
  }

private:
  CudaContext &context;
  CUmodule module;
};

/// "cuda:sm_90a": the chip and whether no other chip will do.
struct Chip {
  int major = 0, minor = 0;
  bool exact = false;
};

std::optional<Chip> parseChip(std::string_view target) {
  if (!target.starts_with(targetPrefix))
    return std::nullopt;
  target.remove_prefix(targetPrefix.size());
  int number = 0;
  auto [end, code] =
      std::from_chars(target.data(), target.data() + target.size(), number);
  std::string_view rest(end, target.data() + target.size() - end);
  if (code != std::errc() || number < 10 * oldestMajor || number > 9999 ||
      (!rest.empty() && rest != "a"))
    return std::nullopt;
  return Chip{number / 10, number % 10, rest == "a"};
}

} // namespace

std::optional<unsigned> rankImage(int major, int minor,
                                  const std::string &target,
                                  const std::string &format) {
  // Machine code before PTX, whose compilation takes time, then the newer.
  constexpr unsigned firstPtx = 100;
  auto chip = parseChip(target);
  if (!chip || (format != "cubin" && format != "ptx"))
    return std::nullopt;
  int distance = 10 * (major - chip->major) + minor - chip->minor;
  bool runs = chip->exact         ? distance == 0
              : format == "cubin" ? chip->major == major && distance >= 0
                                  : distance >= 0;
  if (!runs)
    return std::nullopt;
  return (format == "ptx" ? firstPtx : 0) + (chip->exact ? 0 : 1) + distance;
}

Result<std::unique_ptr<CudaDevice>> CudaDevice::create(int ordinal,
                                                       bool graph) {
  BCSSL_ASSIGN_OR_RETURN(context, CudaContext::open(ordinal));
  if (context->major < oldestMajor)
    return Error{ExitCode::NoDevice, "no-device",
                 context->label() + " expects compute capability " +
                     std::to_string(oldestMajor) + ".0 or newer, got " +
                     std::to_string(context->major) + "." +
                     std::to_string(context->minor)};
  const char *wish = std::getenv("BCSSL_CUDA_GRAPH");
  graph &= !wish || std::strcmp(wish, "off") != 0;
  return std::unique_ptr<CudaDevice>(new CudaDevice(std::move(context), graph));
}

std::string CudaDevice::chip() const {
  return context->driver.simulated
             ? "simt"
             : "sm_" + std::to_string(10 * context->major + context->minor);
}

std::vector<std::string> CudaDevice::targets() const {
  std::string own = "cuda:" + chip();
  if (context->driver.simulated)
    return {own};
  return {own + "a", own, "cuda:sm_80 as PTX"};
}

std::string CudaDevice::compileTargets() const {
  if (context->driver.simulated)
    return std::string(simulatedTarget);
  bool hopper = context->major == 9 && context->minor == 0;
  return hopper ? "cuda:sm_90a,cuda:sm_80" : "cuda:sm_80";
}

std::optional<unsigned> CudaDevice::rank(const std::string &target,
                                         const std::string &format) const {
  if (context->driver.simulated)
    return target == simulatedTarget && format == "bitcode"
               ? std::optional<unsigned>(0)
               : std::nullopt;
  return rankImage(context->major, context->minor, target, format);
}

std::string CudaDevice::description() const {
  return context->label() + ", " + std::to_string(context->multiprocessors) +
         " multiprocessors";
}

Result<std::optional<uint64_t>> CudaDevice::freeBytes() {
  BCSSL_RETURN_IF_ERROR(context->activate());
  size_t free = 0, total = 0;
  BCSSL_RETURN_IF_ERROR(context->check(
      context->driver.cuMemGetInfo(&free, &total), "cuMemGetInfo"));
  return std::optional<uint64_t>(free);
}

Result<std::unique_ptr<DeviceMemory>>
CudaDevice::allocate(uint64_t bytes, const std::string &what) {
  return CudaMemory::allocate(*context, bytes, what, /*withMirror=*/false);
}

Result<std::unique_ptr<DeviceMemory>>
CudaDevice::allocatePorts(uint64_t bytes, const std::string &what) {
  return CudaMemory::allocate(*context, bytes, what, /*withMirror=*/true);
}

Result<std::unique_ptr<Staging>> CudaDevice::stage(DeviceMemory &block,
                                                   const std::string &what) {
  return CudaStaging::create(*context, block, what);
}

std::unique_ptr<PinnedMemory>
CudaDevice::pin(std::span<const std::byte> memory) {
  return pinMemory(*context, memory);
}

/// The first lines of what the driver's compiler says, printable.
static std::string shorten(std::string log) {
  log.resize(std::strlen(log.c_str()));
  while (!log.empty() && log.back() == '\n')
    log.pop_back();
  for (char &letter : log)
    if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f)
      letter = ' ';
  return log;
}

Result<std::unique_ptr<DeviceModule>>
CudaDevice::load(std::span<const std::byte> image) {
  BCSSL_RETURN_IF_ERROR(context->activate());
  // The driver reads PTX up to a zero byte.
  std::string bytes(reinterpret_cast<const char *>(image.data()), image.size());
  std::string log(2048, '\0');
  CUjit_option names[] = {CU_JIT_ERROR_LOG_BUFFER,
                          CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log.data(), reinterpret_cast<void *>(log.size() - 1)};
  CUmodule module = nullptr;
  CUresult result = context->driver.cuModuleLoadDataEx(
      &module, bytes.c_str(), std::size(names), names, values);
  if (result == CUDA_SUCCESS)
    return std::unique_ptr<DeviceModule>(new CudaModule(*context, module));
  std::string said = shorten(std::move(log));
  Status status = context->check(result, "cuModuleLoadDataEx", said);
  Error error = status.error();
  switch (result) {
  case CUDA_ERROR_INVALID_IMAGE:
  case CUDA_ERROR_INVALID_PTX:
    error.code = ExitCode::BadData;
    error.id = "image-invalid";
    error.hint = "compile the program again";
    break;
  case CUDA_ERROR_NO_BINARY_FOR_GPU:
    error.code = ExitCode::NoDevice;
    error.id = "image-load";
    error.hint = "compile the program with --target=" + compileTargets();
    break;
  case CUDA_ERROR_UNSUPPORTED_PTX_VERSION:
    error.code = ExitCode::NoDevice;
    error.id = "image-load";
    error.hint = "install a newer driver";
    break;
  default:
    break;
  }
  return error;
}

Result<std::unique_ptr<CommandList>>
CudaDevice::prepare(std::vector<Command> commands) {
  return CudaCommandList::create(*context, std::move(commands), graph);
}

} // namespace bcssl::cuda
