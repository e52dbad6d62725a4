//===- RunProgram.h - the program of a run ----------------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_TRAIN_RUNPROGRAM_H
#define BCSSL_RUNTIME_TRAIN_RUNPROGRAM_H

#include "runtime/device/Device.h"
#include "runtime/train/TrainFlags.h"

namespace bcssl {

/// Finds or compiles the program of a run: where the output folder has
/// checkpoints, the `program.bcx` beside them, which what was asked for must
/// not contradict; else the given one, that of the checkpoint to resume from,
/// or a new one for `device` and a data set of so many images. Of a folder with
/// checkpoints nothing is changed. Errors: "resume-program" (Usage),
/// "data-size" (BadData), "compiler-failed", "stopped", those of Executable.
Result<std::shared_ptr<const Executable>>
runProgram(const TrainCommand &command, const Device &device, int64_t images);

/// Copies a program that came from elsewhere to `output`/program.bcx.
/// Errors: those of readFile and AtomicFile.
Status keepProgram(const Executable &executable, const std::string &output);

} // namespace bcssl

#endif // BCSSL_RUNTIME_TRAIN_RUNPROGRAM_H
