//===- Session.cpp - image, memory, commands, runs ------------------------===//

#include "runtime/executable/Session.h"
#include "runtime/device/cpu/CpuDevice.h"
#include "runtime/executable/Initialize.h"

#include <algorithm>
#include <cstring>

namespace bcssl {

using namespace artifact;

Result<std::unique_ptr<Session>>
Session::open(std::shared_ptr<const Executable> executable,
              const SessionOptions &options) {
  auto device = CpuDevice::create(options.threads, options.target);
  if (!device)
    return device.error();
  std::unique_ptr<Session> session(
      new Session(std::move(executable), std::move(*device)));
  BCSSL_RETURN_IF_ERROR(session->loadImage());
  BCSSL_RETURN_IF_ERROR(session->allocate());
  const Contents &contents = session->file->contents();
  for (size_t i = 0; i < contents.programs.size(); ++i)
    BCSSL_RETURN_IF_ERROR(
        session->prepare(contents.programs[i], session->programs[i]));
  if (options.profile)
    session->trace.emplace(contents);
  return session;
}

/// Loads the first image in the device's order of preference.
Status Session::loadImage() {
  const Contents &contents = file->contents();
  std::vector<std::string> wanted = device->targets();
  const Image *image = nullptr;
  for (const std::string &target : wanted) {
    auto found = std::ranges::find(contents.images, target, &Image::target);
    if (found == contents.images.end())
      continue;
    image = &*found;
    break;
  }
  if (!image) {
    std::string message = "expects machine code for one of";
    for (const std::string &target : wanted)
      message += " " + target;
    message += ", got";
    for (const Image &other : contents.images)
      message += " " + other.target;
    return Error{
        ExitCode::NoDevice, "no-image", message,
        file->file(),       {},         "compile the program for this machine"};
  }
  text = device->description() + ", " + image->target;
  auto inFile = [&](Error error) {
    error.file = file->file();
    return error;
  };
  auto loaded = device->load(image->bytes);
  if (!loaded)
    return inFile(loaded.error());
  module = std::move(*loaded);
  for (const Kernel &kernel : contents.kernels) {
    auto handle = module->find(kernel.symbol);
    if (!handle)
      return inFile(handle.error());
    kernels.push_back(*handle);
  }
  return {};
}

/// Gets all memory. Programs never run at the same time, so they share an
/// arena.
Status Session::allocate() {
  const Contents &contents = file->contents();
  auto get = [&](uint64_t bytes, const std::string &what,
                 std::unique_ptr<DeviceMemory> &to) -> Status {
    auto memory = device->allocate(bytes, what);
    if (!memory)
      return memory.error();
    to = std::move(*memory);
    return {};
  };
  BCSSL_RETURN_IF_ERROR(get(contents.stateBytes, "the variables", state));
  uint64_t most = 0;
  programs.resize(contents.programs.size());
  for (size_t i = 0; i < contents.programs.size(); ++i) {
    const Program &program = contents.programs[i];
    most = std::max(most, program.arenaBytes);
    BCSSL_RETURN_IF_ERROR(get(program.inputBytes,
                              "the inputs of " + program.name,
                              programs[i].inputs));
    BCSSL_RETURN_IF_ERROR(get(program.outputBytes,
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
    LaunchCommand command{
        kernels[launch->kernel], {}, launch->tiles, launch->flops};
    for (const Slot &slot : launch->slots)
      command.arguments.push_back(addressOf(slot, loaded));
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

Status Session::prepare(const Program &program, Loaded &loaded) {
  std::vector<Command> commands;
  commands.reserve(program.instructions.size());
  for (const Instruction &instruction : program.instructions)
    commands.push_back(commandOf(instruction, loaded));
  auto list = device->prepare(std::move(commands));
  if (!list)
    return list.error();
  loaded.commands = std::move(*list);
  return {};
}

void Session::initialize(uint64_t seed) {
  initializeVariables(file->contents(), {state->host(), state->size()}, seed);
}

static Error wrongCall(const char *id, const std::string &message) {
  return {ExitCode::Usage, id, message};
}

static std::string namesOf(const std::vector<Port> &ports) {
  std::string names;
  for (const Port &port : ports)
    names += (names.empty() ? "" : ", ") + port.name;
  return names.empty() ? "none" : names;
}

/// Looks up a port and compares type and size.
static Result<const Port *> findPort(const std::vector<Port> &ports,
                                     const std::string &kind,
                                     std::string_view name, DataType type,
                                     uint64_t bytes) {
  auto port = std::ranges::find(ports, name, &Port::name);
  if (port == ports.end())
    return wrongCall(kind == "input" ? "no-such-input" : "no-such-output",
                     "expects an " + kind + " of " + namesOf(ports) + ", got " +
                         std::string(name));
  if (port->type != type)
    return wrongCall(kind == "input" ? "input-type" : "output-type",
                     kind + " " + port->name + " expects " +
                         nameOf(port->type) + ", got " + nameOf(type));
  if (port->bytes() != bytes)
    return wrongCall(kind == "input" ? "input-size" : "output-size",
                     kind + " " + port->name + " expects " +
                         std::to_string(port->elements()) + " elements, got " +
                         std::to_string(bytes / sizeOf(type)));
  return &*port;
}

Status Session::give(const Program &program, Loaded &loaded,
                     std::span<const Input> inputs) {
  std::vector<bool> given(program.inputs.size());
  for (const Input &input : inputs) {
    auto port = findPort(program.inputs, "input", input.name, input.type,
                         input.bytes.size());
    if (!port)
      return port.error();
    given[*port - program.inputs.data()] = true;
    std::byte *to = loaded.inputs->host() + (*port)->offset;
    if (to != input.bytes.data())
      std::memcpy(to, input.bytes.data(), input.bytes.size());
  }
  auto missing = std::ranges::find(given, false);
  if (missing != given.end())
    return wrongCall("missing-input",
                     "program " + program.name + " expects the input " +
                         program.inputs[missing - given.begin()].name);
  return {};
}

Status Session::take(const Program &program, Loaded &loaded,
                     std::span<const Output> outputs) {
  for (const Output &output : outputs) {
    auto port = findPort(program.outputs, "output", output.name, output.type,
                         output.bytes.size());
    if (!port)
      return port.error();
    std::memcpy(output.bytes.data(), loaded.outputs->host() + (*port)->offset,
                output.bytes.size());
  }
  return {};
}

Status Session::run(std::string_view name, std::span<const Input> inputs,
                    std::span<const Output> outputs) {
  const Contents &contents = file->contents();
  auto number = file->findProgram(name);
  if (!number) {
    std::string known;
    for (const Program &program : contents.programs)
      known += (known.empty() ? "" : ", ") + program.name;
    return wrongCall("no-such-program", "expects a program of " + known +
                                            ", got " + std::string(name));
  }
  const Program &program = contents.programs[*number];
  Loaded &loaded = programs[*number];
  // A wrong output must not be found after minutes of work.
  for (const Output &output : outputs)
    if (auto port = findPort(program.outputs, "output", output.name,
                             output.type, output.bytes.size());
        !port)
      return port.error();
  BCSSL_RETURN_IF_ERROR(give(program, loaded, inputs));
  std::vector<CommandTime> times(trace ? program.instructions.size() : 0);
  BCSSL_RETURN_IF_ERROR(loaded.commands->run(times));
  if (trace)
    trace->add(*number, std::move(times));
  return take(program, loaded, outputs);
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

std::span<std::byte> Session::variable(size_t number) {
  const Variable &variable = file->variables()[number];
  return {state->host() + variable.offset, variable.bytes()};
}

std::span<std::byte> Session::variable(std::string_view name) {
  auto number = file->findVariable(name);
  return number ? variable(*number) : std::span<std::byte>();
}

Status Session::writeTrace(const std::string &path) const {
  if (!trace)
    return wrongCall("no-profile", "expects a session with a profile");
  return trace->write(path);
}

} // namespace bcssl
