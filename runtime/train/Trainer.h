//===- Trainer.h - the training loop ----------------------------*- C++ -*-===//
//
// Takes steps until the run is over, logs them, writes checkpoints, and stops
// cleanly when asked to. Everything that a step depends on is a function of
// (program, seed, data, settings, step) and the state, so that a run resumes at
// any step and ends in the same bits.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_TRAIN_TRAINER_H
#define BCSSL_RUNTIME_TRAIN_TRAINER_H

#include "runtime/report/Progress.h"
#include "runtime/train/Checkpoint.h"
#include "runtime/train/Learner.h"

#include <functional>
#include <limits>

namespace bcssl {

/// How long a run is. The schedules stretch over steps, images or epochs,
/// whichever of them is given first.
struct RunLength {
  int64_t steps = 0;  ///< 0: not given
  int64_t images = 0; ///< source images; 0: not given
  double epochs = 100;
  /// Stops early, with a checkpoint, after so many seconds; 0: never.
  double seconds = 0;

  /// Steps in all, at least one.
  int64_t stepsFor(int64_t batch, int64_t stepsPerEpoch) const;
};

struct TrainOptions {
  std::string output;          ///< folder of the run
  std::string resume = "auto"; ///< "auto", "none", or a checkpoint
  /// Weights to begin with instead of drawn ones, as loadWeights takes them;
  /// not used where the run goes on. Empty: none.
  std::string initialCheckpoint;
  uint64_t seed = 0;
  RunLength length;
  ScheduleOptions schedule;
  AugmentOptions augment; ///< crops, sizes and channels come from the program
  int64_t loaderThreads = 1;
  int64_t saveEvery = 0; ///< steps between checkpoints; 0: at each epoch's end
  KeepPolicy keep;
  int64_t logEvery = 50; ///< steps between lines of log.txt
  ProgressMode progress = ProgressMode::Auto;
};

/// Why a run ended.
enum class RunEnd { Complete, OutOfTime, Signal };

struct TrainSummary {
  RunEnd end = RunEnd::Complete;
  int64_t step = 0;      ///< steps done, those before a resume included
  int64_t steps = 0;     ///< of the whole run
  int64_t firstStep = 0; ///< where this process began
  int64_t images = 0;    ///< of this process
  double seconds = 0;    ///< of this process, in the loop
  /// Mean loss of the last line of the log.
  double loss = std::numeric_limits<double>::quiet_NaN();
  std::string checkpoint; ///< path of the last one
  std::string hash;       ///< XXH3-128 of its tensors

  /// 0, or 75 after a signal.
  ExitCode exitCode() const {
    return end == RunEnd::Signal ? ExitCode::Stopped : ExitCode::Done;
  }
};

/// The crops that a program expects, with everything else as in `augment`.
AugmentOptions augmentFor(const StepShape &shape, AugmentOptions augment);

/// Trains. The output folder, which the caller has locked (RunFolder.h), gets
/// `checkpoint_...`, `log.txt`, `curve.png` and `crops.png`. `accepted` is
/// called once every check has passed, before anything in the folder changes:
/// a refused run leaves an earlier one as it was. A run that goes back sets
/// later checkpoints aside. Errors: "output-used" (RunFolder.h), "resume-data",
/// "resume-program", "resume-seed", "resume-length" (Usage) where a checkpoint
/// is of another run, "data-labels" (BadData), "loss-not-finite" (NonFinite)
/// after writing `checkpoint_NaN`, and those of `accepted`, data, schedules,
/// checkpoints and the learner.
Result<TrainSummary> train(
    Learner &learner, std::shared_ptr<const Dataset> data,
    const TrainOptions &options,
    const std::function<Status()> &accepted = [] { return Status(); });

} // namespace bcssl

#endif // BCSSL_RUNTIME_TRAIN_TRAINER_H
