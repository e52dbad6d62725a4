//===- EvalJob.h - one judgement from files to numbers ----------*- C++ -*-===//
//
// What bcssl-eval does: opens data and network, computes features of a bank and
// of queries, and judges them.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_EVAL_EVALJOB_H
#define BCSSL_RUNTIME_EVAL_EVALJOB_H

#include "runtime/eval/FeatureNetwork.h"
#include "runtime/eval/Knn.h"
#include "runtime/eval/LinearProbe.h"

#include <optional>

namespace bcssl {

struct EvalJobOptions {
  NetworkOptions network;
  std::string data;               ///< a data set with both of its splits
  std::string features = "model"; ///< or "raw": the pixels themselves
  std::string fit = "auto";       ///< "crop", "pad", or by the channels
  int64_t bank = 0;               ///< images of the training split, 0: all
  int64_t queries = 0;            ///< images of the validation split, 0: all
  int64_t recalibrate = 0; ///< images for BatchNorm's statistics, 0: as trained
  std::string dumpFeatures; ///< a directory to leave the features in
  std::string loadFeatures; ///< one to take them from, instead of a network
};

/// Bank and queries with their features.
class EvalJob {
public:
  /// Computes or reads the features. Errors: "eval-options" (Usage), those of
  /// openDataset, matchClasses, FeatureNetwork and readFeatures.
  static Result<EvalJob> open(const EvalJobOptions &options);

  /// Trains DINO's linear probe. With `augment` the bank's features are
  /// computed anew from random crops each epoch; else those at hand serve.
  /// `report` is called after each epoch.
  Result<LinearScore>
  trainProbe(const SgdProbeOptions &options, bool augment,
             const std::function<void(int epoch, double loss,
                                      const LinearScore &score)> &report);

  /// Draws queries with their neighbours; needs the images.
  Status drawNeighbors(const std::string &path, const KnnOptions &options);

  /// Whether the features came from a network, which could give others.
  bool hasNetwork() const { return network.has_value(); }
  const LabelledFeatures &bank() const { return bankFeatures; }
  const LabelledFeatures &queries() const { return queryFeatures; }

private:
  Status openImages(const EvalJobOptions &options);
  Status computeFeatures(const EvalJobOptions &options);

  std::unique_ptr<Dataset> bankData, queryData;
  Sample bankSample, querySample;
  std::optional<FeatureNetwork> network;
  AugmentOptions recipe;
  LabelledFeatures bankFeatures, queryFeatures;
};

} // namespace bcssl

#endif // BCSSL_RUNTIME_EVAL_EVALJOB_H
