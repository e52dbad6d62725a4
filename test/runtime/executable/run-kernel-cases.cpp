//===- run-kernel-cases.cpp - kernels on a device against numbers ---------===//
//
// Runs what write-kernel-cases wrote on any device: a machine with a GPU needs
// this program, the files and the driver, nothing else. Ends with 1 where an
// element is further off than rounding allows, or where a second run has other
// bits than the first, and prints one line a file: kernels, the largest error
// in units of its bound, seconds.
//
//===----------------------------------------------------------------------===//

#include "runtime/base/Flags.h"
#include "runtime/executable/Session.h"
#include "runtime/train/Safetensors.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>

using namespace bcssl;

namespace {

/// A number as an element of the port's type: it fits exactly.
void append(std::vector<std::byte> &bytes, DataType type, double value) {
  auto put = [&](auto element) {
    auto *from = reinterpret_cast<const std::byte *>(&element);
    bytes.insert(bytes.end(), from, from + sizeof(element));
  };
  if (type == DataType::I32)
    return put(static_cast<int32_t>(value));
  auto number = static_cast<float>(value);
  if (type == DataType::F32)
    return put(number);
  put(static_cast<uint16_t>(std::bit_cast<uint32_t>(number) >> 16));
}

double elementAt(std::span<const std::byte> bytes, DataType type,
                 size_t index) {
  auto get = [&](auto element) {
    std::memcpy(&element, bytes.data() + index * sizeof(element),
                sizeof(element));
    return element;
  };
  if (type == DataType::I32)
    return get(int32_t());
  if (type == DataType::F32)
    return get(float());
  return std::bit_cast<float>(static_cast<uint32_t>(get(uint16_t())) << 16);
}

Result<std::vector<double>> numbersOf(const SafetensorsReader &file,
                                      const std::string &name) {
  const TensorInfo *info = file.find(name);
  if (!info || info->type != TensorType::F64)
    return Error{ExitCode::BadData, "case-missing",
                 "expects float64 numbers '" + name + "'", file.path()};
  std::vector<double> numbers(info->bytes / sizeof(double));
  BCSSL_RETURN_IF_ERROR(
      file.read(*info, std::as_writable_bytes(std::span(numbers))));
  return numbers;
}

/// The largest error of one program's results in units of its bound; infinity
/// where a result is not a number or not the same in each of `repeat` runs.
Result<double> runCase(Session &session, const artifact::Program &program,
                       const SafetensorsReader &file, uint64_t repeat) {
  std::vector<std::vector<std::byte>> given(program.inputs.size()),
      got(program.outputs.size());
  std::vector<Input> inputs;
  std::vector<Output> outputs;
  for (size_t i = 0; i < program.inputs.size(); ++i) {
    const artifact::Port &port = program.inputs[i];
    BCSSL_ASSIGN_OR_RETURN(numbers,
                           numbersOf(file, program.name + "." + port.name));
    for (double number : numbers)
      append(given[i], port.type, number);
    inputs.push_back({port.name, port.type, given[i]});
  }
  for (size_t i = 0; i < program.outputs.size(); ++i) {
    const artifact::Port &port = program.outputs[i];
    got[i].resize(port.bytes(),
                  std::byte{0xFF}); // NaN where nothing is written
    outputs.push_back({port.name, port.type, std::span(got[i])});
  }
  BCSSL_RETURN_IF_ERROR(session.run(program.name, inputs, outputs));
  const std::vector<std::vector<std::byte>> first = got;
  for (uint64_t number = 2; number <= repeat; ++number) {
    for (std::vector<std::byte> &bytes : got)
      std::ranges::fill(bytes, std::byte{0xFF});
    BCSSL_RETURN_IF_ERROR(session.run(program.name, inputs, outputs));
    if (got == first)
      continue;
    std::printf("  %s has other bits in run %s\n", program.name.c_str(),
                std::to_string(number).c_str());
    return INFINITY;
  }
  double excess = 0;
  for (size_t i = 0; i < program.outputs.size(); ++i) {
    const artifact::Port &port = program.outputs[i];
    std::string name = program.name + "." + port.name;
    BCSSL_ASSIGN_OR_RETURN(expected, numbersOf(file, name));
    BCSSL_ASSIGN_OR_RETURN(bounds, numbersOf(file, name + ".bound"));
    for (size_t k = 0; k < expected.size(); ++k) {
      double distance = std::abs(elementAt(got[i], port.type, k) - expected[k]);
      if (std::isnan(distance))
        return INFINITY;
      if (distance > 0)
        excess = std::max(excess, distance / bounds[k]);
    }
  }
  return excess;
}

struct Settings {
  SessionOptions session;
  bool all = false;    ///< print every kernel
  uint64_t repeat = 1; ///< runs of each
};

Result<bool> runFile(const std::string &path, const Settings &settings) {
  auto start = std::chrono::steady_clock::now();
  BCSSL_ASSIGN_OR_RETURN(executable, Executable::open(path + ".bcx"));
  BCSSL_ASSIGN_OR_RETURN(file, SafetensorsReader::open(path + ".safetensors"));
  BCSSL_ASSIGN_OR_RETURN(session, Session::open(executable, settings.session));
  double worst = 0;
  size_t wrong = 0;
  const auto &programs = executable->contents().programs;
  for (const artifact::Program &program : programs) {
    auto excess = runCase(*session, program, file, settings.repeat);
    if (!excess) {
      // A lost device answers nothing more.
      std::printf("  %s: %s\n", program.name.c_str(),
                  excess.error().text().c_str());
      return excess.error();
    }
    worst = std::max(worst, *excess);
    bool fails = *excess > 1;
    wrong += fails;
    if (!fails && !settings.all)
      continue;
    std::string kernels;
    for (const artifact::Instruction &instruction : program.instructions)
      if (auto *launch = std::get_if<artifact::Launch>(&instruction))
        kernels += " " + launch->name;
    std::printf("  %s (%s): %.4g of its bound\n", program.name.c_str(),
                kernels.c_str() + !kernels.empty(), *excess);
  }
  std::chrono::duration<double> seconds =
      std::chrono::steady_clock::now() - start;
  std::printf(
      "%s: %zu kernels, %zu wrong, worst %.4g of its bound, %.1f s, %s\n",
      std::filesystem::path(path).filename().c_str(), programs.size(), wrong,
      worst, seconds.count(), session->description().c_str());
  std::fflush(stdout);
  return wrong == 0;
}

} // namespace

int main(int argc, char **argv) {
  std::string directory;
  Settings settings;
  Flags flags("run-kernel-cases",
              "Runs the kernels that write-kernel-cases wrote.",
              {"run-kernel-cases cases --device=cuda"});
  flags.positional("DIRECTORY", directory, "where the files are",
                   {.required = true});
  flags.add("device", settings.session.device, "cpu, cuda or cuda:N");
  flags.add("all", settings.all, "print every kernel's largest error");
  flags.add("repeat", settings.repeat, "runs of each kernel: equal bits");
  if (auto exit = flags.parse(argc, argv))
    return *exit;
  std::vector<std::string> paths;
  std::error_code code;
  for (const auto &entry : std::filesystem::directory_iterator(directory, code))
    if (entry.path().extension() == ".bcx")
      paths.push_back(entry.path().parent_path() / entry.path().stem());
  std::ranges::sort(paths);
  if (paths.empty())
    std::fprintf(stderr, "run-kernel-cases: no .bcx files in '%s'\n",
                 directory.c_str());
  bool good = !paths.empty();
  for (const std::string &path : paths) {
    auto result = runFile(path, settings);
    if (!result)
      std::fprintf(stderr, "%s\n", result.error().text().c_str());
    good &= result && *result;
  }
  return good ? 0 : 1;
}
