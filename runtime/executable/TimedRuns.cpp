//===- TimedRuns.cpp - how long a program takes ---------------------------===//

#include "runtime/executable/TimedRuns.h"

#include "runtime/base/Philox.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
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
  bool brief = port.type == DataType::BF16;
  Philox random(/*seed=*/0, stream);
  if (port.type == DataType::U8)
    for (std::byte &byte : bytes)
      byte = static_cast<std::byte>(random.uniform(0, 256));
  // Zero bytes are 0 in every type. A multiplication by 0 takes less power, so
  // a GPU that multiplies zeros is faster than one that trains.
  if (port.type != DataType::F32 && !brief)
    return bytes;
  bool scalar = port.elements() == 1;
  size_t size = brief ? sizeof(uint16_t) : sizeof(float);
  for (uint64_t i = 0; i < port.elements(); ++i) {
    float value = scalar ? scalarValue : random.uniform(-1, 1);
    auto bits = std::bit_cast<uint32_t>(value);
    auto high = static_cast<uint16_t>(bits >> 16);
    std::memcpy(bytes.data() + i * size,
                brief ? static_cast<void *>(&high) : &bits, size);
  }
  return bytes;
}

/// Between the nearest two of the sorted values.
double quantile(std::vector<double> values, double share) {
  std::ranges::sort(values);
  double at = share * static_cast<double>(values.size() - 1);
  auto low = static_cast<size_t>(at);
  size_t high = std::min(low + 1, values.size() - 1);
  return std::lerp(values[low], values[high], at - static_cast<double>(low));
}

} // namespace

Result<std::vector<RunTime>> timeRuns(Session &session,
                                      const artifact::Program &program,
                                      std::vector<Input> inputs, int64_t repeat,
                                      bool overlap) {
  uint32_t filled = 0;
  for (const artifact::Port &port : program.inputs) {
    if (std::ranges::count(inputs, port.name, &Input::name))
      continue;
    // In place, as a loop that cares for its time would do it.
    std::span<std::byte> bytes = session.inputBytes(program.name, port.name);
    std::ranges::copy(fillPort(port, filled++), bytes.begin());
    inputs.emplace_back(port.name, port.type, bytes);
  }
  auto once = [&]() -> Status {
    if (!overlap)
      return session.run(program.name, inputs, std::span<const Output>());
    BCSSL_RETURN_IF_ERROR(session.start(program.name, {}));
    BCSSL_RETURN_IF_ERROR(session.stage(program.name, inputs));
    return session.finish(program.name, {});
  };
  if (overlap)
    BCSSL_RETURN_IF_ERROR(session.stage(program.name, inputs));
  std::vector<RunTime> times;
  for (int64_t run = -1; run < repeat; ++run) {
    double wall = wallSeconds(), cpu = cpuSeconds();
    BCSSL_RETURN_IF_ERROR(once());
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
                                   {"seconds", quantile(wall, 0.5)},
                                   {"p10", quantile(wall, 0.1)},
                                   {"p90", quantile(wall, 0.9)},
                                   {"fastest", std::ranges::min(wall)},
                                   {"slowest", std::ranges::max(wall)},
                                   {"cpu_seconds", quantile(cpu, 0.5)}};
  return object.dump();
}

} // namespace bcssl
