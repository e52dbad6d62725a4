//===- Session.cpp - image, memory, commands ------------------------------===//

#include "runtime/executable/Session.h"
#include "runtime/device/OpenDevice.h"
#include "runtime/executable/Initialize.h"
#include "runtime/executable/MemoryNeed.h"

#include <algorithm>
#include <cstring>

namespace bcssl {

using namespace artifact;

Result<std::unique_ptr<Session>>
Session::open(std::shared_ptr<const Executable> executable,
              const SessionOptions &options) {
  BCSSL_ASSIGN_OR_RETURN(
      device, openDevice({options.device, options.threads, options.graph}));
  return open(std::move(executable), std::move(device), options.profile);
}

Result<std::unique_ptr<Session>>
Session::open(std::shared_ptr<const Executable> executable,
              std::unique_ptr<Device> device, bool profile) {
  std::unique_ptr<Session> session(
      new Session(std::move(executable), std::move(device)));
  const Contents &contents = session->file->contents();
  BCSSL_RETURN_IF_ERROR(session->loadImages());
  BCSSL_RETURN_IF_ERROR(checkMemory(*session->file, *session->device));
  BCSSL_RETURN_IF_ERROR(session->allocate());
  for (size_t i = 0; i < contents.programs.size(); ++i)
    BCSSL_RETURN_IF_ERROR(
        session->prepare(contents.programs[i], session->programs[i]));
  if (profile)
    session->trace.emplace(contents);
  return session;
}

/// The first image of those that the device runs best.
Result<const Image *> Session::chooseImage() const {
  const Contents &contents = file->contents();
  const Image *best = nullptr;
  unsigned bestRank = 0;
  for (const Image &image : contents.images) {
    auto rank = device->rank(image.target, image.format);
    if (!rank || (best && *rank >= bestRank))
      continue;
    best = &image;
    bestRank = *rank;
  }
  if (best)
    return best;
  return noImage();
}

/// What the device runs, what the file has, and how to get the one from the
/// other.
Error Session::noImage() const {
  std::string runs, has;
  auto add = [](std::string &list, const std::string &entry) {
    list += (list.empty() ? "" : ", ") + entry;
  };
  for (const std::string &target : device->targets())
    add(runs, target);
  for (const ImageGroup &group : groupsOf(file->contents().images))
    add(has, group.first->target + " (" + group.first->format + ")");
  std::string targets = device->compileTargets();
  return {ExitCode::NoDevice,
          "no-image",
          "expects machine code for one of " + runs + " (device is " +
              device->chip() + "), got " + has,
          file->file(),
          {},
          targets.empty() ? "compile the program for this machine"
                          : "compile the program with --target=" + targets};
}

/// Loads the chosen image, and the others that hold kernels of its target.
Status Session::loadImages() {
  BCSSL_ASSIGN_OR_RETURN(chosen, chooseImage());
  text = device->description() + ", " + chosen->target;
  Status status;
  for (const Image &image : file->contents().images) {
    if (image.target != chosen->target || image.format != chosen->format)
      continue;
    auto loaded = device->load(image.bytes);
    if (!loaded) {
      status = loaded.error();
      break;
    }
    modules.push_back(std::move(*loaded));
  }
  if (status)
    status = findKernels(*chosen);
  if (status)
    return {};
  Error error = status.error();
  error.file = file->file();
  return error;
}

/// Looks for each kernel in every image that was loaded.
Status Session::findKernels(const Image &image) {
  const std::vector<Kernel> &wanted = file->contents().kernels;
  const LaunchTable *table = file->contents().launchTableOf(image);
  kernels.resize(wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    Status status;
    for (const auto &module : modules) {
      auto found = module->find(wanted[i].symbol);
      status = found ? Status() : Status(found.error());
      if (found)
        kernels[i].handle = *found;
      if (found || found.error().id != "image-symbol")
        break;
    }
    BCSSL_RETURN_IF_ERROR(status);
    if (!table)
      continue;
    kernels[i].geometry = table->geometry[i];
    for (const KernelTensorMap &one :
         table->tensorMapsOf(static_cast<uint32_t>(i)))
      kernels[i].tensorMaps.push_back(one.map);
  }
  return {};
}

/// Gets all memory. Programs never run at the same time, so they share an
/// arena.
Status Session::allocate() {
  const Contents &contents = file->contents();
  auto get = [&](uint64_t bytes, const std::string &what,
                 std::unique_ptr<DeviceMemory> &to) -> Status {
    BCSSL_ASSIGN_OR_RETURN(memory, device->allocate(bytes, what));
    to = std::move(memory);
    return {};
  };
  auto getPorts = [&](uint64_t bytes, const std::string &what,
                      std::unique_ptr<DeviceMemory> &to) -> Status {
    BCSSL_ASSIGN_OR_RETURN(memory, device->allocatePorts(bytes, what));
    to = std::move(memory);
    return {};
  };
  BCSSL_RETURN_IF_ERROR(get(contents.stateBytes, "the variables", state));
  uint64_t most = 0;
  programs.resize(contents.programs.size());
  for (size_t i = 0; i < contents.programs.size(); ++i) {
    const Program &program = contents.programs[i];
    most = std::max(most, program.arenaBytes);
    BCSSL_RETURN_IF_ERROR(getPorts(program.inputBytes,
                                   "the inputs of " + program.name,
                                   programs[i].inputs));
    BCSSL_RETURN_IF_ERROR(getPorts(program.outputBytes,
                                   "the outputs of " + program.name,
                                   programs[i].outputs));
  }
  return get(most, "the arena", arena);
}

std::byte *Session::addressOf(const Slot &slot, const Loaded &loaded) const {
  DeviceMemory *blocks[] = {arena.get(), state.get(), loaded.inputs.get(),
                            loaded.outputs.get()};
  return blocks[static_cast<int>(slot.space)]->address() + slot.offset;
}

Command Session::commandOf(const Instruction &instruction,
                           const Loaded &loaded) const {
  if (auto *launch = std::get_if<Launch>(&instruction)) {
    const auto &[handle, geometry, tensorMaps] = kernels[launch->kernel];
    LaunchCommand command{.kernel = handle,
                          .arguments = {},
                          .tiles = launch->tiles,
                          .flops = launch->flops,
                          .threads = geometry.threads,
                          .sharedBytes = geometry.sharedBytes,
                          .name =
                              file->contents().kernels[launch->kernel].symbol};
    if (geometry.blocks > 0)
      command.tiles = geometry.blocks;
    command.arguments.reserve(launch->slots.size());
    for (const Slot &slot : launch->slots) {
      command.arguments.push_back(addressOf(slot, loaded));
      command.argumentBytes.push_back(slot.bytes);
    }
    command.tensorMaps = tensorMaps;
    return command;
  }
  if (auto *move = std::get_if<Move>(&instruction)) {
    const Slot &first = move->slots.front();
    if (move->slots.size() == 1)
      return ZeroCommand{addressOf(first, loaded), first.bytes};
    return CopyCommand{addressOf(move->slots[1], loaded),
                       addressOf(first, loaded), first.bytes};
  }
  // The sum over the ranks of a single process is the value itself: copies
  // nothing.
  return CopyCommand{};
}

/// Whether the host's side of the block is a copy.
static bool isMirrored(DeviceMemory &memory) {
  return memory.size() > 0 && memory.host() != memory.address();
}

Status Session::prepare(const Program &program, Loaded &loaded) {
  std::vector<Command> commands;
  commands.reserve(program.instructions.size() + 1);
  DeviceMemory &outputs = *loaded.outputs;
  loaded.inputsMirrored = isMirrored(*loaded.inputs);
  loaded.downloads = isMirrored(outputs);
  for (const Instruction &instruction : program.instructions)
    commands.push_back(commandOf(instruction, loaded));
  if (loaded.downloads)
    commands.push_back(
        DownloadCommand{outputs.host(), outputs.address(), outputs.size()});
  BCSSL_ASSIGN_OR_RETURN(list, device->prepare(std::move(commands)));
  loaded.commands = std::move(list);
  return {};
}

Status Session::initialize(uint64_t seed) {
  const Contents &contents = file->contents();
  if (std::byte *host = state->host()) {
    initializeVariables(contents, {host, state->size()}, seed);
    return {};
  }
  std::vector<std::byte> values(state->size());
  initializeVariables(contents, values, seed);
  return state->write(0, values);
}

std::span<std::byte> Session::inputBytes(std::string_view program,
                                         std::string_view port) {
  auto number = file->findProgram(program);
  if (!number)
    return {};
  const std::vector<Port> &ports = file->contents().programs[*number].inputs;
  auto found = std::ranges::find(ports, port, &Port::name);
  if (found == ports.end())
    return {};
  return {programs[*number].inputs->host() + found->offset, found->bytes()};
}

std::span<const std::byte> Session::outputBytes(std::string_view program,
                                                std::string_view port) const {
  auto number = file->findProgram(program);
  if (!number)
    return {};
  const std::vector<Port> &ports = file->contents().programs[*number].outputs;
  auto found = std::ranges::find(ports, port, &Port::name);
  if (found == ports.end())
    return {};
  return {programs[*number].outputs->host() + found->offset, found->bytes()};
}

Status Session::readVariable(size_t number, std::span<std::byte> to) const {
  return state->read(file->variables()[number].offset, to);
}

Status Session::writeVariable(size_t number, std::span<const std::byte> from) {
  return state->write(file->variables()[number].offset, from);
}

static Error noVariable(std::string_view name) {
  return {ExitCode::Usage, "no-such-variable",
          "expects a variable, got " + std::string(name)};
}

Result<std::vector<std::byte>>
Session::readVariable(std::string_view name) const {
  auto number = file->findVariable(name);
  if (!number)
    return noVariable(name);
  std::vector<std::byte> bytes(file->variables()[*number].bytes());
  BCSSL_RETURN_IF_ERROR(readVariable(*number, bytes));
  return bytes;
}

Status Session::writeVariable(std::string_view name,
                              std::span<const std::byte> from) {
  auto number = file->findVariable(name);
  return number ? writeVariable(*number, from) : Status(noVariable(name));
}

Status Session::writeTrace(const std::string &path) const {
  if (!trace)
    return Error{ExitCode::Usage, "no-profile",
                 "expects a session with a profile"};
  return trace->write(path);
}

} // namespace bcssl
