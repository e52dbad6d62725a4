//===- Schedule.cpp - values that change during training ------------------===//

#include "runtime/train/Schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

namespace bcssl {

/// From 1 at done = 0 to 0 at done = 1.
static double halfCosine(double done) {
  return 0.5 * (1 + std::cos(std::numbers::pi * done));
}

/// Element i of numpy's linspace(first, last, count), i < count.
static double linspace(double first, double last, int64_t count, int64_t i) {
  if (count > 1 && i == count - 1)
    return last;
  double step = count > 1 ? (last - first) / static_cast<double>(count - 1) : 0;
  return first + step * static_cast<double>(i);
}

double CosineSchedule::at(int64_t step) const {
  if (step < warmup)
    return linspace(start, base, warmup, step);
  int64_t length = steps - warmup;
  if (step >= steps)
    return last;
  // In the published order of operations.
  double angle = std::numbers::pi * static_cast<double>(step - warmup) /
                 static_cast<double>(length);
  return last + 0.5 * (base - last) * (1 + std::cos(angle));
}

double TemperatureSchedule::at(int64_t epoch) const {
  return epoch < warmupEpochs ? linspace(first, last, warmupEpochs, epoch)
                              : last;
}

Result<Schedules> Schedules::create(const ScheduleOptions &options,
                                    int64_t batch, int64_t stepsPerEpoch,
                                    int64_t steps) {
  auto wrong = [](const char *what) {
    return Error{ExitCode::Usage, "schedule-options", what};
  };
  if (batch < 1 || stepsPerEpoch < 1 || steps < 1)
    return wrong("a schedule expects at least one image a step, one step an "
                 "epoch and one step in all");
  if (!(options.learningRate >= 0) || !(options.minLearningRate >= 0))
    return wrong("learning rates expect values from 0");
  if (!(options.weightDecay >= 0) || !(options.weightDecayEnd >= 0))
    return wrong("weight decay expects values from 0");
  if (!(options.teacherMomentum >= 0 && options.teacherMomentum <= 1))
    return wrong("the teacher's momentum expects a value from 0 to 1");
  if (!(options.teacherTemperature > 0) ||
      !(options.warmupTeacherTemperature > 0))
    return wrong("the teacher's temperature expects a value above 0");
  if (!(options.warmupEpochs >= 0) || !(options.freezeLastLayer >= 0) ||
      options.warmupTeacherTemperatureEpochs < 0)
    return wrong("numbers of epochs expect values from 0");
  if (!(options.warmupShare >= 0 && options.warmupShare <= 1))
    return wrong("the share of the warm-up expects a value from 0 to 1");

  Schedules result;
  result.options = options;
  result.stepsPerEpoch = stepsPerEpoch;
  result.steps = steps;
  result.peak = options.learningRate;
  if (options.form == ScheduleForm::Published)
    result.peak *= static_cast<double>(batch) / 256;
  return result;
}

StepScalars Schedules::at(int64_t step) const {
  StepScalars scalars;
  int64_t epoch = step / stepsPerEpoch;
  scalars.teacherTemperature =
      TemperatureSchedule{options.warmupTeacherTemperature,
                          options.teacherTemperature,
                          options.warmupTeacherTemperatureEpochs}
          .at(epoch);
  double freeze = options.freezeLastLayer * static_cast<double>(stepsPerEpoch);
  scalars.lastLayerActive = static_cast<double>(step) >= freeze;

  if (options.form == ScheduleForm::Published) {
    // A run shorter than its warm-up only warms up.
    int64_t warmup = std::min(
        steps, static_cast<int64_t>(options.warmupEpochs *
                                    static_cast<double>(stepsPerEpoch)));
    scalars.learningRate =
        CosineSchedule{peak, options.minLearningRate, steps, warmup}.at(step);
    scalars.weightDecay =
        CosineSchedule{options.weightDecay, options.weightDecayEnd, steps}.at(
            step);
    scalars.teacherMomentum =
        CosineSchedule{options.teacherMomentum, 1, steps}.at(step);
    return scalars;
  }

  double done =
      std::min(1.0, static_cast<double>(step) / static_cast<double>(steps));
  double rise = options.warmupShare > 0
                    ? std::min(1.0, done / options.warmupShare + 0.02)
                    : 1.0;
  scalars.learningRate = peak * rise * (0.99 * halfCosine(done) + 0.01);
  scalars.weightDecay =
      options.weightDecayEnd +
      (options.weightDecay - options.weightDecayEnd) * halfCosine(done);
  scalars.teacherMomentum =
      1 - (1 - options.teacherMomentum) * halfCosine(done);
  return scalars;
}

} // namespace bcssl
