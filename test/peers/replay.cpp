//===- replay.cpp - the peer's steps once more ----------------------------===//
//
// Takes the steps of a DINO program from weights, batches and schedule values
// that dino_torch.py has written with --dump and --losses, and compares the
// losses.
//
//===----------------------------------------------------------------------===//

#include "runtime/base/Flags.h"
#include "runtime/train/Checkpoint.h"
#include "runtime/train/Learner.h"
#include "runtime/train/Safetensors.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>
#include <fstream>

using namespace bcssl;

namespace {

struct Arguments {
  std::string program, folder;
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

/// The largest difference over the compared steps.
Result<double> replay(const Arguments &arguments) {
  BCSSL_ASSIGN_OR_RETURN(executable, Executable::open(arguments.program));
  SessionOptions options;
  options.threads = static_cast<unsigned>(arguments.threads);
  BCSSL_ASSIGN_OR_RETURN(session, Session::open(executable, options));
  BCSSL_ASSIGN_OR_RETURN(learner, SessionLearner::create(std::move(session)));
  learner->initialize(/*seed=*/0);
  BCSSL_RETURN_IF_ERROR(
      loadWeights(arguments.folder + "/initial.safetensors", learner->state()));

  double worst = 0;
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
        double expected = values["loss"];
        double difference = std::abs(output.value - expected);
        // A NaN must not pass.
        if (step < arguments.compared && !(difference <= worst))
          worst = difference;
        std::printf("{\"step\": %lld, \"ours\": %.7g, \"peer\": %.7g}\n",
                    static_cast<long long>(step), output.value, expected);
      }
  }
  return worst;
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
  if (auto exit = flags.parse(argc, argv))
    return *exit;
  auto worst = replay(arguments);
  if (!worst) {
    std::fprintf(stderr, "bcssl-replay: %s\n", worst.error().text().c_str());
    return static_cast<int>(worst.error().code);
  }
  std::fprintf(stderr, "largest difference over %lld steps: %.2g\n",
               static_cast<long long>(arguments.compared), *worst);
  return static_cast<int>(*worst <= arguments.tolerance ? ExitCode::Done
                                                        : ExitCode::Failed);
}
