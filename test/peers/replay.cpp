//===- replay.cpp - the peer's steps once more ----------------------------===//
//
// Takes the steps of a DINO program from weights, batches and schedule values
// that dino_torch.py has written with --dump and --losses, and compares the
// losses. Prints one JSON object.
//
//===----------------------------------------------------------------------===//

#include "runtime/base/Flags.h"
#include "runtime/train/Checkpoint.h"
#include "runtime/train/Learner.h"
#include "runtime/train/Safetensors.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <optional>

using namespace bcssl;

namespace {

struct Arguments {
  std::string program, folder, losses;
  int64_t threads = 0, compared = 20;
  double tolerance = 1e-3;
};

Result<std::vector<float>> readTensor(const SafetensorsReader &file,
                                      const char *name) {
  std::vector<float> values;
  const TensorInfo *info = file.find(name);
  if (!info)
    return values;
  values.resize(info->bytes / sizeof(float));
  BCSSL_RETURN_IF_ERROR(
      file.read(*info, std::as_writable_bytes(std::span(values))));
  return values;
}

Result<Batch> readBatch(const std::string &folder, int64_t step) {
  char name[40];
  std::snprintf(name, sizeof(name), "/batch_%07lld.safetensors",
                static_cast<long long>(step));
  BCSSL_ASSIGN_OR_RETURN(file, SafetensorsReader::open(folder + name));
  Batch batch;
  batch.step = step;
  BCSSL_ASSIGN_OR_RETURN(globals, readTensor(file, "globals"));
  BCSSL_ASSIGN_OR_RETURN(locals, readTensor(file, "locals"));
  batch.globals = std::move(globals);
  batch.locals = std::move(locals);
  return batch;
}

/// Both losses of each step.
struct Comparison {
  std::vector<double> ours, peer;

  double difference(size_t step) const {
    return std::abs(ours[step] - peer[step]);
  }
  /// The largest difference of the first steps; NaN where one is NaN.
  double worst(size_t steps) const {
    double result = 0;
    for (size_t step = 0; step < std::min(steps, ours.size()); ++step) {
      if (std::isnan(difference(step)))
        return difference(step);
      result = std::max(result, difference(step));
    }
    return result;
  }
  /// The first step whose losses differ by more than the tolerance.
  std::optional<size_t> parting(double tolerance) const {
    for (size_t step = 0; step < ours.size(); ++step)
      if (!(difference(step) <= tolerance))
        return step;
    return std::nullopt;
  }
};

Result<Comparison> replay(const Arguments &arguments) {
  BCSSL_ASSIGN_OR_RETURN(executable, Executable::open(arguments.program));
  SessionOptions options;
  options.threads = static_cast<unsigned>(arguments.threads);
  BCSSL_ASSIGN_OR_RETURN(session, Session::open(executable, options));
  BCSSL_ASSIGN_OR_RETURN(learner, SessionLearner::create(std::move(session)));
  BCSSL_RETURN_IF_ERROR(learner->initialize(/*seed=*/0));
  BCSSL_RETURN_IF_ERROR(
      loadWeights(arguments.folder + "/initial.safetensors", learner->state()));

  Comparison comparison;
  std::ifstream lines(arguments.folder + "/losses.jsonl");
  std::string line;
  for (int64_t step = 0; std::getline(lines, line); ++step) {
    auto values = nlohmann::json::parse(line);
    StepScalars scalars{.learningRate = values["learning_rate"],
                        .weightDecay = values["weight_decay"],
                        .teacherMomentum = values["teacher_momentum"],
                        .teacherTemperature = values["teacher_temp"],
                        .lastLayerActive =
                            !values["freeze_last_layer"].get<bool>()};
    BCSSL_ASSIGN_OR_RETURN(batch, readBatch(arguments.folder, step));
    BCSSL_RETURN_IF_ERROR(learner->step(batch, scalars, /*seed=*/0, step));
    for (const StepOutput &output : learner->outputs())
      if (output.name == "loss") {
        comparison.ours.push_back(output.value);
        comparison.peer.push_back(values["loss"]);
      }
  }
  return comparison;
}

nlohmann::ordered_json summary(const Arguments &arguments,
                               const Comparison &comparison) {
  auto compared = static_cast<size_t>(arguments.compared);
  nlohmann::ordered_json json = {
      {"case", "losses/micro/dino/f32"},
      {"steps", comparison.ours.size()},
      {"compared", std::min(compared, comparison.ours.size())},
      {"tolerance", arguments.tolerance},
      {"difference", comparison.worst(compared)},
      {"difference_of_all", comparison.worst(comparison.ours.size())},
      {"parted_at", nullptr},
      {"last_ours", comparison.ours.back()},
      {"last_peer", comparison.peer.back()}};
  if (auto step = comparison.parting(arguments.tolerance))
    json["parted_at"] = *step;
  return json;
}

Status writeLosses(const std::string &path, const Comparison &comparison) {
  std::ofstream file(path);
  for (size_t step = 0; step < comparison.ours.size(); ++step)
    file << nlohmann::ordered_json{{"step", step},
                                   {"ours", comparison.ours[step]},
                                   {"peer", comparison.peer[step]}}
         << '\n';
  if (!file.flush())
    return Error{ExitCode::Io, "losses-write", "cannot write", path};
  return {};
}

} // namespace

int main(int argc, char **argv) {
  Arguments arguments;
  Flags flags("bcssl-replay", "Takes the peer's steps and compares losses.");
  flags.positional("PROGRAM", arguments.program, "a compiled DINO step",
                   {.required = true});
  flags.positional("FOLDER", arguments.folder, "what dino_torch.py has dumped",
                   {.required = true});
  flags.add("threads", arguments.threads, "0: all cores", {.minimum = 0});
  flags.add("compared", arguments.compared, "steps whose losses must agree",
            {.minimum = 1});
  flags.add("tolerance", arguments.tolerance, "largest difference of a loss");
  flags.add("losses", arguments.losses, "file for both losses of each step");
  if (auto exit = flags.parse(argc, argv))
    return *exit;
  auto fail = [](const Error &error) {
    std::fprintf(stderr, "bcssl-replay: %s\n", error.text().c_str());
    return static_cast<int>(error.code);
  };
  auto comparison = replay(arguments);
  if (!comparison)
    return fail(comparison.error());
  if (comparison->ours.empty())
    return fail({ExitCode::NoInput, "losses-empty",
                 "expects the losses of at least one step",
                 arguments.folder + "/losses.jsonl"});
  if (!arguments.losses.empty())
    if (Status status = writeLosses(arguments.losses, *comparison); !status)
      return fail(status.error());
  std::puts(summary(arguments, *comparison).dump().c_str());
  double worst = comparison->worst(static_cast<size_t>(arguments.compared));
  return static_cast<int>(worst <= arguments.tolerance ? ExitCode::Done
                                                       : ExitCode::Failed);
}
