//===- Update.h - the second half of a training step ------------*- C++ -*-===//

#ifndef BCSSL_MODELS_UPDATE_H
#define BCSSL_MODELS_UPDATE_H

#include "frontend/Dsl.h"

namespace bcssl::models {

using namespace frontend;

enum class OptimizerKind { AdamW, Sgd, Lars };

struct UpdateOptions {
  OptimizerKind optimizer = OptimizerKind::AdamW;
  double beta1 = 0.9;
  double beta2 = 0.999;
  /// Largest norm of each gradient tensor; 0 leaves gradients as they are.
  double clip = 0.0;
};

/// Updates the parameters below `model` by the gradients of `loss`, with the
/// scalar inputs "learning_rate" and "weight_decay" of the loss's program.
/// Parameters of the last layer (a name with "last_layer") are an own group
/// with an own count, which the scalar input "last_layer_active" holds still
/// where it is 0.
void updateParameters(const Scope &model, Tensor loss,
                      const UpdateOptions &options,
                      Where where = Where::current());

} // namespace bcssl::models

#endif // BCSSL_MODELS_UPDATE_H
