//===- Device.h - what runs a program ---------------------------*- C++ -*-===//
//
// A device holds memory blocks, loads machine code and runs prepared command
// lists. Addresses are resolved once, when a list is prepared, so that a run is
// one pass over ready commands on the CPU and one graph launch on a GPU, where
// a prepared list is captured into a graph on its stream.
//
// One thread uses a device at a time. Errors of any call on a GPU:
// "device-lost" (Internal) after which it answers nothing else, "device-failed"
// (Internal).
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_DEVICE_DEVICE_H
#define BCSSL_RUNTIME_DEVICE_DEVICE_H

#include "runtime/base/Status.h"
#include "runtime/device/TensorMap.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace bcssl {

/// Whether an error is one of a device or its memory, not of what it was asked.
inline bool isDeviceError(const Error &error) {
  return error.id == "device-lost" || error.id == "device-failed" ||
         error.id == "out-of-memory";
}

/// A piece of device memory, 64-byte aligned, zero at first.
class DeviceMemory {
public:
  virtual ~DeviceMemory() = default;
  /// Where the device sees it.
  virtual std::byte *address() = 0;
  /// Where the host may read and write it, or null. Where it is neither that
  /// nor address(), it is a mirror which startWrite and DownloadCommand copy.
  virtual std::byte *host() = 0;
  virtual uint64_t size() const = 0;
  /// Copies of a part, which lies inside; done when they return.
  virtual Status read(uint64_t offset, std::span<std::byte> to) = 0;
  virtual Status write(uint64_t offset, std::span<const std::byte> from) = 0;
  /// Begins a copy for the next list that runs on the device; `from` must not
  /// change before that run is over.
  virtual Status startWrite(uint64_t offset,
                            std::span<const std::byte> from) = 0;
  /// Bytes of physical memory behind it: what was touched, in whole pages.
  virtual uint64_t residentBytes() const = 0;
};

/// Host memory that the device copies from without the CPU's help, while this
/// lives.
class PinnedMemory {
public:
  virtual ~PinnedMemory() = default;
};

/// A second place for the bytes of a block, which the host fills while lists
/// run. Copies that it begins are ordered with lists: none overwrites what a
/// deliver() before it still reads, and the next list sees what was delivered.
class Staging {
public:
  virtual ~Staging() = default;
  /// Begins to bring bytes for a part of the block, which lies inside; `from`
  /// must not change before release().
  virtual Status write(uint64_t offset, std::span<const std::byte> from) = 0;
  /// Puts what was written since the last time in its place, for the next list
  /// that runs.
  virtual Status deliver() = 0;
  /// Waits until what was written has left the host's memory.
  virtual Status release() = 0;
};

/// A kernel of a loaded image.
using KernelHandle = void *;

/// A loaded image of machine code. It must outlive lists that use its kernels.
class DeviceModule {
public:
  virtual ~DeviceModule() = default;
  /// Errors: "image-symbol" where the image lacks the kernel.
  virtual Result<KernelHandle> find(const std::string &symbol) = 0;
};

/// Runs `kernel` for every tile in [0, tiles), in any order, on any thread. On
/// a GPU a tile is a block.
struct LaunchCommand {
  KernelHandle kernel = nullptr;
  std::vector<void *> arguments; ///< device addresses
  uint64_t tiles = 0;
  uint64_t flops = 0;       ///< of all tiles, 0 where unknown
  uint32_t threads = 0;     ///< of a block; CPUs do not read it
  uint32_t sharedBytes = 0; ///< of a block; CPUs do not read it
  std::string name = {};    ///< for error messages
  /// How many bytes behind each argument are the kernel's, where that is known:
  /// a driver that checks accesses reads it.
  std::vector<uint64_t> argumentBytes = {};
  /// What a GPU's kernel takes by value behind its arguments, in order.
  std::vector<TensorMap> tensorMaps = {};
};

/// Copies between device addresses that do not overlap.
struct CopyCommand {
  std::byte *to = nullptr;
  const std::byte *from = nullptr;
  uint64_t bytes = 0;
};

/// Fills with zero.
struct ZeroCommand {
  std::byte *at = nullptr;
  uint64_t bytes = 0;
};

/// Copies from the device to host memory of allocatePorts().
struct DownloadCommand {
  std::byte *to = nullptr;
  const std::byte *from = nullptr;
  uint64_t bytes = 0;
};

using Command =
    std::variant<LaunchCommand, CopyCommand, ZeroCommand, DownloadCommand>;

/// When one command ran: nanoseconds on the steady clock.
struct CommandTime {
  uint64_t begin = 0;
  uint64_t end = 0;
};

/// A prepared list. Commands run in order, each after the one before is done.
class CommandList {
public:
  virtual ~CommandList() = default;
  /// Runs all commands; they are done when it returns. With `times` (one place
  /// a command) each command is timed by itself.
  virtual Status run(std::span<CommandTime> times = {}) = 0;
  /// Begins to run all commands; they are done when the finish() that must
  /// follow returns. In between the device's other lists must not run. Devices
  /// that cannot work beside the calling thread do all of it at once.
  virtual Status start() { return run(); }
  virtual Status finish() { return {}; }
};

/// A CPU or a GPU. It outlives its memory, modules and lists.
class Device {
public:
  virtual ~Device() = default;
  /// What kind it is, for people: a CPU's name, "sm_86".
  virtual std::string chip() const = 0;
  /// Names of images that it can run, best first, for people:
  /// "cpu:x86-64-v4", ...
  virtual std::vector<std::string> targets() const = 0;
  /// What bcssl-compile's --target has to name for this device; empty: what it
  /// does without.
  virtual std::string compileTargets() const = 0;
  /// How well it runs an image of that target and format: 0 is best, nothing
  /// where it cannot.
  virtual std::optional<unsigned> rank(const std::string &target,
                                       const std::string &format) const = 0;
  /// One line for people: chip and threads.
  virtual std::string description() const = 0;
  /// Bytes that allocate() can still give, where that is a fixed number: memory
  /// of CPUs is there when it is touched.
  virtual Result<std::optional<uint64_t>> freeBytes() = 0;
  /// Errors: "out-of-memory" with `what` and the size.
  virtual Result<std::unique_ptr<DeviceMemory>>
  allocate(uint64_t bytes, const std::string &what) = 0;
  /// The same with host(), for what goes in and comes out of programs.
  virtual Result<std::unique_ptr<DeviceMemory>>
  allocatePorts(uint64_t bytes, const std::string &what) = 0;
  /// A place for what comes next into `block`, which outlives it. Errors:
  /// "out-of-memory" with `what` and the size.
  virtual Result<std::unique_ptr<Staging>> stage(DeviceMemory &block,
                                                 const std::string &what) = 0;
  /// Makes startWrite and Staging from this memory fast; null where it is so
  /// anyway or cannot be.
  virtual std::unique_ptr<PinnedMemory>
  pin(std::span<const std::byte> memory) = 0;
  /// Loads an image. Errors: "image-invalid", "image-load".
  virtual Result<std::unique_ptr<DeviceModule>>
  load(std::span<const std::byte> image) = 0;
  virtual Result<std::unique_ptr<CommandList>>
  prepare(std::vector<Command> commands) = 0;
};

} // namespace bcssl

#endif // BCSSL_RUNTIME_DEVICE_DEVICE_H
