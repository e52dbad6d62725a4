//===- CpuLevel.h - which machine code this CPU runs ------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_DEVICE_CPU_CPULEVEL_H
#define BCSSL_RUNTIME_DEVICE_CPU_CPULEVEL_H

#include <string>
#include <vector>

namespace bcssl {

/// The targets that this CPU and operating system run, best first, a part of
/// "cpu:x86-64-v4+bf16", "cpu:x86-64-v4", "cpu:x86-64-v3". The levels are those
/// of the x86-64 psABI; bf16 stands for AVX512_BF16.
std::vector<std::string> cpuTargets();

/// The processor's name as it tells it ("Intel(R) Xeon(R) ...").
std::string cpuName();

} // namespace bcssl

#endif // BCSSL_RUNTIME_DEVICE_CPU_CPULEVEL_H
