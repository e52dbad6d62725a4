//===- CollapseMonitor.h - is the teacher still teaching --------*- C++ -*-===//
//
// Self-distillation can end in two trivial answers: every target uniform, or
// one target, sharp or not, for every image. Both keep a harmless-looking loss,
// so the run watches the targets themselves and says what to do.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_REPORT_COLLAPSEMONITOR_H
#define BCSSL_RUNTIME_REPORT_COLLAPSEMONITOR_H

#include <cstdint>
#include <optional>
#include <string>

namespace bcssl {

/// What a step tells about its targets, in nats. Absent values are not judged.
struct TeacherSigns {
  std::optional<double> entropy = {}; ///< mean entropy of one target
  /// Divergence of the mean target from the uniform one: near ln K, all images
  /// share one output. ln K less this is the entropy of the mean target; what
  /// it exceeds the mean entropy by is all that targets tell about images.
  std::optional<double> divergence = {};
  std::optional<double> centerNorm = {};
};

class CollapseMonitor {
public:
  /// For a head of `outputs` outputs; warns after `patience` such steps in a
  /// row, and again only after a recovery.
  explicit CollapseMonitor(int64_t outputs, int64_t patience = 100);

  /// A warning with advice, at most one a step.
  std::optional<std::string> update(const TeacherSigns &signs);

private:
  enum Sign { Uniform, Single, Same, Center, SignCount };

  double largestEntropy; ///< ln K
  double largestNorm;
  int64_t patience;
  int64_t steps[SignCount] = {};
};

} // namespace bcssl

#endif // BCSSL_RUNTIME_REPORT_COLLAPSEMONITOR_H
