//===- Launch.cpp - from settings to a run --------------------------------===//

#include "runtime/train/Launch.h"

#include "runtime/device/OpenDevice.h"
#include "runtime/report/JsonLog.h"
#include "runtime/report/Signals.h"
#include "runtime/train/RunConfig.h"
#include "runtime/train/RunFolder.h"
#include "runtime/train/RunProgram.h"

#include <chrono>
#include <cstdio>
#include <sys/resource.h>

namespace bcssl {

static void say(const TrainSettings &settings, const std::string &text) {
  if (settings.train.progress != ProgressMode::None)
    std::fprintf(stderr, "bcssl-train: %s\n", text.c_str());
}

/// What a run costs beside its steps.
struct RunCost {
  double compileSeconds = 0; ///< until the artifact was there and verified
  int64_t arenaBytes = 0;    ///< as planned
  int64_t arenaTouched = 0;  ///< pages of it that are resident
};

/// Largest resident set of this process so far, in bytes.
static int64_t peakResidentBytes() {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<int64_t>(usage.ru_maxrss) * 1024;
}

/// Words on stderr, and the same as data on stdout.
static void printSummary(const TrainSettings &settings,
                         const TrainSummary &summary, const RunCost &cost) {
  double speed = summary.seconds > 0
                     ? static_cast<double>(summary.images) / summary.seconds
                     : 0;
  char text[200];
  std::snprintf(text, sizeof(text),
                "%lld of %lld steps, %.0f images/s, loss %.4f; checkpoint ",
                static_cast<long long>(summary.step),
                static_cast<long long>(summary.steps), speed, summary.loss);
  say(settings, text + summary.checkpoint + ", " + settings.train.output +
                    "/log.txt, curve.png, crops.png");
  std::string line = jsonLine({{"step", summary.step},
                               {"steps", summary.steps},
                               {"images", summary.images},
                               {"seconds", summary.seconds},
                               {"images_per_s", speed},
                               {"train_loss", summary.loss},
                               {"compile_seconds", cost.compileSeconds},
                               {"peak_rss_bytes", peakResidentBytes()},
                               {"arena_bytes", cost.arenaBytes},
                               {"arena_touched_bytes", cost.arenaTouched},
                               {"checkpoint", summary.checkpoint},
                               {"hash", summary.hash}});
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

Result<TrainSummary> launchTraining(const TrainCommand &command, int argc,
                                    const char *const *argv) {
  TrainSettings settings = command.settings;
  BCSSL_RETURN_IF_ERROR(StopSignals::install());
  BCSSL_ASSIGN_OR_RETURN(opened, openDataset(settings.data, Split::Train));
  std::shared_ptr<const Dataset> data = std::move(opened);
  BCSSL_ASSIGN_OR_RETURN(lock, FolderLock::take(settings.train.output));
  BCSSL_RETURN_IF_ERROR(
      checkFolderUse(settings.train.output, settings.train.resume));
  // A wrong device is found before a minute of compiling.
  BCSSL_ASSIGN_OR_RETURN(
      device, openDevice({.name = settings.device,
                          .threads = static_cast<unsigned>(settings.threads)}));
  RunCost cost;
  auto start = std::chrono::steady_clock::now();
  BCSSL_ASSIGN_OR_RETURN(executable,
                         runProgram(command, *device, data->size()));
  cost.compileSeconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  BCSSL_ASSIGN_OR_RETURN(session, Session::open(executable, std::move(device)));
  std::string description = session->description();
  const Session &memory = *session; // owned by the learner from here on
  BCSSL_ASSIGN_OR_RETURN(learner, SessionLearner::create(std::move(session)));
  const StepShape &shape = learner->shape();
  settings.train.augment = augmentFor(shape, settings.train.augment);
  int64_t stepsPerEpoch = data->size() / shape.batch;
  settings.train.keep.everySteps = static_cast<int64_t>(
      command.keepEpochs * static_cast<double>(stepsPerEpoch));

  double published = settings.train.schedule.learningRate *
                     static_cast<double>(shape.batch) / 256;
  bool quick = settings.train.schedule.form == ScheduleForm::Quick;
  char text[200];
  std::snprintf(text, sizeof(text),
                "%lld images, %lld a step, preset %s, highest lr %.3g",
                static_cast<long long>(data->size()),
                static_cast<long long>(shape.batch), settings.preset.c_str(),
                quick ? settings.train.schedule.learningRate : published);
  say(settings, text);
  say(settings, description);
  std::vector<std::string> words(argv, argv + argc);
  auto accepted = [&, images = data->size()]() -> Status {
    BCSSL_RETURN_IF_ERROR(keepProgram(*executable, settings.train.output));
    BCSSL_ASSIGN_OR_RETURN(changes,
                           writeConfig(settings, *executable, images, words));
    for (const std::string &change : changes)
      std::fprintf(stderr, "bcssl-train: warning: %s\n", change.c_str());
    return {};
  };
  BCSSL_ASSIGN_OR_RETURN(
      summary, train(*learner, std::move(data), settings.train, accepted));
  cost.arenaBytes = static_cast<int64_t>(memory.arenaBytes());
  cost.arenaTouched = static_cast<int64_t>(memory.arenaResidentBytes());
  printSummary(settings, summary, cost);
  return summary;
}

} // namespace bcssl
