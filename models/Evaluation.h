//===- Evaluation.h - programs on whole images ------------------*- C++ -*-===//

#ifndef BCSSL_MODELS_EVALUATION_H
#define BCSSL_MODELS_EVALUATION_H

#include "models/Trunk.h"

namespace bcssl::models {

/// Records `name`: input "images" [batch, image, image, channels], and the
/// value of `network` for them in evaluation as the output of that name.
template <class Network>
void recordEvaluation(Module &module, const char *name, const char *output,
                      const Shape &images, const Network &network) {
  Program &program = module.program(name, Mode::Evaluation);
  program.output(output, network(program.input("images", images)));
}

/// Records `recalibrate`: inputs "images" and the scalar "momentum"; moves the
/// running mean and variance of every batch normalisation to the batch's by
/// that weight, so that 1, 1/2, 1/3, ... over several batches give the plain
/// average.
template <class Backbone>
void recordRecalibration(Module &module, const Shape &images,
                         const Backbone &backbone) {
  Program &program = module.program("recalibrate", Mode::Calibration);
  backbone(program.input("images", images));
}

} // namespace bcssl::models

#endif // BCSSL_MODELS_EVALUATION_H
