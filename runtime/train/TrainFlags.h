//===- TrainFlags.h - the command line of bcssl-train -----------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_TRAIN_TRAINFLAGS_H
#define BCSSL_RUNTIME_TRAIN_TRAINFLAGS_H

#include "runtime/train/Presets.h"

#include <set>

namespace bcssl {

/// What a command line says.
struct TrainCommand {
  TrainSettings settings;
  bool givenModel = false; ///< the model was, not left to the preset
  /// Names of the model options that were given, not those of the preset.
  std::set<std::string> givenModelOptions;
  /// Checkpoints to keep for good, every so many epochs; 0: none.
  double keepEpochs = 20;
  /// Ends the tool at once: after --help, or a message about a wrong flag.
  std::optional<int> exit;
};

/// Reads the command line over the chosen preset. All flags of main_dino.py are
/// understood; those that have no meaning here are refused with a line that
/// says why, unless they ask for what happens anyway.
TrainCommand parseTrainFlags(int argc, const char *const *argv);

/// An option that is handed on to bcssl-compile.
struct ModelOption {
  const char *name;
  const char *help;
  std::vector<std::string> aliases;
};
std::span<const ModelOption> modelOptions();

} // namespace bcssl

#endif // BCSSL_RUNTIME_TRAIN_TRAINFLAGS_H
