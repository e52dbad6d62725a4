//===- FeatureNetwork.h - features of images --------------------*- C++ -*-===//
//
// Runs the program `features` of an artifact over a data set. The weights live
// in a session of its own, so nothing that happens here touches a training run.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_EVAL_FEATURENETWORK_H
#define BCSSL_RUNTIME_EVAL_FEATURENETWORK_H

#include "runtime/eval/Sample.h"
#include "runtime/eval/View.h"
#include "runtime/executable/Session.h"

namespace bcssl {

struct NetworkOptions {
  /// A checkpoint, a directory of checkpoints, or a safetensors file. Empty:
  /// the first weights of a run with `seed`.
  std::string checkpoint = {};
  /// The artifact. Empty: the one beside the checkpoint.
  std::string program = {};
  std::string key = "teacher"; ///< or "student"
  uint64_t seed = 0;
  std::string device = "cpu"; ///< as openDevice takes it
  int threads = 0;            ///< 0: all cores
};

class FeatureNetwork {
public:
  /// Errors: "program-missing" (NoInput), "program-ambiguous" (Usage),
  /// "program-features" (BadData) where the artifact computes no features,
  /// those of Executable, Session and loadWeights.
  static Result<FeatureNetwork> open(const NetworkOptions &options);

  /// Side and channels of the images that the program takes.
  int side() const { return static_cast<int>(images().shape[1]); }
  int channels() const { return static_cast<int>(images().shape[3]); }

  /// One row of features per image. The program's last batch is filled up with
  /// earlier images, whose features are left out.
  Result<LabelledFeatures> features(const Sample &sample, const View &view);

  /// Replaces the running statistics of every batch normalisation by the plain
  /// average over whole batches of the sample; does nothing for an artifact
  /// without batch normalisation.
  Status recalibrate(const Sample &sample, const View &view);

  /// The path of the artifact.
  const std::string &file() const { return session->executable().file(); }

private:
  FeatureNetwork(std::unique_ptr<Session> session, int threads)
      : session(std::move(session)), threads(threads) {}

  const artifact::Port &images() const;
  Status fillBatch(std::string_view program, const Sample &sample,
                   int64_t first, const View &view);

  std::unique_ptr<Session> session;
  int threads;
};

} // namespace bcssl

#endif // BCSSL_RUNTIME_EVAL_FEATURENETWORK_H
