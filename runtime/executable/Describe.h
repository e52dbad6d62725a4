//===- Describe.h - an executable for people and scripts --------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_EXECUTABLE_DESCRIBE_H
#define BCSSL_RUNTIME_EXECUTABLE_DESCRIBE_H

#include "runtime/executable/Executable.h"

namespace bcssl {

/// Properties, programs with launches, planned memory and operations, images,
/// and variables with their totals, as lines of text.
std::string describeText(const Executable &executable);

/// The same as one JSON object.
std::string describeJson(const Executable &executable);

/// How often each kernel is launched in each program, and its share of the
/// program's operations, the largest first; then what the machine code of each
/// GPU target holds: registers, stack and shared memory of each kernel, its
/// launch, and instructions by kind.
std::string describeKernels(const Executable &executable);

/// 1234567 as "1,234,567".
std::string grouped(uint64_t number);

} // namespace bcssl

#endif // BCSSL_RUNTIME_EXECUTABLE_DESCRIBE_H
