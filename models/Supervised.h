//===- Supervised.h - classification with labels ----------------*- C++ -*-===//

#ifndef BCSSL_MODELS_SUPERVISED_H
#define BCSSL_MODELS_SUPERVISED_H

#include "models/Images.h"
#include "models/Trunk.h"
#include "models/Update.h"

namespace bcssl::models {

struct SupervisedOptions {
  TrunkOptions backbone;
  Initialization initialization = Initialization::Published;
  int64_t batch;
  int64_t image;
  ImageType imageType = ImageType::F32;
  int64_t classes = 1000;
  double smoothing = 0.0;
  UpdateOptions update = {};
};

/// A backbone with a linear classifier and the program
/// * `step`: inputs "images" (Images.h), "labels" (i32), "learning_rate",
///   "weight_decay", and "random_state" where paths are dropped; output
///   "loss".
template <class Backbone> struct Supervised {
  Module &module;
  SupervisedOptions options;

  Scope scope{module, "model", options.initialization};
  Backbone backbone{scope, options.backbone};
  Linear head{scope / "head",
              {.in = options.backbone.dims.back(), .out = options.classes}};

  void recordStep() const {
    Program &step = module.program("step", Mode::Training);
    int64_t size = options.image;
    Tensor images =
        imageInputs(
            step, options.imageType,
            {{"images",
              {options.batch, size, size, options.backbone.inChannels}}})
            .front();
    Tensor labels = step.input("labels", {options.batch}, ElementType::I32);
    Tensor loss =
        crossEntropy(head(backbone(images)), labels, options.smoothing);
    step.output("loss", loss);
    updateParameters(scope, loss, options.update);
  }
};

} // namespace bcssl::models

#endif // BCSSL_MODELS_SUPERVISED_H
