//===- RunIdentity.h - what makes two runs the same -------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_TRAIN_RUNIDENTITY_H
#define BCSSL_RUNTIME_TRAIN_RUNIDENTITY_H

#include "runtime/train/Learner.h"
#include "runtime/train/RunState.h"

namespace bcssl {

/// What the next step depends on beside the state and the settings.
struct RunIdentity {
  std::string artifact;
  std::string data;
  uint64_t seed = 0;

  /// Number of images and fingerprint of a data set stand for its content.
  static RunIdentity of(const Learner &learner, const Dataset &data,
                        uint64_t seed);

  /// Whether a checkpoint continues this run; `path` stands in the message.
  /// Errors (Usage): "resume-program", "resume-data", "resume-seed".
  Status check(const RunState &checkpoint, const std::string &path) const;
};

/// Whether a batch can be made of so many images. Errors (BadData):
/// "data-size".
Status checkDataSize(int64_t images, int64_t batch);

/// Whether the step can use the data: enough images for a batch and, for a
/// supervised step, which indexes by label, a class for each label.
/// Errors (BadData): "data-size", "data-labels".
Status checkData(const Dataset &data, const StepShape &shape);

} // namespace bcssl

#endif // BCSSL_RUNTIME_TRAIN_RUNIDENTITY_H
