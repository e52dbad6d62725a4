//===- GpuChips.cpp - what is known of CUDA chips -------------------------===//

#include "passes/codegen/GpuChips.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace bcssl {

/// Shared memory: CUDA C++ Programming Guide, technical specifications by
/// compute capability.
static constexpr GpuChip chips[] = {
    {"sm_80", 70, {.sharedBytes = 163 << 10}},
    {"sm_86", 71, {.sharedBytes = 99 << 10}},
    {"sm_87", 74, {.sharedBytes = 163 << 10}},
    {"sm_89", 78, {.sharedBytes = 99 << 10}},
    {"sm_90", 80, {.sharedBytes = 227 << 10}},
    {"sm_90a", 80, {.sharedBytes = 227 << 10, .warpgroups = true}},
    {"sm_100", 86, {.sharedBytes = 227 << 10}},
    {"sm_100a", 86, {.sharedBytes = 227 << 10}},
    {"sm_120", 87, {.sharedBytes = 99 << 10}},
    {"sm_120a", 87, {.sharedBytes = 99 << 10}},
};

ArrayRef<GpuChip> gpuChips() { return chips; }

const GpuChip *findGpuChip(StringRef name) {
  const GpuChip *found =
      find_if(chips, [&](const GpuChip &chip) { return chip.name == name; });
  return found == std::end(chips) ? nullptr : found;
}

std::string gpuChipNames() {
  std::string names;
  for (const GpuChip &chip : chips)
    names += (names.empty() ? "" : ", ") + chip.name.str();
  return names;
}

GpuLimits gpuLimitsOf(StringRef name) {
  const GpuChip *chip = findGpuChip(name);
  return chip ? chip->limits : GpuLimits();
}

} // namespace bcssl
