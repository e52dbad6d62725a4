//===- TimedRuns.h - how long a program takes -------------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_EXECUTABLE_TIMEDRUNS_H
#define BCSSL_RUNTIME_EXECUTABLE_TIMEDRUNS_H

#include "runtime/executable/Session.h"

namespace bcssl {

/// Seconds of one run: on the clock, and of all threads of the process.
struct RunTime {
  double wall = 0;
  double cpu = 0;
};

/// Runs a program once to warm up and then `repeat` times. Inputs that are not
/// given hold draws from [-1, 1) where they are tensors of floats, of all
/// values where they are bytes, 0.02 where they are scalars, and 0 where they
/// are other whole numbers: enough for the time of a training step, and
/// harmless as a learning rate. With `overlap` the inputs of the next run are
/// brought to the device beside each one, as a training does. Errors: those of
/// Session::run.
Result<std::vector<RunTime>> timeRuns(Session &session,
                                      const artifact::Program &program,
                                      std::vector<Input> inputs, int64_t repeat,
                                      bool overlap = false);

/// One JSON object: "function", "repeat", "device", and "seconds" (median),
/// "p10", "p90" (percentiles), "fastest", "slowest", "cpu_seconds" (median) of
/// a run. `times` is not empty.
std::string timesAsJson(const Session &session, const std::string &program,
                        const std::vector<RunTime> &times);

} // namespace bcssl

#endif // BCSSL_RUNTIME_EXECUTABLE_TIMEDRUNS_H
