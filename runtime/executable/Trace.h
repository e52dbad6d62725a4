//===- Trace.h - when each instruction ran ----------------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_EXECUTABLE_TRACE_H
#define BCSSL_RUNTIME_EXECUTABLE_TRACE_H

#include "runtime/base/Status.h"
#include "runtime/device/Device.h"
#include "runtime/executable/Contents.h"

namespace bcssl {

/// Collects times of runs and writes them as Chrome-trace JSON, which Perfetto
/// and chrome://tracing open: one event a run, one an instruction, with tiles,
/// operations and their rate.
class Trace {
public:
  explicit Trace(const artifact::Contents &contents) : contents(contents) {}

  /// Adds one run of a program. After a million instructions runs are only
  /// counted.
  void add(size_t program, std::vector<CommandTime> times);

  /// Writes all runs. Errors: those of AtomicFile.
  Status write(const std::string &path) const;

private:
  struct Run {
    size_t program;
    std::vector<CommandTime> times;
  };

  const artifact::Contents &contents;
  std::vector<Run> runs;
  uint64_t events = 0;
  uint64_t dropped = 0;
};

} // namespace bcssl

#endif // BCSSL_RUNTIME_EXECUTABLE_TRACE_H
