//===- RunConfig.h - config.json --------------------------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_TRAIN_RUNCONFIG_H
#define BCSSL_RUNTIME_TRAIN_RUNCONFIG_H

#include "runtime/train/Presets.h"

namespace bcssl {

/// Writes `config.json` into the output folder: all that was chosen, so that a
/// run can be repeated. Where the folder has one already and holds checkpoints,
/// returns what has changed in length, schedules and crops since, one line
/// each: such a run goes on, but not as it began. Errors: those of AtomicFile.
Result<std::vector<std::string>>
writeConfig(const TrainSettings &settings, const Executable &executable,
            int64_t images, const std::vector<std::string> &command);

} // namespace bcssl

#endif // BCSSL_RUNTIME_TRAIN_RUNCONFIG_H
