//===- DescribeKernels.cpp - kernels for people ---------------------------===//

#include "runtime/device/cuda/Cubin.h"
#include "runtime/executable/Describe.h"

#include <algorithm>
#include <cstdio>
#include <map>

namespace bcssl {

using namespace artifact;

static std::string kernelLines(const Contents &contents,
                               const Program &program) {
  struct Use {
    uint64_t launches = 0, flops = 0;
  };
  std::vector<Use> uses(contents.kernels.size());
  uint64_t total = 0;
  for (const Instruction &instruction : program.instructions)
    if (auto *launch = std::get_if<Launch>(&instruction)) {
      uses[launch->kernel].launches += 1;
      uses[launch->kernel].flops += launch->flops;
      total += launch->flops;
    }
  std::vector<size_t> order;
  for (size_t i = 0; i < uses.size(); ++i)
    if (uses[i].launches)
      order.push_back(i);
  std::ranges::sort(order, [&](size_t a, size_t b) {
    return uses[a].flops != uses[b].flops ? uses[a].flops > uses[b].flops
                                          : a < b;
  });
  std::string text;
  for (size_t i : order) {
    char numbers[96];
    std::snprintf(numbers, sizeof(numbers), "  %6llu x %12.6f GFLOP %5.1f %%  ",
                  static_cast<unsigned long long>(uses[i].launches),
                  static_cast<double>(uses[i].flops) * 1e-9,
                  total ? 100.0 * static_cast<double>(uses[i].flops) /
                              static_cast<double>(total)
                        : 0.0);
    text += numbers + contents.kernels[i].symbol + "\n";
  }
  return text;
}

/// What the cubins of a target say of every kernel; two numbers with a slash
/// are accesses of 16 bytes and all of them, and copies are asynchronous.
static std::string cubinLines(const Contents &contents,
                              std::string_view target) {
  std::map<std::string, CubinKernel> known;
  std::vector<Geometry> geometry(contents.kernels.size());
  std::string text = "image " + std::string(target) + "\n";
  for (const Image &image : contents.images) {
    if (image.target != target || image.format != "cubin")
      continue;
    if (const LaunchTable *table = contents.launchTableOf(image))
      geometry = table->geometry;
    auto info = readCubin(image.bytes);
    if (!info) {
      text += "  " + info.error().text() + "\n";
      continue;
    }
    for (CubinKernel &kernel : info->kernels)
      known[kernel.symbol] = std::move(kernel);
  }
  text += "  registers stack   shared+dynamic threads     blocks "
          "instructions tensor    ffma      loads     stores copies local\n";
  for (size_t i = 0; i < contents.kernels.size(); ++i) {
    auto found = known.find(contents.kernels[i].symbol);
    if (found == known.end())
      continue;
    const CubinKernel &kernel = found->second;
    const InstructionCounts &counts = kernel.instructions;
    auto number = [](uint64_t value) {
      return static_cast<unsigned long long>(value);
    };
    char line[192];
    std::snprintf(line, sizeof(line),
                  "  %9llu %5llu %8llu+%-7llu %7llu %10llu %12llu %6llu %7llu "
                  "%4llu/%-5llu %4llu/%-5llu %6llu %5llu  ",
                  number(kernel.registers), number(kernel.stackBytes),
                  number(kernel.sharedBytes), number(geometry[i].sharedBytes),
                  number(geometry[i].threads), number(geometry[i].blocks),
                  number(counts.all), number(counts.tensor), number(counts.fma),
                  number(counts.wideLoads), number(counts.loads),
                  number(counts.wideStores), number(counts.stores),
                  number(counts.asyncCopies), number(counts.local));
    text += line + kernel.symbol + "\n";
  }
  return text;
}

std::string describeKernels(const Executable &executable) {
  std::string text;
  for (const Program &program : executable.contents().programs)
    text += "program " + program.name + "\n" +
            kernelLines(executable.contents(), program);
  std::vector<std::string_view> targets;
  for (const Image &image : executable.contents().images)
    if (image.format == "cubin" &&
        std::ranges::find(targets, image.target) == targets.end())
      targets.push_back(image.target);
  for (std::string_view target : targets)
    text += cubinLines(executable.contents(), target);
  return text;
}

} // namespace bcssl
