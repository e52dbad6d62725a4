//===- Trace.cpp - Chrome-trace JSON --------------------------------------===//

#include "runtime/executable/Trace.h"
#include "runtime/base/AtomicFile.h"

#include <cstdio>

namespace bcssl {

using namespace artifact;

static constexpr uint64_t maxEvents = 1'000'000;

void Trace::add(size_t program, std::vector<CommandTime> times) {
  if (times.empty() || events + times.size() > maxEvents) {
    ++dropped;
    return;
  }
  events += times.size();
  runs.push_back({program, std::move(times)});
}

/// A verified name (printable ASCII) as a JSON string.
static std::string quoted(const std::string &name) {
  std::string text = "\"";
  for (char letter : name) {
    if (letter == '"' || letter == '\\')
      text += '\\';
    text += letter;
  }
  return text + '"';
}

/// One complete event. Chrome counts in microseconds.
static std::string event(const std::string &name, const char *category,
                         uint64_t start, CommandTime time,
                         const std::string &arguments) {
  char numbers[96];
  std::snprintf(numbers, sizeof(numbers), "\"ts\":%.3f,\"dur\":%.3f",
                static_cast<double>(time.begin - start) * 1e-3,
                static_cast<double>(time.end - time.begin) * 1e-3);
  return "{\"ph\":\"X\",\"pid\":1,\"tid\":1,\"cat\":\"" +
         std::string(category) + "\",\"name\":" + quoted(name) + "," + numbers +
         ",\"args\":{" + arguments + "}}";
}

static std::string launchEvent(const Contents &contents, const Launch &launch,
                               uint64_t start, CommandTime time) {
  const std::string &symbol = contents.kernels[launch.kernel].symbol;
  uint64_t bytes = 0;
  for (const Slot &slot : launch.slots)
    bytes += slot.bytes;
  double nanoseconds = static_cast<double>(time.end - time.begin);
  char rate[48];
  std::snprintf(
      rate, sizeof(rate), "%.3f",
      nanoseconds > 0 ? static_cast<double>(launch.flops) / nanoseconds : 0.0);
  return event(
      launch.name.empty() ? symbol : launch.name, "launch", start, time,
      "\"kernel\":" + quoted(symbol) +
          ",\"tiles\":" + std::to_string(launch.tiles) +
          ",\"flops\":" + std::to_string(launch.flops) + ",\"gflops\":" + rate +
          ",\"slot_bytes\":" + std::to_string(bytes));
}

static std::string instructionEvent(const Contents &contents,
                                    const Instruction &instruction,
                                    uint64_t start, CommandTime time) {
  if (auto *launch = std::get_if<Launch>(&instruction))
    return launchEvent(contents, *launch, start, time);
  if (auto *move = std::get_if<Move>(&instruction))
    return event(move->slots.size() == 2 ? "copy" : "zero", "move", start, time,
                 "\"bytes\":" + std::to_string(move->slots.back().bytes));
  const auto &reduce = std::get<AllReduce>(instruction);
  return event("all_reduce", "collective", start, time,
               "\"elements\":" + std::to_string(reduce.elements));
}

Status Trace::write(const std::string &path) const {
  uint64_t start = runs.empty() ? 0 : runs.front().times.front().begin;
  std::string text = "{\"displayTimeUnit\":\"ns\",\"otherData\":{"
                     "\"dropped_runs\":" +
                     std::to_string(dropped) + "},\"traceEvents\":[";
  const char *separator = "\n";
  for (const Run &run : runs) {
    const Program &program = contents.programs[run.program];
    text +=
        separator + event(program.name, "program", start,
                          {run.times.front().begin, run.times.back().end}, "");
    separator = ",\n";
    for (size_t i = 0; i < run.times.size(); ++i)
      text += separator + instructionEvent(contents, program.instructions[i],
                                           start, run.times[i]);
  }
  return writeFileAtomically(path, text + "\n]}\n");
}

} // namespace bcssl
