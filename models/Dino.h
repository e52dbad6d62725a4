//===- Dino.h - self-distillation without labels ----------------*- C++ -*-===//
//
// The DINO step as one program (arXiv 2104.14294), with the quirks of the
// published code (facebookresearch/dino) and of the paper's fork of it
// (arXiv 2312.05695):
//
//   quirk of the published code                      here
//   the teacher normalises by its own batch          always (Mode::Training)
//   each resolution has batch statistics of its own  always (DinoNetwork)
//   the average covers parameters; running           always (updateTeacher);
//     statistics are each network's own              programs `recalibrate`
//   the center moves after the loss of the step      always (DinoObjective)
//   gradients are clipped by tensor                  --clip-grad, 0: not
//   a frozen last layer keeps its own AdamW count    always (Update.h)
//   BC-SSL's teacher drops paths too, others' do     --teacher-drop-path, on
//     not                                            for BC-SSL's sizes
//   the last layer's gain: 1, or learned             --norm-last-layer
//   9x9 kernels on maps of 7x7 and 3x3               --kernel, any odd to 61
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_MODELS_DINO_H
#define BCSSL_MODELS_DINO_H

#include "models/DinoHead.h"
#include "models/Images.h"
#include "models/Trunk.h"
#include "models/Update.h"

namespace bcssl::models {

/// How the teacher is kept from collapse: logits minus their running mean
/// ("dino_loss.center"), or an even assignment of the batch to outputs.
enum class Centring { Mean, Sinkhorn };

struct DinoOptions {
  TrunkOptions backbone;
  DinoHeadOptions head;
  Initialization initialization = Initialization::Published;
  /// Source images a step; crop v of image b is row v * batch + b.
  int64_t batch;
  int64_t image;
  int64_t localImage;
  int64_t localCrops;
  ImageType imageType = ImageType::F32;
  Centring centring = Centring::Mean;
  double studentTemperature = 0.1;
  double centerMomentum = 0.9;
  int64_t sinkhornIterations = 3;
  /// Drops paths in the teacher too.
  bool teacherDropPath = false;
  UpdateOptions update = {.clip = 3.0};
};

/// Global crops of an image: both networks see them.
inline constexpr int64_t kGlobalCrops = 2;

/// A backbone with a projection head. Crops of one resolution are one call of
/// the backbone, with batch statistics of their own; the head is called once.
template <class Backbone> struct DinoNetwork {
  Scope scope;
  TrunkOptions backboneOptions;
  DinoHeadOptions headOptions;

  Backbone backbone{scope / "backbone", backboneOptions};
  DinoHead head{scope / "head", headOptions};

  Tensor operator()(const std::vector<Tensor> &groups) const {
    std::vector<Tensor> features;
    for (Tensor images : groups)
      features.push_back(backbone(images));
    return head(concat(features));
  }
};

/// The parts of the step that do not depend on the kind of network.
class DinoObjective {
public:
  DinoObjective(Module &module, const DinoOptions &options);

  /// The loss for raw student and teacher logits; centres the teacher, moves
  /// the center afterwards, and gives the monitor's outputs "teacher_entropy"
  /// (mean entropy of a target), "teacher_kl" (divergence of the mean target
  /// from uniform) and, with centring by mean, "center_norm".
  Tensor operator()(Tensor student, Tensor teacher) const;

private:
  Tensor targets(Tensor teacher) const;
  void monitor(Tensor targets) const;
  void moveCenter(Tensor teacher) const;

  DinoOptions options;
  std::optional<Variable> center;
};

/// Moves every learned parameter below `teacher` towards the one of equal name
/// below `student`, by the scalar input "teacher_momentum".
void updateTeacher(Program &program, const Scope &teacher,
                   const Scope &student);

/// Student and teacher with the programs
/// * `step`: inputs "images.global" and "images.local" (where there are local
///   crops; Images.h says how), "learning_rate", "weight_decay",
///   "teacher_momentum", "teacher_temperature", "last_layer_active", and
///   "random_state" where paths are dropped; outputs "loss" and the monitor's.
template <class Backbone> struct Dino {
  Module &module;
  DinoOptions options;

  Scope studentScope{module, "student", options.initialization};
  Scope teacherScope =
      Scope(module, "teacher", options.initialization).copyOf(studentScope);
  DinoNetwork<Backbone> student{studentScope, options.backbone, options.head};
  DinoNetwork<Backbone> teacher{teacherScope, teacherBackbone(options),
                                options.head};
  DinoObjective objective{module, options};

  void recordStep() const {
    Program &step = module.program("step", Mode::Training);
    auto images = [&](const char *name, int64_t crops,
                      int64_t size) -> ImageInput {
      return {name,
              {crops * options.batch, size, size, options.backbone.inChannels}};
    };
    std::vector<ImageInput> inputs{
        images("images.global", kGlobalCrops, options.image)};
    if (options.localCrops > 0)
      inputs.push_back(
          images("images.local", options.localCrops, options.localImage));
    std::vector<Tensor> groups = imageInputs(step, options.imageType, inputs);

    Tensor loss = objective(student(groups), teacher({groups.front()}));
    step.output("loss", loss);
    updateParameters(studentScope, loss, options.update);
    updateTeacher(step, teacherScope, studentScope);
  }

  static TrunkOptions teacherBackbone(const DinoOptions &options) {
    TrunkOptions teacher = options.backbone;
    if (!options.teacherDropPath)
      teacher.dropPath = 0.0;
    return teacher;
  }
};

} // namespace bcssl::models

#endif // BCSSL_MODELS_DINO_H
