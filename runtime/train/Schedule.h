//===- Schedule.h - values that change during training ----------*- C++ -*-===//
//
// Learning rate, weight decay, teacher momentum and temperature as pure
// functions of the step, so that a resumed run needs no schedule state.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_TRAIN_SCHEDULE_H
#define BCSSL_RUNTIME_TRAIN_SCHEDULE_H

#include "runtime/base/Status.h"

#include <cstdint>

namespace bcssl {

/// DINO's `cosine_scheduler` (facebookresearch/dino, utils.py): `warmup` steps
/// of linspace(start, base, warmup), then with i from 0 to n-1 over the
/// remaining n steps
///   last + (base - last) * (1 + cos(pi * i / n)) / 2.
/// The last value itself is never reached, and the first cosine step repeats
/// `base`: both as there.
struct CosineSchedule {
  double base = 0;
  double last = 0;
  int64_t steps = 0; ///< of the whole run, warm-up included
  int64_t warmup = 0;
  double start = 0; ///< first value of the warm-up

  /// The value at a step; steps past the end have the end's value, `last`.
  double at(int64_t step) const;
};

/// The teacher's temperature by epoch: linspace(first, last, warmup) and then
/// `last` (DINOLoss in main_dino.py).
struct TemperatureSchedule {
  double first = 0;
  double last = 0;
  int64_t warmupEpochs = 0;

  double at(int64_t epoch) const;
};

/// Which family of formulas a run follows.
enum class ScheduleForm {
  Published, ///< DINO's: warm-up in epochs, lr scaled by batch / 256
  Quick,     ///< the quick recipe's: warm-up as a share of the run, lr as given
};

/// What a person chooses. The defaults are DINO's.
struct ScheduleOptions {
  ScheduleForm form = ScheduleForm::Published;
  double learningRate = 5e-4; ///< Published: for 256 images a step
  double minLearningRate = 1e-6;
  double warmupEpochs = 10; ///< Published
  double warmupShare = 0.1; ///< Quick
  double weightDecay = 0.04;
  double weightDecayEnd = 0.4;
  double teacherMomentum = 0.996;
  double warmupTeacherTemperature = 0.04;
  double teacherTemperature = 0.04;
  int64_t warmupTeacherTemperatureEpochs = 0;
  /// Epochs during which the head's last layer is held still.
  double freezeLastLayer = 1;
};

/// The scalars of one step.
struct StepScalars {
  double learningRate = 0;
  double weightDecay = 0;
  double teacherMomentum = 0;
  double teacherTemperature = 0;
  bool lastLayerActive = true;
};

/// All schedules of a run. With done = step / steps, the quick form is
///   lr       = base * min(1, done/warmupShare + 0.02)
///                   * (0.99 * (1 + cos(pi*done)) / 2 + 0.01)
///   decay    = end + (begin - end) * (1 + cos(pi*done)) / 2
///   momentum = 1 - (1 - m) * (1 + cos(pi*done)) / 2.
class Schedules {
public:
  /// Errors (Usage): "schedule-options", naming the value.
  static Result<Schedules> create(const ScheduleOptions &options, int64_t batch,
                                  int64_t stepsPerEpoch, int64_t steps);

  StepScalars at(int64_t step) const;

  /// The highest learning rate of the run.
  double peakLearningRate() const { return peak; }

private:
  ScheduleOptions options;
  int64_t stepsPerEpoch = 1;
  int64_t steps = 1;
  double peak = 0;
};

} // namespace bcssl

#endif // BCSSL_RUNTIME_TRAIN_SCHEDULE_H
