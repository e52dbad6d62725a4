//===- TrainFlags.cpp - the command line of bcssl-train -------------------===//

#include "runtime/train/TrainFlags.h"

#include "runtime/base/Flags.h"
#include "runtime/device/OpenDevice.h"
#include "runtime/device/cpu/CpuDevice.h"

#include <algorithm>
#include <cstdio>
#include <limits>

namespace bcssl {

std::span<const ModelOption> modelOptions() {
  static const std::vector<ModelOption> options = {
      {"method", "dino or supervised", {}},
      {"family", "bcssl or convnext", {}},
      {"dims", "channels of each stage", {}},
      {"depths", "blocks of each stage", {}},
      {"patch", "side of the stem's patches", {}},
      {"kernel", "depthwise kernel size, odd", {}},
      {"bn-activation", "between batch and layer norm", {}},
      {"layer-scale", "first value of gamma", {}},
      {"drop-path", "drop rate of the last block", {"drop-path-rate"}},
      {"teacher-drop-path", "drop paths in the teacher too", {}},
      {"in-channels", "channels of an image", {}},
      {"batch", "images a step", {"batch-size-per-gpu"}},
      {"image", "side of a global crop", {}},
      {"local-image", "side of a local crop", {}},
      {"local-crops", "local crops of an image", {"local-crops-number"}},
      {"image-type", "f32, or u8: normalised by the step", {}},
      {"eval-batch", "images a call of features", {}},
      {"eval-image", "side of an image there", {}},
      {"out-dim", "outputs of the DINO head", {}},
      {"hidden", "hidden width of the DINO head", {}},
      {"bottleneck", "bottleneck of the DINO head", {}},
      {"norm-last-layer", "keep the last layer's gain at 1", {}},
      {"classes", "classes of supervised training", {}},
      {"smoothing", "label smoothing", {}},
      {"init", "published or fan", {}},
      {"centring", "mean or sinkhorn", {}},
      {"student-temp", "temperature of the student", {}},
      {"center-momentum", "momentum of the center", {}},
      {"sinkhorn-iterations", "rounds of Sinkhorn's assignment", {}},
      {"clip-grad", "largest norm of a gradient tensor, 0: none", {}},
      {"optimizer", "adamw, sgd or lars", {}},
      {"beta1", "AdamW's decay of the mean", {}},
      {"beta2", "AdamW's decay of the square", {}},
      {"precision", "of products: f32, or bf16 on a GPU", {}},
  };
  return options;
}

namespace {

/// Flags of main_dino.py that only one value fits, by that value.
struct FixedFlag {
  const char *name;
  std::string value; ///< as given; the accepted one at first
  const char *why;
};

/// Variables that flags are bound to, beside the settings themselves.
struct Extras {
  std::string progress = "auto";
  std::string augment;
  std::vector<double> globalScale;
  std::vector<double> localScale;
  double keepEpochs = 20;
  int64_t localRank = 0; // torchrun passes it; one process ignores it
  std::vector<FixedFlag> fixed = {
      {"use-fp16", "false",
       "training is in float32, or with --precision=bf16, which needs no "
       "scaled loss"},
      {"use-bn-in-head", "false", "the head has no batch normalisation"},
      {"dist-url", "env://", "training runs in one process"},
      {"patch-size", "",
       "it belongs to vision transformers; the stem's patch "
       "of a convolutional network is --patch"},
  };
  std::map<std::string, std::string> given;
};

constexpr double most = std::numeric_limits<int32_t>::max();

void addRunFlags(Flags &flags, TrainSettings &s, Extras &extras) {
  TrainOptions &train = s.train;
  flags.add("data", s.data, "folder of images, or of IDX files",
            {.required = true, .aliases = {"data-path"}, .type = "DIR"});
  flags.add("output", train.output, "folder of the run",
            {.required = true, .aliases = {"output-dir"}, .type = "DIR"});
  flags.add("preset", s.preset,
            "dino, paper-100, paper-300, fashion, fashion-long, supervised; "
            "other flags change it");
  flags.add("model", s.model, "a model of the zoo", {.aliases = {"arch"}});
  flags.add("program", s.program, "a compiled program instead of a model",
            {.type = "FILE"});
  flags.add("resume", train.resume, "auto, none, or a checkpoint");
  flags.add("initial-checkpoint", train.initialCheckpoint,
            "weights to begin with: a checkpoint or a safetensors file",
            {.type = "PATH"});
  flags.add("device", s.device, std::string("where to train: ") + deviceHelp);
  flags.add("seed", train.seed, "of weights, order, crops and dropped paths");
  flags.add("progress", extras.progress, "what to show on stderr",
            {.choices = {"auto", "bar", "plain", "json", "none"}});
  flags.add("threads", s.threads, "threads of the device, 0: all cores",
            {.minimum = 0, .maximum = 1024});
  flags.add("target", s.targets, "target of bcssl-compile; may be repeated");

  FlagOptions length{.minimum = 0, .maximum = 1e15, .group = "length"};
  flags.add("epochs", train.length.epochs, "length of the run in epochs",
            length);
  flags.add("images", train.length.images, "length in images, not epochs",
            length);
  flags.add("steps", train.length.steps, "length in steps, not epochs", length);
  flags.add("seconds", train.length.seconds,
            "stop after so long, with a checkpoint; 0: never", length);

  FlagOptions saving{.minimum = 0, .maximum = most, .group = "checkpoints"};
  flags.add("save-every", train.saveEvery,
            "steps between checkpoints, 0: each epoch", saving);
  flags.add("keep", train.keep.newest, "newest checkpoints to keep, 0: all",
            saving);
  FlagOptions periodic = saving;
  periodic.aliases = {"saveckp-freq"};
  flags.add("keep-epochs", extras.keepEpochs,
            "keep a checkpoint for good every so many epochs, 0: none",
            periodic);
  saving.minimum = 1;
  flags.add("log-every", train.logEvery, "steps between lines of log.txt",
            saving);
}

void addScheduleFlags(Flags &flags, ScheduleOptions &schedule) {
  FlagOptions any{.minimum = 0, .maximum = 1e6, .group = "schedules"};
  flags.add("lr", schedule.learningRate,
            "highest learning rate; published form: for 256 images", any);
  flags.add("min-lr", schedule.minLearningRate, "learning rate at the end",
            any);
  flags.add("warmup-epochs", schedule.warmupEpochs,
            "epochs of warm-up (published form)", any);
  flags.add("weight-decay", schedule.weightDecay, "weight decay at first", any);
  flags.add("weight-decay-end", schedule.weightDecayEnd,
            "weight decay at the end", any);
  flags.add("freeze-last-layer", schedule.freezeLastLayer,
            "epochs with the last layer held still", any);
  flags.add("warmup-teacher-temp-epochs",
            schedule.warmupTeacherTemperatureEpochs,
            "epochs until the teacher's temperature is reached", any);
  any.maximum = 1;
  flags.add("warmup-share", schedule.warmupShare,
            "warm-up as a share of the run (quick form)", any);
  flags.add("momentum-teacher", schedule.teacherMomentum,
            "the teacher's momentum at first", any);
  any.maximum = 100;
  any.minimum = 1e-6;
  flags.add("teacher-temp", schedule.teacherTemperature,
            "temperature of the teacher", any);
  flags.add("warmup-teacher-temp", schedule.warmupTeacherTemperature,
            "its temperature at first", any);
}

void addDataFlags(Flags &flags, TrainSettings &s, Extras &extras) {
  FlagOptions group{.group = "data"};
  FlagOptions kind = group;
  kind.choices = {"dino", "mild"};
  flags.add("augment", extras.augment, "how crops are made", kind);
  FlagOptions range = group;
  range.minimum = 0;
  range.maximum = 1;
  range.count = 2;
  flags.add("global-crops-scale", extras.globalScale,
            "area of global crops, low and high", range);
  flags.add("local-crops-scale", extras.localScale,
            "area of local crops, low and high", range);
  FlagOptions workers = group;
  workers.minimum = 0;
  workers.maximum = 1024;
  workers.aliases = {"num-workers"};
  flags.add("loader-threads", s.train.loaderThreads,
            "threads that prepare batches, 0: none beside the loop; on a GPU "
            "all cores but one unless given",
            workers);
}

void addModelFlags(Flags &flags, Extras &extras) {
  for (const ModelOption &option : modelOptions())
    flags.add(option.name, extras.given[option.name], option.help,
              {.aliases = option.aliases, .group = "model"});
}

void addCompatibilityFlags(Flags &flags, Extras &extras) {
  for (FixedFlag &flag : extras.fixed)
    flags.add(flag.name, flag.value, flag.why, {.group = "of main_dino.py"});
  flags.add("local-rank", extras.localRank, "ignored: one process",
            {.group = "of main_dino.py"});
}

/// "0" and "off" are "false", as main_dino.py reads switches.
bool sameValue(const std::string &given, const std::string &accepted) {
  return given == accepted ||
         (accepted == "false" &&
          (given == "0" || given == "off" || given == "False"));
}

int refuse(const std::string &message) {
  std::fprintf(stderr, "bcssl-train: %s\n", message.c_str());
  return static_cast<int>(ExitCode::Usage);
}

/// What the flags' own types could not check, and what they only stand for.
std::optional<int> finish(const Flags &flags, const Extras &extras,
                          TrainCommand &command) {
  const Extras accepted;
  for (size_t i = 0; i < extras.fixed.size(); ++i)
    if (!sameValue(extras.fixed[i].value, accepted.fixed[i].value))
      return refuse(std::string("--") + extras.fixed[i].name + "=" +
                    extras.fixed[i].value +
                    " is not possible: " + extras.fixed[i].why);
  TrainSettings &s = command.settings;
  if (!s.program.empty() && flags.given("model"))
    return refuse("expects either --model or --program");
  command.givenModel = flags.given("model");
  for (const ModelOption &option : modelOptions())
    if (flags.given(option.name)) {
      s.modelOptions[option.name] = extras.given.at(option.name);
      command.givenModelOptions.insert(option.name);
    }
  if (!s.program.empty() && !command.givenModelOptions.empty())
    return refuse("--" + *command.givenModelOptions.begin() +
                  " is fixed in a compiled program; give --model instead of "
                  "--program");

  AugmentOptions &augment = s.train.augment;
  if (!extras.augment.empty())
    augment =
        extras.augment == "mild" ? mildAugmentOptions() : AugmentOptions();
  auto range = [](const std::vector<double> &values, Range &to) {
    if (!values.empty())
      to = {static_cast<float>(values[0]), static_cast<float>(values[1])};
  };
  range(extras.globalScale, augment.globalScale);
  range(extras.localScale, augment.localScale);
  // Beside a GPU the processor has nothing else to do.
  if (s.device != "cpu" && !flags.given("loader-threads"))
    s.train.loaderThreads = std::max<int64_t>(1, availableThreads() - 1);
  s.train.progress = *parseProgressMode(extras.progress);
  // Kept in epochs here, in steps there: the trainer's caller knows the data.
  command.keepEpochs = extras.keepEpochs;
  return {};
}

/// One pass over the command line, onto `command.settings` as they are.
std::optional<int> parseOnce(int argc, const char *const *argv,
                             TrainCommand &command, std::string *method) {
  Flags flags("bcssl-train",
              "Trains a network on images, from the model's name to its "
              "checkpoints.",
              {"bcssl-train --preset=fashion "
               "--data=/usr/share/datasets/fashion-mnist --output=run",
               "bcssl-train --model=bcssl-tiny --data=imagenet --output=run "
               "--batch=64 --epochs=100",
               "bcssl-train --program=step.bcx --data=photos --output=run "
               "--steps=1000"});
  Extras extras;
  addRunFlags(flags, command.settings, extras);
  addScheduleFlags(flags, command.settings.train.schedule);
  addDataFlags(flags, command.settings, extras);
  addModelFlags(flags, extras);
  addCompatibilityFlags(flags, extras);
  if (auto exit = flags.parse(argc, argv))
    return exit;
  // The length that was given replaces that of the preset.
  RunLength &length = command.settings.train.length;
  if (flags.given("steps") + flags.given("images") + flags.given("epochs") > 1)
    return refuse("expects one of --steps, --images and --epochs");
  if (flags.given("epochs"))
    length.images = length.steps = 0;
  if (flags.given("images"))
    length.steps = 0;
  if (method) {
    *method = extras.given["method"];
    return {};
  }
  return finish(flags, extras, command);
}

} // namespace

TrainCommand parseTrainFlags(int argc, const char *const *argv) {
  // Which preset the other flags change is itself a flag: read twice.
  TrainCommand first;
  std::string method;
  first.exit = parseOnce(argc, argv, first, &method);
  if (first.exit)
    return first;
  TrainCommand command;
  std::string model = first.settings.model;
  // A compiled program says itself what it is; whether it can be read at all
  // is not the question here.
  if (auto executable = first.settings.program.empty()
                            ? Result<std::shared_ptr<const Executable>>(Error())
                            : Executable::open(first.settings.program)) {
    model = (*executable)->property("model");
    method = (*executable)->property("method");
  }
  auto settings = presetSettings(first.settings.preset, model, method);
  if (!settings) {
    command.exit = refuse(settings.error().text());
    return command;
  }
  std::string preset = settings->preset;
  command.settings = std::move(*settings);
  command.exit = parseOnce(argc, argv, command, nullptr);
  command.settings.preset = preset;
  return command;
}

} // namespace bcssl
