//===- Zoo.h - the models by name -------------------------------*- C++ -*-===//

#ifndef BCSSL_MODELS_ZOO_H
#define BCSSL_MODELS_ZOO_H

#include "models/Options.h"

namespace bcssl::models {

/// Names of all models, in the order in which they are listed.
std::vector<std::string> modelNames();

/// The options of a model as published (micro: as in the quick recipe). Throws
/// OptionError for an unknown name.
Options defaultsFor(const std::string &model, Method method = Method::Dino);

/// The options of a model with settings by name, as from a command line: the
/// defaults for its method (among the settings or Dino), then every setting in
/// order. Throws OptionError as setOption and checkOptions do.
Options resolveOptions(
    const std::string &model,
    const std::vector<std::pair<std::string, std::string>> &settings);

/// Records the programs of options.method. Throws OptionError where
/// checkOptions does.
frontend::Graph buildModule(const Options &options);

/// Size of a model.
struct Description {
  /// Learned numbers of the backbone, of it with its classifier, and of the
  /// DINO head (frozen gain included).
  int64_t backboneParameters;
  int64_t classifierParameters;
  int64_t dinoHeadParameters;
  /// Multiply-adds of the backbone's convolutions and linear layers for one
  /// image and, with the DINO step, for one local crop; every tap of a kernel
  /// counts.
  double imageMacs;
  double localMacs;
};

Description describe(const Options &options);

} // namespace bcssl::models

#endif // BCSSL_MODELS_ZOO_H
