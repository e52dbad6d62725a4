//===- Options.h - what can be chosen about a model -------------*- C++ -*-===//

#ifndef BCSSL_MODELS_OPTIONS_H
#define BCSSL_MODELS_OPTIONS_H

#include "models/Dino.h"

#include <span>

namespace bcssl::models {

/// An option with a value that does not fit; `what()` reads
/// "--kernel expects an odd number from 1 to 61, got 8".
class OptionError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

enum class Family { Bcssl, ConvNeXt };

/// Dino: programs step, features, recalibrate. Supervised: step, features,
/// evaluate, recalibrate. Features: features alone, under the DINO teacher's
/// names. Programs `recalibrate` exist for networks with batch normalisation.
enum class Method { Dino, Supervised, Features };

struct Options {
  std::string model;
  Method method = Method::Dino;
  Family family = Family::Bcssl;
  std::vector<int64_t> dims;
  std::vector<int64_t> depths;
  int64_t patch = 4;
  int64_t kernel = 9;
  BnActivation bnActivation = BnActivation::None;
  double layerScale = 1e-6;
  double dropPath = 0.1;
  /// On for DINO with BC-SSL's published sizes (see Dino.h).
  bool teacherDropPath = false;
  int64_t inChannels = 3;
  int64_t batch = 64;
  int64_t image = 224;
  int64_t localImage = 96;
  int64_t localCrops = 8;
  ImageType imageType = ImageType::F32;
  /// Batch and image size of features, evaluate and recalibrate; 0 takes
  /// those of the step.
  int64_t evalBatch = 0;
  int64_t evalImage = 0;
  int64_t outDim = 65536;
  int64_t hidden = 2048;
  int64_t bottleneck = 256;
  bool normLastLayer = true;
  int64_t classes = 1000;
  double smoothing = 0.0;
  Initialization initialization = Initialization::Published;
  Centring centring = Centring::Mean;
  double studentTemperature = 0.1;
  double centerMomentum = 0.9;
  int64_t sinkhornIterations = 3;
  /// Largest norm of a gradient tensor, 0 for none.
  double clip = 3.0;
  OptimizerKind optimizer = OptimizerKind::AdamW;
  double beta1 = 0.9;
  double beta2 = 0.999;

  /// Side of the smallest feature map's cell in pixels.
  int64_t stride() const;
};

/// One option by its name on a command line. Values are texts; lists are
/// separated by commas. `set` takes the name for its message.
struct OptionField {
  const char *name;
  const char *help;
  std::string (*get)(const Options &);
  void (*set)(Options &, const char *name, const std::string &value);
};

/// All options but `model`, which selects the defaults of the others.
std::span<const OptionField> optionFields();

/// Sets the option `name` (with "-" or "_"). Throws OptionError where there is
/// none or the value is of the wrong kind.
void setOption(Options &options, std::string_view name,
               const std::string &value);

/// Throws OptionError where a value, or a combination, is not allowed.
void checkOptions(const Options &options);

} // namespace bcssl::models

#endif // BCSSL_MODELS_OPTIONS_H
