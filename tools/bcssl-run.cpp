//===- bcssl-run.cpp - one function on .npy files -------------------------===//

#include "runtime/base/Flags.h"
#include "runtime/device/OpenDevice.h"
#include "runtime/executable/PortFiles.h"
#include "runtime/executable/Session.h"
#include "runtime/executable/TimedRuns.h"
#include "runtime/train/Checkpoint.h"
#include "runtime/train/SessionState.h"

#include <cstdio>

using namespace bcssl;

namespace {

struct Arguments {
  std::string file, function, checkpoint, profile, device = "cpu";
  std::vector<std::string> inputs, outputs, expected;
  double rtol = 1e-5, atol = 1e-8;
  uint64_t seed = 0, threads = 0;
  int64_t repeat = 0;
  bool json = false, graph = true, overlap = false;
};

/// First values by seed, then what the checkpoint holds: all variables where it
/// is one of this program, else the network's weights by name.
Status prepareState(Session &session, const Arguments &arguments) {
  BCSSL_RETURN_IF_ERROR(session.initialize(arguments.seed));
  if (arguments.checkpoint.empty())
    return {};
  SessionState state(session);
  auto whole = loadCheckpoint(arguments.checkpoint, state);
  return whole.ok() ? Status() : loadWeights(arguments.checkpoint, state);
}

/// Prints small outputs, writes and compares files. False where a value is not
/// as expected.
Result<bool> handOut(Session &session, const artifact::Program &program,
                     const Arguments &arguments) {
  auto bytes = [&](const artifact::Port &port) {
    return session.outputBytes(program.name, port.name);
  };
  for (const artifact::Port &port : program.outputs)
    if (port.elements() == 1)
      std::printf("%s = %.9g\n", port.name.c_str(),
                  portElement(port, bytes(port), 0));
  BCSSL_ASSIGN_OR_RETURN(
      outputs, assignPorts(arguments.outputs, program.outputs, "output"));
  for (const PortFile &file : outputs)
    BCSSL_RETURN_IF_ERROR(writePort(*file.port, bytes(*file.port), file.path));
  BCSSL_ASSIGN_OR_RETURN(
      expected, assignPorts(arguments.expected, program.outputs, "output"));
  bool good = true;
  for (const PortFile &file : expected) {
    BCSSL_ASSIGN_OR_RETURN(comparison,
                           comparePort(*file.port, bytes(*file.port), file.path,
                                       arguments.rtol, arguments.atol));
    std::printf("%s: %s\n", file.port->name.c_str(), comparison.text().c_str());
    good &= comparison.wrong == 0;
  }
  return good;
}

void printTimes(const Session &session, const std::string &program,
                const std::vector<RunTime> &times, bool json) {
  if (json) {
    std::printf("%s\n", timesAsJson(session, program, times).c_str());
    return;
  }
  for (const RunTime &time : times)
    std::printf("%.6f s, %.6f s of all threads\n", time.wall, time.cpu);
}

Result<bool> run(const Arguments &arguments) {
  BCSSL_ASSIGN_OR_RETURN(executable, Executable::open(arguments.file));
  auto number = executable->findProgram(arguments.function);
  if (!number)
    return Error{ExitCode::Usage,
                 "no-such-program",
                 "no function " + arguments.function,
                 arguments.file,
                 {},
                 "bcssl-info prints all of them"};
  const artifact::Program &program = executable->contents().programs[*number];
  BCSSL_ASSIGN_OR_RETURN(
      session,
      Session::open(executable,
                    {.device = arguments.device,
                     .threads = static_cast<unsigned>(arguments.threads),
                     .profile = !arguments.profile.empty(),
                     .graph = arguments.graph}));
  BCSSL_RETURN_IF_ERROR(prepareState(*session, arguments));
  BCSSL_ASSIGN_OR_RETURN(
      files, assignPorts(arguments.inputs, program.inputs, "input"));
  std::vector<std::vector<std::byte>> arrays;
  std::vector<Input> inputs;
  for (const PortFile &file : files) {
    BCSSL_ASSIGN_OR_RETURN(array, readPort(*file.port, file.path));
    arrays.push_back(std::move(array));
    inputs.emplace_back(file.port->name, file.port->type, arrays.back());
  }
  if (arguments.repeat > 0) {
    BCSSL_ASSIGN_OR_RETURN(times,
                           timeRuns(*session, program, inputs, arguments.repeat,
                                    arguments.overlap));
    printTimes(*session, program.name, times, arguments.json);
  } else {
    BCSSL_RETURN_IF_ERROR(
        session->run(program.name, inputs, std::span<const Output>()));
  }
  if (!arguments.profile.empty())
    BCSSL_RETURN_IF_ERROR(session->writeTrace(arguments.profile));
  if (arguments.repeat > 0 && arguments.json)
    return true;
  return handOut(*session, program, arguments);
}

} // namespace

int main(int argc, char **argv) {
  Arguments arguments;
  Flags flags("bcssl-run",
              "Runs one function of a compiled program on .npy files.",
              {"bcssl-run step.bcx --function=features --input=images=x.npy "
               "--output=features=y.npy",
               "bcssl-run step.bcx --function=features "
               "--checkpoint=run/checkpoint --input=x.npy "
               "--expect=y.npy --rtol=1e-4",
               "bcssl-run step.bcx --function=step --input=x.npy "
               "--profile=trace.json",
               "bcssl-run step.bcx --function=step --repeat=20 --json"});
  flags.positional("FILE", arguments.file, "a compiled program (.bcx)",
                   {.required = true});
  flags.add("function", arguments.function, "which program of the file",
            {.required = true});
  flags.add("input", arguments.inputs,
            "name=file.npy, or files in the order of the inputs");
  flags.add("output", arguments.outputs, "name=file.npy to write");
  flags.add("expect", arguments.expected,
            "name=file.npy to compare with; exit code 1 if it differs");
  flags.add("rtol", arguments.rtol, "relative tolerance of --expect",
            {.minimum = 0});
  flags.add("atol", arguments.atol, "absolute tolerance of --expect",
            {.minimum = 0});
  flags.add("checkpoint", arguments.checkpoint,
            "checkpoint directory or safetensors file with the weights");
  flags.add("seed", arguments.seed, "seed of the first values");
  flags.add("threads", arguments.threads,
            "number of threads, 0: all that may be used", {.maximum = 1024});
  flags.add("device", arguments.device,
            std::string("where it runs: ") + deviceHelp);
  flags.add("graph", arguments.graph,
            "GPUs: run the program as one graph, not command by command");
  flags.add("repeat", arguments.repeat,
            "time so many runs after one; inputs that are not given are made "
            "up",
            {.minimum = 0, .maximum = 1e6});
  flags.add("overlap", arguments.overlap,
            "--repeat: bring the inputs of the next run to the device beside "
            "each one, as training does");
  flags.add("json", arguments.json,
            "print the times of --repeat as one JSON object");
  flags.add("profile", arguments.profile, "write a Chrome trace of the run");
  if (auto exit = flags.parse(argc, argv))
    return *exit;
  auto good = run(arguments);
  if (!good) {
    std::fprintf(stderr, "bcssl-run: %s\n", good.error().text().c_str());
    return static_cast<int>(good.error().code);
  }
  return static_cast<int>(*good ? ExitCode::Done : ExitCode::Failed);
}
