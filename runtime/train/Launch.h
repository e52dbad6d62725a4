//===- Launch.h - from settings to a run ------------------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_TRAIN_LAUNCH_H
#define BCSSL_RUNTIME_TRAIN_LAUNCH_H

#include "runtime/train/TrainFlags.h"

namespace bcssl {

/// Does what a command line asks for: finds or compiles the program, opens data
/// and device, writes `config.json`, trains, and prints a summary: words on
/// stderr, one JSON object on stdout.
///
/// The output folder keeps the program as `program.bcx`. A run that goes on
/// uses that one, so that its bits do not depend on a compiler that has changed
/// meanwhile; options that contradict it are an error. Errors: "output-busy"
/// (CannotCreate) while another process trains there, "resume-program" (Usage),
/// and those of all parts.
Result<TrainSummary> launchTraining(const TrainCommand &command, int argc,
                                    const char *const *argv);

} // namespace bcssl

#endif // BCSSL_RUNTIME_TRAIN_LAUNCH_H
