//===- RunReport.h - what a run tells about itself --------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_TRAIN_RUNREPORT_H
#define BCSSL_RUNTIME_TRAIN_RUNREPORT_H

#include "runtime/report/CollapseMonitor.h"
#include "runtime/report/JsonLog.h"
#include "runtime/report/Sheet.h"
#include "runtime/train/Learner.h"

namespace bcssl {

/// Means of a step's outputs over the steps since the last line of the log.
class OutputMeans {
public:
  void add(std::span<const StepOutput> outputs);
  bool empty() const { return steps == 0; }
  void clear();

  /// The mean of the output of that name, NaN where there is none.
  double of(std::string_view name) const;
  /// All means but that of "loss", as fields of a log line.
  std::vector<LogField> others() const;

private:
  std::vector<StepOutput> names;
  std::vector<double> sums;
  int64_t steps = 0;
};

/// What the collapse monitor looks at.
TeacherSigns teacherSigns(std::span<const StepOutput> outputs);

/// A row per image with all its crops, for the first images of a batch of
/// `images`.
Canvas cropSheet(const Batch &batch, const AugmentOptions &augment,
                 int64_t images);

} // namespace bcssl

#endif // BCSSL_RUNTIME_TRAIN_RUNREPORT_H
