//===- LinearProbe.h - a linear classifier on frozen features ---*- C++ -*-===//
//
// Two judges of frozen features. SgdProbe is DINO's protocol
// (facebookresearch/dino, eval_linear.py): the features may be computed anew
// each epoch, for example from random crops. scoreLogisticRegression is the
// quick one: standardized features, weight decay, L-BFGS.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_EVAL_LINEARPROBE_H
#define BCSSL_RUNTIME_EVAL_LINEARPROBE_H

#include "runtime/eval/Lbfgs.h"
#include "runtime/eval/Softmax.h"

namespace bcssl {

struct SgdProbeOptions {
  int epochs = 100;
  int64_t batch = 1024;
  /// For 256 rows; multiplied by batch / 256. Falls to 0 over the epochs as a
  /// cosine, one value per epoch.
  double learningRate = 0.001;
  double momentum = 0.9;
  uint64_t seed = 0; ///< of the first weights and of the order of the rows
  int threads = 0;   ///< 0: all cores
};

/// A linear layer trained by SGD with momentum and without weight decay.
/// Weights start from N(0, 0.01^2), biases from 0.
class SgdProbe {
public:
  SgdProbe(int64_t classes, int64_t columns, const SgdProbeOptions &options);

  /// One pass over `rows` in an order drawn for this epoch; the last batch may
  /// be smaller. Returns the mean loss.
  double trainEpoch(int epoch, const LabelledFeatures &rows);

  Accuracy evaluate(const LabelledFeatures &rows) const;

  const LinearLayer &layer() const { return linear; }

private:
  SgdProbeOptions options;
  LinearLayer linear;
  std::vector<double> velocity;
};

/// What a run of epochs reached.
struct LinearScore {
  Accuracy last;
  Accuracy best; ///< by top-1, over the epochs; the number that DINO reports
  int bestEpoch = 0;

  /// Takes in the accuracy after an epoch; epochs ascend from 0.
  void add(int epoch, const Accuracy &accuracy);
};

/// Errors: "linear-options" (Usage).
Status checkProbe(const SgdProbeOptions &options);

struct LogisticOptions {
  double decay = 1e-3; ///< loss = cross-entropy + decay * |weight|^2
  LbfgsOptions solver = {};
  int threads = 0; ///< 0: all cores
};

/// Standardizes both sets by the bank's columns, fits from zero weights, and
/// evaluates on the queries.
/// Errors: those of checkComparable, "linear-options" (Usage).
Result<Accuracy> scoreLogisticRegression(LabelledFeatures bank,
                                         LabelledFeatures queries,
                                         const LogisticOptions &options);

} // namespace bcssl

#endif // BCSSL_RUNTIME_EVAL_LINEARPROBE_H
