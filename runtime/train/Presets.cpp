//===- Presets.cpp - recipes by name --------------------------------------===//

#include "runtime/train/Presets.h"

#include "runtime/base/Suggest.h"

#include <algorithm>
#include <array>

namespace bcssl {

/// main_dino.py's defaults (facebookresearch/dino), with this project's model.
static void applyDino(TrainSettings &settings) {
  settings.model = "bcssl-tiny";
  settings.modelOptions = {{"method", "dino"}};
  settings.train.length.epochs = 100;
}

/// The paper's scripts of 100 epochs (arXiv 2312.05695 and its code): DINO's
/// defaults with 512 images a step, which also sets the learning rate to 1e-3,
/// and drop paths in the teacher too.
static void applyPaper100(TrainSettings &settings) {
  applyDino(settings);
  settings.modelOptions["batch"] = "512";
  settings.modelOptions["teacher-drop-path"] = "true";
}

/// Those of 300 epochs: a warmer teacher, and a last layer with a gain.
static void applyPaper300(TrainSettings &settings) {
  applyPaper100(settings);
  settings.modelOptions["norm-last-layer"] = "false";
  settings.train.length.epochs = 300;
  settings.train.schedule.teacherTemperature = 0.07;
  settings.train.schedule.warmupTeacherTemperatureEpochs = 30;
}

/// The quick recipe for small grey images: initialisation by fan-in and
/// Sinkhorn centring (the micro model's own settings), mild crops. With the
/// published ones a network of this size hardly learns.
static void applyFashion(TrainSettings &settings) {
  settings.model = "micro";
  settings.modelOptions = {{"method", "dino"}};
  settings.train.augment = mildAugmentOptions();
  settings.train.length.images = 100'000;
  settings.train.schedule = {.form = ScheduleForm::Quick,
                             .learningRate = 5e-4,
                             .warmupShare = 0.1,
                             .weightDecay = 0.04,
                             .weightDecayEnd = 0.04,
                             .teacherMomentum = 0.99,
                             .warmupTeacherTemperature = 0.02,
                             .teacherTemperature = 0.02,
                             .freezeLastLayer = 0};
}

/// The same, ten times through Fashion-MNIST; a slower teacher suits a longer
/// run.
static void applyFashionLong(TrainSettings &settings) {
  applyFashion(settings);
  settings.train.length.images = 600'000;
  settings.train.schedule.teacherMomentum = 0.996;
}

/// Of ConvNeXt's supervised recipe (facebookresearch/ConvNeXt): lr 4e-3 for
/// 4096 images, weight decay 0.05, 20 of 300 epochs of warm-up, label
/// smoothing. Its RandAugment, mixup, CutMix and random erasing do not exist
/// here.
static void applySupervised(TrainSettings &settings) {
  settings.model = "bcssl-tiny";
  settings.modelOptions = {{"method", "supervised"}, {"smoothing", "0.1"}};
  settings.train.length.epochs = 300;
  settings.train.schedule.learningRate = 4e-3 * 256 / 4096;
  settings.train.schedule.warmupEpochs = 20;
  settings.train.schedule.weightDecay = 0.05;
  settings.train.schedule.weightDecayEnd = 0.05;
  AugmentOptions &augment = settings.train.augment;
  augment.globalScale = {0.08f, 1.0f};
  augment.grey = 0;
  augment.blur = {0, 0, 0};
  augment.solarize = 0;
}

static constexpr std::array<Preset, 6> table = {{
    {"dino", "main_dino.py's defaults, 100 epochs", applyDino},
    {"paper-100", "the paper's recipe of 100 epochs, batch 512", applyPaper100},
    {"paper-300", "the paper's recipe of 300 epochs, batch 512", applyPaper300},
    {"fashion", "micro on Fashion-MNIST, 100,000 images, minutes on a CPU",
     applyFashion},
    {"fashion-long", "the same with 600,000 images", applyFashionLong},
    {"supervised",
     "with labels: lr, decay and smoothing of ConvNeXt, 300 epochs",
     applySupervised},
}};

std::span<const Preset> presets() { return table; }

Result<TrainSettings> presetSettings(const std::string &name,
                                     const std::string &model,
                                     const std::string &method) {
  std::string wanted = name;
  if (wanted.empty())
    wanted = method == "supervised" ? "supervised"
             : model == "micro"     ? "fashion"
                                    : "dino";
  auto preset = std::find_if(table.begin(), table.end(),
                             [&](const Preset &p) { return p.name == wanted; });
  if (preset == table.end()) {
    std::vector<std::string> names;
    std::string list;
    for (const Preset &entry : table) {
      names.emplace_back(entry.name);
      list += (list.empty() ? "" : ", ") + names.back();
    }
    std::string near = closest(wanted, names);
    return Error{ExitCode::Usage,
                 "preset",
                 "--preset expects one of " + list + ", got " + wanted,
                 {},
                 {},
                 near.empty() ? "" : "did you mean " + near + "?"};
  }
  TrainSettings settings;
  preset->apply(settings);
  settings.preset = wanted;
  return settings;
}

} // namespace bcssl
