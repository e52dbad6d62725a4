//===- CpuDevice.cpp - command lists on the thread pool -------------------===//

#include "runtime/device/cpu/CpuDevice.h"
#include "runtime/device/cpu/CpuLevel.h"
#include "runtime/device/cpu/CpuMemory.h"
#include "runtime/device/cpu/ElfImage.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <sched.h>

namespace bcssl {

/// A launch with fewer operations than this takes some microseconds on one
/// thread, about what it costs to get another one going.
static constexpr uint64_t smallFlops = 40'000;

/// Copies and fills are cut into pieces of this size, if there are several.
static constexpr uint64_t pieceBytes = uint64_t{256} << 10;

unsigned availableThreads() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) != 0)
    return std::max(1u, std::thread::hardware_concurrency());
  return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
}

static uint64_t now() {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(
          std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

namespace {

class CpuModule final : public DeviceModule {
public:
  explicit CpuModule(ElfImage image) : image(std::move(image)) {}
  Result<KernelHandle> find(const std::string &symbol) override {
    return image.find(symbol);
  }

private:
  ElfImage image;
};

/// Copies piece `tile` of arguments (to, from, bytes).
void copyPiece(void *const *arguments, int64_t tile) {
  uint64_t total = *static_cast<const uint64_t *>(arguments[2]);
  uint64_t at = static_cast<uint64_t>(tile) * pieceBytes;
  std::memcpy(static_cast<std::byte *>(arguments[0]) + at,
              static_cast<const std::byte *>(arguments[1]) + at,
              std::min(pieceBytes, total - at));
}

/// Zeroes piece `tile` of arguments (at, bytes).
void zeroPiece(void *const *arguments, int64_t tile) {
  uint64_t total = *static_cast<const uint64_t *>(arguments[1]);
  uint64_t at = static_cast<uint64_t>(tile) * pieceBytes;
  std::memset(static_cast<std::byte *>(arguments[0]) + at, 0,
              std::min(pieceBytes, total - at));
}

class CpuCommandList final : public CommandList {
public:
  CpuCommandList(ThreadPool &pool, std::vector<Command> commands)
      : pool(pool), commands(std::move(commands)) {}

  Status run(std::span<CommandTime> times) override {
    for (size_t i = 0; i < commands.size(); ++i) {
      if (times.empty()) {
        std::visit([this](const auto &command) { execute(command); },
                   commands[i]);
        continue;
      }
      times[i].begin = now();
      std::visit([this](const auto &command) { execute(command); },
                 commands[i]);
      times[i].end = now();
    }
    return {};
  }

private:
  void execute(const LaunchCommand &launch) {
    auto function = reinterpret_cast<TileFunction>(launch.kernel);
    void *const *arguments = launch.arguments.data();
    if (launch.flops == 0 || launch.flops >= smallFlops)
      return pool.run(function, arguments, launch.tiles);
    for (uint64_t tile = 0; tile < launch.tiles; ++tile)
      function(arguments, static_cast<int64_t>(tile));
  }

  void execute(const CopyCommand &copy) {
    uint64_t bytes = copy.bytes;
    void *arguments[] = {copy.to, const_cast<std::byte *>(copy.from), &bytes};
    pool.run(copyPiece, arguments, (bytes + pieceBytes - 1) / pieceBytes);
  }

  void execute(const DownloadCommand &copy) {
    execute(CopyCommand{copy.to, copy.from, copy.bytes});
  }

  void execute(const ZeroCommand &zero) {
    uint64_t bytes = zero.bytes;
    void *arguments[] = {zero.at, &bytes};
    pool.run(zeroPiece, arguments, (bytes + pieceBytes - 1) / pieceBytes);
  }

  ThreadPool &pool;
  std::vector<Command> commands;
};

} // namespace

Result<std::unique_ptr<CpuDevice>>
CpuDevice::create(unsigned threads, const std::string &target) {
  std::vector<std::string> supported = cpuTargets();
  if (!target.empty()) {
    if (!std::ranges::count(supported, target)) {
      std::string list = supported.empty() ? "none of ours" : "";
      for (const std::string &name : supported)
        list += (list.empty() ? "" : ", ") + name;
      return Error{ExitCode::NoDevice, "no-device",
                   "this CPU cannot run " + target + "; it runs " + list};
    }
    supported = {target};
  }
  return std::unique_ptr<CpuDevice>(new CpuDevice(
      threads ? threads : availableThreads(), std::move(supported)));
}

std::string CpuDevice::chip() const { return cpuName(); }

std::string CpuDevice::description() const {
  unsigned count = pool.threads();
  return cpuName() + ", " + std::to_string(count) +
         (count == 1 ? " thread" : " threads");
}

std::optional<unsigned> CpuDevice::rank(const std::string &target,
                                        const std::string &format) const {
  auto found = std::ranges::find(supported, target);
  if (found == supported.end() || format != "elf")
    return std::nullopt;
  return static_cast<unsigned>(found - supported.begin());
}

Result<std::unique_ptr<DeviceMemory>>
CpuDevice::allocate(uint64_t bytes, const std::string &what) {
  return CpuMemory::map(bytes, what);
}

Result<std::unique_ptr<Staging>> CpuDevice::stage(DeviceMemory &block,
                                                  const std::string &) {
  return std::unique_ptr<Staging>(new CpuStaging(block));
}

Result<std::unique_ptr<DeviceModule>>
CpuDevice::load(std::span<const std::byte> image) {
  auto loaded = ElfImage::load(image);
  if (!loaded)
    return loaded.error();
  return std::unique_ptr<DeviceModule>(new CpuModule(std::move(*loaded)));
}

Result<std::unique_ptr<CommandList>>
CpuDevice::prepare(std::vector<Command> commands) {
  return std::unique_ptr<CommandList>(
      new CpuCommandList(pool, std::move(commands)));
}

} // namespace bcssl
