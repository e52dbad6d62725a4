//===- RunConfig.cpp - config.json ----------------------------------------===//

#include "runtime/train/RunConfig.h"

#include "runtime/base/AtomicFile.h"
#include "runtime/base/ReadFile.h"

#include <nlohmann/json.hpp>

namespace bcssl {

using Json = nlohmann::ordered_json;

/// Most bytes of a config file; ours have a few thousand.
static constexpr uint64_t mostBytes = 1 << 20;

static Json configOf(const TrainSettings &s, const Executable &executable,
                     int64_t images, const std::vector<std::string> &command) {
  const TrainOptions &t = s.train;
  const ScheduleOptions &c = t.schedule;
  const AugmentOptions &a = t.augment;
  Json properties = Json::object();
  for (const auto &[key, value] : executable.contents().properties)
    properties[key] = value;
  Json json = {
      {"version", BCSSL_VERSION},
      {"command", command},
      {"preset", s.preset},
      {"data", {{"path", s.data}, {"images", images}}},
      {"device", s.device},
      {"seed", t.seed},
      {"length",
       {{"steps", t.length.steps},
        {"images", t.length.images},
        {"epochs", t.length.epochs},
        {"seconds", t.length.seconds}}},
      {"schedule",
       {{"form", c.form == ScheduleForm::Quick ? "quick" : "published"},
        {"lr", c.learningRate},
        {"min_lr", c.minLearningRate},
        {"warmup_epochs", c.warmupEpochs},
        {"warmup_share", c.warmupShare},
        {"weight_decay", c.weightDecay},
        {"weight_decay_end", c.weightDecayEnd},
        {"momentum_teacher", c.teacherMomentum},
        {"warmup_teacher_temp", c.warmupTeacherTemperature},
        {"teacher_temp", c.teacherTemperature},
        {"warmup_teacher_temp_epochs", c.warmupTeacherTemperatureEpochs},
        {"freeze_last_layer", c.freezeLastLayer}}},
      {"augment",
       {{"kind", a.preset == AugmentPreset::Mild ? "mild" : "dino"},
        {"global_crops_scale", {a.globalScale.low, a.globalScale.high}},
        {"local_crops_scale", {a.localScale.low, a.localScale.high}},
        {"pad", a.pad},
        {"mean", a.mean},
        {"deviation", a.deviation}}},
      {"program", {{"hash", executable.hash()}, {"properties", properties}}}};
  return json;
}

/// The preset and the members of these parts, where they differ.
static std::vector<std::string> differences(const Json &before,
                                            const Json &after) {
  std::vector<std::string> lines;
  auto compare = [&](const std::string &name, const Json &was, const Json &is) {
    if (was != is)
      lines.push_back(name + " was " + was.dump() + " when the run began, is " +
                      is.dump());
  };
  if (auto preset = before.find("preset"); preset != before.end())
    compare("preset", *preset, after["preset"]);
  for (const char *part : {"length", "schedule", "augment"}) {
    auto old = before.find(part);
    if (old == before.end() || !old->is_object())
      continue;
    for (const auto &[key, value] : after[part].items()) {
      auto at = old->find(key);
      if (at != old->end())
        compare(std::string(part) + "." + key, *at, value);
    }
  }
  return lines;
}

Result<std::vector<std::string>>
writeConfig(const TrainSettings &settings, const Executable &executable,
            int64_t images, const std::vector<std::string> &command) {
  std::string path = settings.train.output + "/config.json";
  // Through text once, so that numbers compare as they are written.
  std::string text = configOf(settings, executable, images, command)
                         .dump(2, ' ', false, Json::error_handler_t::replace) +
                     "\n";
  std::vector<std::string> changes;
  auto old = readFile(path, mostBytes);
  if (old && !listCheckpoints(settings.train.output).empty()) {
    std::string_view before(reinterpret_cast<const char *>(old->data()),
                            old->size());
    Json json = Json::parse(before, nullptr, /*allow_exceptions=*/false);
    if (json.is_object())
      changes = differences(json, Json::parse(text, nullptr, false));
  }
  BCSSL_RETURN_IF_ERROR(writeFileAtomically(path, text));
  return changes;
}

} // namespace bcssl
