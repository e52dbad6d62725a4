//===- TimedRuns.cpp - how long a program takes ---------------------------===//

#include "runtime/executable/TimedRuns.h"

#include "runtime/base/Philox.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>

namespace bcssl {

namespace {

/// Small as a learning rate, and not too small as a temperature.
constexpr float scalarValue = 0.02f;

double cpuSeconds() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * time.tv_nsec;
}

double wallSeconds() {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

/// Values for an input port that nothing was given for.
std::vector<std::byte> fillPort(const artifact::Port &port, uint32_t stream) {
  std::vector<std::byte> bytes(port.bytes());
  // Zero bytes are 0 in every type; bf16 inputs stay at that.
  if (port.type != DataType::F32)
    return bytes;
  Philox random(/*seed=*/0, stream);
  bool scalar = port.elements() == 1;
  for (uint64_t i = 0; i < port.elements(); ++i) {
    float value = scalar ? scalarValue : random.uniform(-1, 1);
    std::memcpy(bytes.data() + i * sizeof(float), &value, sizeof(float));
  }
  return bytes;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle]
                           : (values[middle - 1] + values[middle]) / 2;
}

} // namespace

Result<std::vector<RunTime>> timeRuns(Session &session,
                                      const artifact::Program &program,
                                      std::vector<Input> inputs,
                                      int64_t repeat) {
  uint32_t filled = 0;
  for (const artifact::Port &port : program.inputs) {
    if (std::ranges::count(inputs, port.name, &Input::name))
      continue;
    // In place, as a loop that cares for its time would do it.
    std::span<std::byte> bytes = session.inputBytes(program.name, port.name);
    std::ranges::copy(fillPort(port, filled++), bytes.begin());
    inputs.emplace_back(port.name, port.type, bytes);
  }
  std::vector<RunTime> times;
  for (int64_t run = -1; run < repeat; ++run) {
    double wall = wallSeconds(), cpu = cpuSeconds();
    BCSSL_RETURN_IF_ERROR(
        session.run(program.name, inputs, std::span<const Output>()));
    if (run >= 0)
      times.push_back({wallSeconds() - wall, cpuSeconds() - cpu});
  }
  return times;
}

std::string timesAsJson(const Session &session, const std::string &program,
                        const std::vector<RunTime> &times) {
  std::vector<double> wall, cpu;
  for (const RunTime &time : times) {
    wall.push_back(time.wall);
    cpu.push_back(time.cpu);
  }
  nlohmann::ordered_json object = {{"function", program},
                                   {"repeat", times.size()},
                                   {"device", session.description()},
                                   {"seconds", median(wall)},
                                   {"fastest", std::ranges::min(wall)},
                                   {"slowest", std::ranges::max(wall)},
                                   {"cpu_seconds", median(cpu)}};
  return object.dump();
}

} // namespace bcssl
