//===- CpuLevel.cpp - CPUID -----------------------------------------------===//

#include "runtime/device/cpu/CpuLevel.h"

#include <cpuid.h>
#include <cstring>

namespace bcssl {

std::vector<std::string> cpuTargets() {
  std::vector<std::string> targets;
  // These also ask the operating system whether it saves the wide registers.
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("x86-64-v3"))
    return targets;
  targets.push_back("cpu:x86-64-v3");
  if (!__builtin_cpu_supports("x86-64-v4"))
    return targets;
  targets.insert(targets.begin(), "cpu:x86-64-v4");
  if (__builtin_cpu_supports("avx512bf16"))
    targets.insert(targets.begin(), "cpu:x86-64-v4+bf16");
  return targets;
}

std::string cpuName() {
  unsigned highest = __get_cpuid_max(0x80000000, nullptr);
  if (highest < 0x80000004)
    return "unknown CPU";
  unsigned words[12];
  for (unsigned i = 0; i < 3; ++i)
    __get_cpuid(0x80000002 + i, &words[4 * i], &words[4 * i + 1],
                &words[4 * i + 2], &words[4 * i + 3]);
  char name[sizeof(words) + 1] = {};
  std::memcpy(name, words, sizeof(words));
  std::string text = name;
  text.erase(0, text.find_first_not_of(' '));
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

} // namespace bcssl
