//===- Zoo.cpp - the models by name ---------------------------------------===//

#include "models/Zoo.h"
#include "models/Bcssl.h"
#include "models/ConvNeXt.h"
#include "models/Evaluation.h"
#include "models/Supervised.h"

#include <algorithm>

using namespace bcssl::models;

namespace {

struct Size {
  const char *name;
  Family family;
  std::vector<int64_t> dims;
  std::vector<int64_t> depths;
};

const Size kSizes[] = {
    {"bcssl-tiny", Family::Bcssl, {96, 192, 384, 768}, {3, 3, 9, 3}},
    {"bcssl-small", Family::Bcssl, {96, 192, 384, 768}, {3, 3, 27, 3}},
    {"bcssl-base", Family::Bcssl, {128, 256, 512, 1024}, {3, 3, 27, 3}},
    {"convnext-tiny", Family::ConvNeXt, {96, 192, 384, 768}, {3, 3, 9, 3}},
    {"convnext-small", Family::ConvNeXt, {96, 192, 384, 768}, {3, 3, 27, 3}},
    {"convnext-base", Family::ConvNeXt, {128, 256, 512, 1024}, {3, 3, 27, 3}},
    {"micro", Family::Bcssl, {64, 128, 256}, {1, 1, 1}},
};

/// The quick recipe: learns something from small grey images in minutes.
void makeMicro(Options &options) {
  options.kernel = 7;
  options.layerScale = 1.0;
  options.dropPath = 0.0;
  options.teacherDropPath = false;
  options.inChannels = 1;
  options.image = 32;
  options.localImage = 16;
  options.localCrops = 2;
  options.outDim = 1024;
  options.hidden = 512;
  options.bottleneck = 128;
  options.classes = 10;
  options.initialization = Initialization::FanIn;
  options.centring = Centring::Sinkhorn;
}

TrunkOptions trunkOptions(const Options &options) {
  TrunkOptions trunk{.inChannels = options.inChannels,
                     .patch = options.patch,
                     .dims = options.dims,
                     .depths = options.depths,
                     .kernel = options.kernel,
                     .layerScale = options.layerScale,
                     .dropPath = options.dropPath,
                     .bnActivation = options.bnActivation};
  // Without it the layer normalisation behind the stem would erase the grey
  // level of a flat patch, all channels being multiples of one number.
  if (options.initialization == Initialization::FanIn)
    trunk.stemBias = Initializer::truncNormal(1.0);
  return trunk;
}

UpdateOptions updateOptions(const Options &options) {
  return {.optimizer = options.optimizer,
          .beta1 = options.beta1,
          .beta2 = options.beta2,
          .clip = options.clip};
}

DinoHeadOptions headOptions(const Options &options) {
  return {.in = options.dims.back(),
          .hidden = options.hidden,
          .bottleneck = options.bottleneck,
          .outDim = options.outDim,
          .normLastLayer = options.normLastLayer};
}

Shape evalImages(const Options &options) {
  int64_t side = options.evalImage ? options.evalImage : options.image;
  int64_t batch = options.evalBatch ? options.evalBatch : options.batch;
  return {batch, side, side, options.inChannels};
}

template <class Backbone>
void recordEvaluations(Module &module, const Options &options,
                       const Backbone &backbone) {
  Shape images = evalImages(options);
  recordEvaluation(module, "features", "features", images, backbone);
  if (options.family == Family::Bcssl && options.method != Method::Features)
    recordRecalibration(module, images, backbone);
}

template <class Backbone>
void recordDino(Module &module, const Options &options) {
  Dino<Backbone> dino{module,
                      {.backbone = trunkOptions(options),
                       .head = headOptions(options),
                       .initialization = options.initialization,
                       .batch = options.batch,
                       .image = options.image,
                       .localImage = options.localImage,
                       .localCrops = options.localCrops,
                       .imageType = options.imageType,
                       .centring = options.centring,
                       .studentTemperature = options.studentTemperature,
                       .centerMomentum = options.centerMomentum,
                       .sinkhornIterations = options.sinkhornIterations,
                       .teacherDropPath = options.teacherDropPath,
                       .update = updateOptions(options)}};
  dino.recordStep();
  recordEvaluations(module, options, dino.teacher.backbone);
}

template <class Backbone>
void recordSupervised(Module &module, const Options &options) {
  Supervised<Backbone> supervised{module,
                                  {.backbone = trunkOptions(options),
                                   .initialization = options.initialization,
                                   .batch = options.batch,
                                   .image = options.image,
                                   .imageType = options.imageType,
                                   .classes = options.classes,
                                   .smoothing = options.smoothing,
                                   .update = updateOptions(options)}};
  supervised.recordStep();
  recordEvaluations(module, options, supervised.backbone);
  recordEvaluation(
      module, "evaluate", "logits", evalImages(options),
      [&](Tensor x) { return supervised.head(supervised.backbone(x)); });
}

template <class Backbone>
void recordFeatures(Module &module, const Options &options) {
  Scope scope(module, "teacher.backbone", options.initialization);
  recordEvaluations(module, options, Backbone{scope, trunkOptions(options)});
}

template <class Backbone> Graph build(const Options &options) {
  Module module;
  switch (options.method) {
  case Method::Dino:
    recordDino<Backbone>(module, options);
    break;
  case Method::Supervised:
    recordSupervised<Backbone>(module, options);
    break;
  case Method::Features:
    recordFeatures<Backbone>(module, options);
    break;
  }
  return module.graph();
}

} // namespace

std::vector<std::string> bcssl::models::modelNames() {
  std::vector<std::string> names;
  for (const Size &size : kSizes)
    names.emplace_back(size.name);
  return names;
}

Options bcssl::models::defaultsFor(const std::string &model, Method method) {
  auto size = std::ranges::find(kSizes, model, &Size::name);
  if (size == std::end(kSizes)) {
    std::string names;
    for (const Size &known : kSizes)
      names += (names.empty() ? "" : ", ") + std::string(known.name);
    throw OptionError("--model expects one of " + names + ", got " + model);
  }
  Options options;
  options.model = model;
  options.method = method;
  options.family = size->family;
  options.dims = size->dims;
  options.depths = size->depths;
  options.kernel =
      size->family == Family::Bcssl ? kBcsslKernel : kConvNeXtKernel;
  options.teacherDropPath =
      size->family == Family::Bcssl && method == Method::Dino;
  if (model == "micro")
    makeMicro(options);
  // ConvNeXt's supervised recipe does not clip.
  if (method == Method::Supervised)
    options.clip = 0.0;
  return options;
}

Options bcssl::models::resolveOptions(
    const std::string &model,
    const std::vector<std::pair<std::string, std::string>> &settings) {
  // The method decides over other defaults, so it is read first.
  Options options = defaultsFor(model);
  for (const auto &[name, value] : settings)
    if (name == "method")
      setOption(options, name, value);
  options = defaultsFor(model, options.method);
  for (const auto &[name, value] : settings)
    setOption(options, name, value);
  checkOptions(options);
  return options;
}

Graph bcssl::models::buildModule(const Options &options) {
  checkOptions(options);
  return options.family == Family::Bcssl ? build<Bcssl>(options)
                                         : build<ConvNeXt>(options);
}
