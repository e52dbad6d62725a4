//===- Optimizers.h - updates of parameters ---------------------*- C++ -*-===//

#ifndef BCSSL_FRONTEND_OPTIMIZERS_H
#define BCSSL_FRONTEND_OPTIMIZERS_H

#include "frontend/Ops.h"
#include "frontend/Scope.h"

namespace bcssl::frontend {

/// DINO's rule (utils.get_params_groups): weight decay for parameters that are
/// neither biases nor vectors in their published form.
bool hasWeightDecay(const VariableDeclaration &parameter);

/// Parameters that are updated together, and the scalars of their update.
struct UpdateGroup {
  std::vector<Variable> parameters;
  std::vector<Tensor> gradients;
  Tensor learningRate;
  Tensor weightDecay;
  /// Where given and 0, nothing changes, neither parameters nor moments nor
  /// counts, as if there were no gradient.
  std::optional<Tensor> active = {};
  /// Name of the count of updates (AdamW).
  std::string counter = "step";
};

// Each optimizer assigns new values to the group's parameters and keeps its
// memory below `state`: state.exp_avg.<parameter> and so on. Weight decay
// follows hasWeightDecay.

struct AdamW {
  Scope state;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;

  void operator()(const UpdateGroup &group,
                  Where where = Where::current()) const;
};

struct Sgd {
  Scope state;
  double momentum = 0.9;

  void operator()(const UpdateGroup &group,
                  Where where = Where::current()) const;
};

struct Lars {
  Scope state;
  double momentum = 0.9;
  double eta = 0.001;

  void operator()(const UpdateGroup &group,
                  Where where = Where::current()) const;
};

} // namespace bcssl::frontend

#endif // BCSSL_FRONTEND_OPTIMIZERS_H
