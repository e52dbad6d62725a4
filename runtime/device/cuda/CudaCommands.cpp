//===- CudaCommands.cpp - capture, launch, time ---------------------------===//

#include "runtime/device/cuda/CudaCommands.h"

#include <algorithm>
#include <chrono>

namespace bcssl::cuda {

static CUdeviceptr deviceAddress(const std::byte *address) {
  return reinterpret_cast<CUdeviceptr>(address);
}

/// ", arguments of 960, 1536 bytes", or nothing where sizes are unknown.
static std::string describeArguments(const LaunchCommand &launch) {
  // Kernels of many parts have a hundred.
  constexpr size_t most = 12;
  const std::vector<uint64_t> &bytes = launch.argumentBytes;
  std::string text;
  for (size_t i = 0; i < std::min(bytes.size(), most); ++i)
    text += (i == 0 ? ", arguments of " : ", ") + std::to_string(bytes[i]);
  if (bytes.size() > most)
    return text + ", ... bytes, " + std::to_string(bytes.size()) + " in all";
  return text.empty() ? text : text + " bytes";
}

/// What an error message says of a command.
static std::string describe(const LaunchCommand &launch) {
  return "kernel " + launch.name + ", " + std::to_string(launch.tiles) +
         " blocks of " + std::to_string(launch.threads) + " threads, " +
         std::to_string(launch.sharedBytes) + " bytes of shared memory" +
         describeArguments(launch);
}

static std::string describe(const CopyCommand &copy) {
  return "a copy of " + std::to_string(copy.bytes) + " bytes";
}

static std::string describe(const ZeroCommand &zero) {
  return "a fill of " + std::to_string(zero.bytes) + " bytes";
}

static std::string describe(const DownloadCommand &copy) {
  return "a download of " + std::to_string(copy.bytes) + " bytes";
}

static std::string describe(const Command &command) {
  return std::visit([](const auto &one) { return describe(one); }, command);
}

Result<std::unique_ptr<CommandList>>
CudaCommandList::create(CudaContext &context, std::vector<Command> commands,
                        bool graph) {
  std::unique_ptr<CudaCommandList> list(
      new CudaCommandList(context, std::move(commands)));
  BCSSL_RETURN_IF_ERROR(context.activate());
  BCSSL_RETURN_IF_ERROR(list->prepareKernels());
  BCSSL_RETURN_IF_ERROR(list->encodeTensorMaps());
  if (graph)
    BCSSL_RETURN_IF_ERROR(list->capture());
  return std::unique_ptr<CommandList>(std::move(list));
}

CudaCommandList::~CudaCommandList() {
  if (!context.activate())
    return;
  if (isRunning)
    context.driver.cuStreamSynchronize(context.stream);
  for (CUevent event : events)
    context.driver.cuEventDestroy(event);
  if (exec)
    context.driver.cuGraphExecDestroy(exec);
}

/// Blocks get more than 48 KiB only where that was asked for before. Asking
/// also loads the kernel, which must not happen while a stream is captured.
Status CudaCommandList::prepareKernels() {
  for (const Command &command : commands)
    if (auto *launch = std::get_if<LaunchCommand>(&command))
      BCSSL_RETURN_IF_ERROR(
          context.check(context.driver.cuFuncSetAttribute(
                            static_cast<CUfunction>(launch->kernel),
                            CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                            static_cast<int>(launch->sharedBytes)),
                        "cuFuncSetAttribute", describe(*launch)));
  return {};
}

/// The driver's form of a map of the launch's argument. Elements are only
/// copied, so that their size says enough; the second-level cache fetches rows
/// of the widest swizzle at a time.
static CUresult encode(const CudaDriver &driver, const LaunchCommand &launch,
                       const TensorMap &map, CUtensorMap &to) {
  static constexpr uint32_t steps[5] = {1, 1, 1, 1, 1};
  CUtensorMapDataType type =
      map.elementBytes == 1   ? CU_TENSOR_MAP_DATA_TYPE_UINT8
      : map.elementBytes == 2 ? CU_TENSOR_MAP_DATA_TYPE_UINT16
      : map.elementBytes == 4 ? CU_TENSOR_MAP_DATA_TYPE_UINT32
                              : CU_TENSOR_MAP_DATA_TYPE_UINT64;
  CUtensorMapSwizzle swizzle =
      map.swizzleBytes == 0    ? CU_TENSOR_MAP_SWIZZLE_NONE
      : map.swizzleBytes == 32 ? CU_TENSOR_MAP_SWIZZLE_32B
      : map.swizzleBytes == 64 ? CU_TENSOR_MAP_SWIZZLE_64B
                               : CU_TENSOR_MAP_SWIZZLE_128B;
  return driver.cuTensorMapEncodeTiled(
      &to, type, map.rank, launch.arguments[map.argument], map.sizes.data(),
      map.strides.data(), map.box.data(), steps, CU_TENSOR_MAP_INTERLEAVE_NONE,
      swizzle, CU_TENSOR_MAP_L2_PROMOTION_L2_128B,
      CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
}

Status CudaCommandList::encodeTensorMaps() {
  for (const Command &command : commands) {
    auto *launch = std::get_if<LaunchCommand>(&command);
    if (!launch || launch->tensorMaps.empty())
      continue;
    std::vector<CUtensorMap> &encoded = tensorMaps[launch];
    for (const TensorMap &map : launch->tensorMaps)
      BCSSL_RETURN_IF_ERROR(context.check(
          encode(context.driver, *launch, map, encoded.emplace_back()),
          "cuTensorMapEncodeTiled",
          "argument " + std::to_string(map.argument) + " of " +
              describe(*launch)));
  }
  return {};
}

Status CudaCommandList::capture() {
  const CudaDriver &driver = context.driver;
  BCSSL_RETURN_IF_ERROR(
      context.check(driver.cuStreamBeginCapture(
                        context.stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
                    "cuStreamBeginCapture"));
  Status issued = issueAll();
  // Ends the capture after an error too: the stream serves others.
  CUgraph graph = nullptr;
  CUresult ended = driver.cuStreamEndCapture(context.stream, &graph);
  Status status = issued ? context.check(ended, "cuStreamEndCapture") : issued;
  if (status)
    status = context.check(driver.cuGraphInstantiate(&exec, graph, /*flags=*/0),
                           "cuGraphInstantiate",
                           std::to_string(commands.size()) + " commands");
  if (graph)
    driver.cuGraphDestroy(graph);
  return status;
}

Status CudaCommandList::issueAll() {
  for (Command &command : commands)
    BCSSL_RETURN_IF_ERROR(
        std::visit([this](auto &one) { return issue(one); }, command));
  return {};
}

Status CudaCommandList::issue(LaunchCommand &launch) {
  std::vector<void *> parameters;
  parameters.reserve(launch.arguments.size() + launch.tensorMaps.size());
  for (void *&argument : launch.arguments)
    parameters.push_back(&argument);
  if (!launch.tensorMaps.empty())
    for (CUtensorMap &map : tensorMaps[&launch])
      parameters.push_back(&map);
  if (context.driver.boundArguments && !launch.argumentBytes.empty())
    context.driver.boundArguments(
        launch.argumentBytes.data(),
        static_cast<unsigned>(launch.argumentBytes.size()));
  return context.check(
      context.driver.cuLaunchKernel(static_cast<CUfunction>(launch.kernel),
                                    static_cast<unsigned>(launch.tiles), 1, 1,
                                    launch.threads, 1, 1, launch.sharedBytes,
                                    context.stream, parameters.data(), nullptr),
      "cuLaunchKernel", describe(launch));
}

Status CudaCommandList::issue(const CopyCommand &copy) {
  if (copy.bytes == 0)
    return {};
  return context.check(context.driver.cuMemcpyDtoDAsync(
                           deviceAddress(copy.to), deviceAddress(copy.from),
                           copy.bytes, context.stream),
                       "cuMemcpyDtoDAsync", describe(copy));
}

Status CudaCommandList::issue(const ZeroCommand &zero) {
  if (zero.bytes == 0)
    return {};
  return context.check(context.driver.cuMemsetD8Async(deviceAddress(zero.at), 0,
                                                      zero.bytes,
                                                      context.stream),
                       "cuMemsetD8Async", describe(zero));
}

Status CudaCommandList::issue(const DownloadCommand &copy) {
  if (copy.bytes == 0)
    return {};
  return context.check(
      context.driver.cuMemcpyDtoHAsync(copy.to, deviceAddress(copy.from),
                                       copy.bytes, context.stream),
      "cuMemcpyDtoHAsync", describe(copy));
}

Status CudaCommandList::run(std::span<CommandTime> times) {
  if (!times.empty()) {
    BCSSL_RETURN_IF_ERROR(context.activate());
    return runTimed(times);
  }
  BCSSL_RETURN_IF_ERROR(start());
  return finish();
}

Status CudaCommandList::start() {
  BCSSL_RETURN_IF_ERROR(context.activate());
  if (!exec)
    return runOneByOne();
  BCSSL_RETURN_IF_ERROR(context.check(
      context.driver.cuGraphLaunch(exec, context.stream), "cuGraphLaunch"));
  isRunning = true;
  return {};
}

Status CudaCommandList::finish() {
  if (!isRunning)
    return {};
  isRunning = false;
  BCSSL_RETURN_IF_ERROR(context.activate());
  return context.check(
      context.driver.cuStreamSynchronize(context.stream), "cuStreamSynchronize",
      "one of " + std::to_string(commands.size()) + " commands of a graph");
}

Status CudaCommandList::runOneByOne() {
  for (Command &command : commands) {
    BCSSL_RETURN_IF_ERROR(
        std::visit([this](auto &one) { return issue(one); }, command));
    BCSSL_RETURN_IF_ERROR(
        context.check(context.driver.cuStreamSynchronize(context.stream),
                      "cuStreamSynchronize", describe(command)));
  }
  return {};
}

Status CudaCommandList::runTimed(std::span<CommandTime> times) {
  const CudaDriver &driver = context.driver;
  while (events.size() <= commands.size()) {
    CUevent event = nullptr;
    BCSSL_RETURN_IF_ERROR(context.check(
        driver.cuEventCreate(&event, CU_EVENT_DEFAULT), "cuEventCreate"));
    events.push_back(event);
  }
  auto record = [&](size_t number) {
    return context.check(driver.cuEventRecord(events[number], context.stream),
                         "cuEventRecord");
  };
  auto start = static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(
          std::chrono::steady_clock::now().time_since_epoch())
          .count());
  BCSSL_RETURN_IF_ERROR(record(0));
  for (size_t i = 0; i < commands.size(); ++i) {
    BCSSL_RETURN_IF_ERROR(
        std::visit([this](auto &one) { return issue(one); }, commands[i]));
    BCSSL_RETURN_IF_ERROR(record(i + 1));
  }
  BCSSL_RETURN_IF_ERROR(context.synchronize());
  uint64_t before = start;
  for (size_t i = 0; i < commands.size(); ++i) {
    float milliseconds = 0;
    BCSSL_RETURN_IF_ERROR(context.check(
        driver.cuEventElapsedTime(&milliseconds, events[0], events[i + 1]),
        "cuEventElapsedTime"));
    uint64_t after =
        start + static_cast<uint64_t>(static_cast<double>(milliseconds) * 1e6);
    times[i] = {before, std::max(before, after)};
    before = times[i].end;
  }
  return {};
}

} // namespace bcssl::cuda
