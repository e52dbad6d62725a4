//===- Session.h - an executable on a device --------------------*- C++ -*-===//
//
// Holds the memory of an executable (state, one arena for all programs, inputs
// and outputs of each) and runs its programs.
//
//   auto session = Session::open(executable, {.threads = 2});
//   (*session)->initialize(/*seed=*/0);
//   Status status = (*session)->run("step", {{"images", images}, {"rate",
//   rate}},
//                                   {{"loss", loss}});
//
// One thread uses a session at a time.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_EXECUTABLE_SESSION_H
#define BCSSL_RUNTIME_EXECUTABLE_SESSION_H

#include "runtime/device/Device.h"
#include "runtime/executable/Executable.h"
#include "runtime/executable/Trace.h"

#include <initializer_list>

namespace bcssl {

struct SessionOptions {
  std::string device = "cpu"; ///< as openDevice takes it
  unsigned threads = 0;       ///< 0: as many as the process may run on
  bool profile = false;       ///< keep the times of all instructions
  bool graph = true;          ///< GPUs: run programs as graphs
};

/// Elements for the input port of that name.
struct Input {
  Input(std::string_view name, std::span<const float> elements)
      : name(name), type(DataType::F32), bytes(std::as_bytes(elements)) {}
  Input(std::string_view name, std::span<const int32_t> elements)
      : name(name), type(DataType::I32), bytes(std::as_bytes(elements)) {}
  Input(std::string_view name, DataType type, std::span<const std::byte> bytes)
      : name(name), type(type), bytes(bytes) {}

  std::string_view name;
  DataType type;
  std::span<const std::byte> bytes;
};

/// Where to put the elements of the output port of that name.
struct Output {
  Output(std::string_view name, std::span<float> elements)
      : name(name), type(DataType::F32),
        bytes(std::as_writable_bytes(elements)) {}
  Output(std::string_view name, std::span<int32_t> elements)
      : name(name), type(DataType::I32),
        bytes(std::as_writable_bytes(elements)) {}
  Output(std::string_view name, DataType type, std::span<std::byte> bytes)
      : name(name), type(type), bytes(bytes) {}

  std::string_view name;
  DataType type;
  std::span<std::byte> bytes;
};

class Session {
public:
  /// Opens the device, chooses and loads an image, and gets the memory.
  /// Variables are zero. Errors: those of openDevice, "no-image",
  /// "image-invalid", "image-load", "image-symbol", "out-of-memory".
  static Result<std::unique_ptr<Session>>
  open(std::shared_ptr<const Executable> executable,
       const SessionOptions &options = {});
  /// The same on a device that is open.
  static Result<std::unique_ptr<Session>>
  open(std::shared_ptr<const Executable> executable,
       std::unique_ptr<Device> device, bool profile = false);

  /// Gives every variable its first value (see Initialize.h).
  Status initialize(uint64_t seed);

  /// Runs a program. Every input must be given, with the port's type and number
  /// of elements; outputs are copied out where asked for. A span that
  /// inputBytes() gave is used in place. Errors: "no-such-program",
  /// "no-such-input", "no-such-output", "missing-input", "input-type",
  /// "input-size", "output-type", "output-size", those of the device.
  Status run(std::string_view program, std::span<const Input> inputs,
             std::span<const Output> outputs);
  Status run(std::string_view program, std::initializer_list<Input> inputs,
             std::initializer_list<Output> outputs) {
    return run(program, std::span(inputs.begin(), inputs.size()),
               std::span(outputs.begin(), outputs.size()));
  }

  /// Begins to bring inputs to the device for the next start() of a program,
  /// beside the one that runs; until that has returned their memory must not
  /// change. Errors: those of run() for inputs, "out-of-memory".
  Status stage(std::string_view program, std::span<const Input> inputs);
  /// run() in two halves, between which stage() may be called. The first begins
  /// with what was staged and the inputs that are given, whose memory must not
  /// change before the second; the second waits and copies outputs out.
  Status start(std::string_view program, std::span<const Input> inputs);
  Status finish(std::string_view program, std::span<const Output> outputs);

  /// The host's memory of an input or output port, for use in place; empty
  /// where there is no such program or port. An output keeps its value until
  /// the next run of its program.
  std::span<std::byte> inputBytes(std::string_view program,
                                  std::string_view port);
  std::span<const std::byte> outputBytes(std::string_view program,
                                         std::string_view port) const;

  /// Copies the bytes of variable number `variable` as stored; `to` and `from`
  /// have their size. Errors: those of the device.
  Status readVariable(size_t variable, std::span<std::byte> to) const;
  Status writeVariable(size_t variable, std::span<const std::byte> from);
  /// The same by name. Errors: "no-such-variable" (Usage).
  Result<std::vector<std::byte>> readVariable(std::string_view name) const;
  Status writeVariable(std::string_view name, std::span<const std::byte> from);

  /// Makes inputs from this memory fast to give, as often as they are given; it
  /// must outlive the result, and this session too. May be null.
  std::unique_ptr<PinnedMemory> pin(std::span<const std::byte> memory) {
    return device->pin(memory);
  }

  const Executable &executable() const { return *file; }
  /// Chip, threads and image, for people.
  const std::string &description() const { return text; }

  /// The arena as planned (that of the largest program), and the part of it
  /// that has been touched since the start.
  uint64_t arenaBytes() const { return arena->size(); }
  uint64_t arenaResidentBytes() const { return arena->residentBytes(); }

  /// Writes what a session with `profile` has recorded.
  Status writeTrace(const std::string &path) const;

private:
  /// A program with its memory. The list has one command an instruction, and
  /// behind them the one that copies outputs to their mirror.
  struct Loaded {
    std::unique_ptr<DeviceMemory> inputs;
    std::unique_ptr<DeviceMemory> outputs;
    std::unique_ptr<CommandList> commands;
    std::unique_ptr<Staging> staging; ///< of the inputs, once it is asked for
    std::vector<bool> staged;         ///< which inputs wait there
    bool inputsMirrored = false;
    size_t downloads = 0; ///< 0 or 1
  };

  /// A kernel and how it starts; the geometry is that of GPUs.
  struct LoadedKernel {
    KernelHandle handle = nullptr;
    artifact::Geometry geometry;
    std::vector<TensorMap> tensorMaps = {};
  };

  Session(std::shared_ptr<const Executable> file,
          std::unique_ptr<Device> device)
      : file(std::move(file)), device(std::move(device)) {}

  Result<const artifact::Image *> chooseImage() const;
  Error noImage() const;
  Status loadImages();
  Status findKernels(const artifact::Image &image);
  Status allocate();
  Status prepare(const artifact::Program &program, Loaded &loaded);
  std::byte *addressOf(const artifact::Slot &slot, const Loaded &loaded) const;
  Command commandOf(const artifact::Instruction &instruction,
                    const Loaded &loaded) const;
  Result<size_t> programNumber(std::string_view name) const;
  Status give(const artifact::Program &program, Loaded &loaded,
              std::span<const Input> inputs);
  Status take(const artifact::Program &program, Loaded &loaded,
              std::span<const Output> outputs);

  // Later members point into earlier ones.
  std::shared_ptr<const Executable> file;
  std::unique_ptr<Device> device;
  std::string text;
  std::vector<std::unique_ptr<DeviceModule>> modules;
  std::vector<LoadedKernel> kernels;
  std::unique_ptr<DeviceMemory> state;
  std::unique_ptr<DeviceMemory> arena;
  std::vector<Loaded> programs;
  std::optional<Trace> trace;
};

} // namespace bcssl

#endif // BCSSL_RUNTIME_EXECUTABLE_SESSION_H
