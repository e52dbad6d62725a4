//===- Presets.h - recipes by name ------------------------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_TRAIN_PRESETS_H
#define BCSSL_RUNTIME_TRAIN_PRESETS_H

#include "runtime/train/Trainer.h"

#include <map>

namespace bcssl {

/// Everything that the command line of bcssl-train can say.
struct TrainSettings {
  std::string preset;
  std::string program; ///< a compiled file; empty: compile `model`
  std::string model;
  /// Options of bcssl-compile by name, those of the preset and those given.
  std::map<std::string, std::string> modelOptions;
  std::vector<std::string> targets; ///< of bcssl-compile; empty: its default
  std::string data;
  std::string device = "cpu"; ///< as openDevice takes it
  int64_t threads = 0; ///< of the device; 0: as many as the process may use
  TrainOptions train;
};

/// A recipe: what it is for, and what it sets beyond the defaults.
struct Preset {
  std::string_view name;
  std::string_view summary;
  void (*apply)(TrainSettings &settings);
};

/// All presets; the first is the default.
std::span<const Preset> presets();

/// The preset that a command line starts from: the one of that name, or with an
/// empty name the one that belongs to `model` and `method`.
/// Errors: "preset" (Usage) with the names there are.
Result<TrainSettings> presetSettings(const std::string &name,
                                     const std::string &model,
                                     const std::string &method);

} // namespace bcssl

#endif // BCSSL_RUNTIME_TRAIN_PRESETS_H
