//===- SessionRuns.cpp - inputs, runs, outputs ----------------------------===//

#include "runtime/executable/Session.h"

#include <algorithm>
#include <cstring>

namespace bcssl {

using namespace artifact;

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

Result<size_t> Session::programNumber(std::string_view name) const {
  if (auto number = file->findProgram(name))
    return *number;
  std::string known;
  for (const Program &program : file->contents().programs)
    known += (known.empty() ? "" : ", ") + program.name;
  return wrongCall("no-such-program", "expects a program of " + known +
                                          ", got " + std::string(name));
}

/// The ports of inputs.
static Result<std::vector<const Port *>>
findInputs(const Program &program, std::span<const Input> inputs) {
  std::vector<const Port *> ports;
  for (const Input &input : inputs) {
    BCSSL_ASSIGN_OR_RETURN(port, findPort(program.inputs, "input", input.name,
                                          input.type, input.bytes.size()));
    ports.push_back(port);
  }
  return ports;
}

/// A wrong output must not be found after minutes of work.
static Status checkOutputs(const Program &program,
                           std::span<const Output> outputs) {
  for (const Output &output : outputs)
    if (auto port = findPort(program.outputs, "output", output.name,
                             output.type, output.bytes.size());
        !port)
      return port.error();
  return {};
}

Status Session::stage(std::string_view name, std::span<const Input> inputs) {
  BCSSL_ASSIGN_OR_RETURN(number, programNumber(name));
  const Program &program = file->contents().programs[number];
  Loaded &loaded = programs[number];
  BCSSL_ASSIGN_OR_RETURN(ports, findInputs(program, inputs));
  if (!loaded.staging) {
    BCSSL_ASSIGN_OR_RETURN(
        staging,
        device->stage(*loaded.inputs, "the next inputs of " + program.name));
    loaded.staging = std::move(staging);
    loaded.staged.resize(program.inputs.size());
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    BCSSL_RETURN_IF_ERROR(
        loaded.staging->write(ports[i]->offset, inputs[i].bytes));
    loaded.staged[ports[i] - program.inputs.data()] = true;
  }
  return {};
}

Status Session::give(const Program &program, Loaded &loaded,
                     std::span<const Input> inputs) {
  BCSSL_ASSIGN_OR_RETURN(ports, findInputs(program, inputs));
  std::vector<bool> given = loaded.staged;
  given.resize(program.inputs.size());
  for (const Port *port : ports)
    given[port - program.inputs.data()] = true;
  auto missing = std::ranges::find(given, false);
  if (missing != given.end())
    return wrongCall("missing-input",
                     "program " + program.name + " expects the input " +
                         program.inputs[missing - given.begin()].name);
  // Copies that are under way read the caller's memory, so they begin when
  // nothing can be wrong any more.
  if (loaded.staging) {
    loaded.staged.assign(loaded.staged.size(), false);
    BCSSL_RETURN_IF_ERROR(loaded.staging->deliver());
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    std::span<const std::byte> from = inputs[i].bytes;
    bool inPlace = from.data() == loaded.inputs->host() + ports[i]->offset;
    if (loaded.inputsMirrored || !inPlace)
      BCSSL_RETURN_IF_ERROR(loaded.inputs->startWrite(ports[i]->offset, from));
  }
  return {};
}

Status Session::start(std::string_view name, std::span<const Input> inputs) {
  BCSSL_ASSIGN_OR_RETURN(number, programNumber(name));
  const Program &program = file->contents().programs[number];
  Loaded &loaded = programs[number];
  BCSSL_RETURN_IF_ERROR(give(program, loaded, inputs));
  if (trace) {
    std::vector<CommandTime> times(program.instructions.size() +
                                   loaded.downloads);
    BCSSL_RETURN_IF_ERROR(loaded.commands->run(times));
    trace->add(number, {times.begin(), times.end() - loaded.downloads});
  } else {
    BCSSL_RETURN_IF_ERROR(loaded.commands->start());
  }
  return loaded.staging ? loaded.staging->release() : Status();
}

Status Session::finish(std::string_view name, std::span<const Output> outputs) {
  BCSSL_ASSIGN_OR_RETURN(number, programNumber(name));
  Loaded &loaded = programs[number];
  BCSSL_RETURN_IF_ERROR(loaded.commands->finish());
  return take(file->contents().programs[number], loaded, outputs);
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
  BCSSL_ASSIGN_OR_RETURN(number, programNumber(name));
  BCSSL_RETURN_IF_ERROR(
      checkOutputs(file->contents().programs[number], outputs));
  BCSSL_RETURN_IF_ERROR(start(name, inputs));
  return finish(name, outputs);
}

} // namespace bcssl
