//===- RunIdentity.cpp - what makes two runs the same ---------------------===//

#include "runtime/train/RunIdentity.h"

#include <cstdio>

namespace bcssl {

RunIdentity RunIdentity::of(const Learner &learner, const Dataset &data,
                            uint64_t seed) {
  char text[48];
  std::snprintf(text, sizeof(text), "%lld-%016llx",
                static_cast<long long>(data.size()),
                static_cast<unsigned long long>(data.fingerprint()));
  return {learner.hash(), text, seed};
}

Status RunIdentity::check(const RunState &checkpoint,
                          const std::string &path) const {
  auto differs = [&](const char *id, const std::string &what,
                     const char *hint) {
    return Error{ExitCode::Usage, id, what, path, {}, hint};
  };
  if (checkpoint.artifact != artifact)
    return differs("resume-program",
                   "the checkpoint belongs to another program (" +
                       checkpoint.artifact + ", this one is " + artifact + ")",
                   "use the program.bcx that lies beside it");
  if (checkpoint.data != data)
    return differs("resume-data",
                   "the data set has changed since the checkpoint (" +
                       checkpoint.data + ", now " + data + ")",
                   "give the same --data, or start anew in another --output");
  if (checkpoint.seed != seed)
    return differs("resume-seed",
                   "the checkpoint was made with --seed=" +
                       std::to_string(checkpoint.seed) + ", got " +
                       std::to_string(seed),
                   "give the same --seed");
  return {};
}

Status checkDataSize(int64_t images, int64_t batch) {
  if (images >= batch)
    return {};
  return Error{ExitCode::BadData,
               "data-size",
               "the data set has " + std::to_string(images) +
                   " images, a step takes " + std::to_string(batch),
               {},
               {},
               "compile with a smaller --batch"};
}

Status checkData(const Dataset &data, const StepShape &shape) {
  BCSSL_RETURN_IF_ERROR(checkDataSize(data.size(), shape.batch));
  if (!shape.labelled)
    return {};
  for (int64_t i = 0; i < data.size(); ++i) {
    int64_t label = data.label(i);
    if (label < 0 || (shape.outputs > 0 && label >= shape.outputs))
      return Error{ExitCode::BadData,
                   "data-labels",
                   "image has the label " + std::to_string(label) +
                       ", the program expects 0 to " +
                       std::to_string(shape.outputs - 1),
                   data.name(i),
                   {},
                   "give data with a folder per class, or another --classes"};
  }
  return {};
}

} // namespace bcssl
