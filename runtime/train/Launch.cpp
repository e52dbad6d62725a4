//===- Launch.cpp - from settings to a run --------------------------------===//

#include "runtime/train/Launch.h"

#include "runtime/base/AtomicFile.h"
#include "runtime/base/Child.h"
#include "runtime/base/ReadFile.h"
#include "runtime/report/JsonLog.h"
#include "runtime/report/Signals.h"
#include "runtime/train/RunConfig.h"
#include "runtime/train/RunFolder.h"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <sys/resource.h>

namespace bcssl {

namespace fs = std::filesystem;

static void say(const TrainSettings &settings, const std::string &text) {
  if (settings.train.progress != ProgressMode::None)
    std::fprintf(stderr, "bcssl-train: %s\n", text.c_str());
}

static Status compileModel(const TrainSettings &settings,
                           const std::string &output) {
  BCSSL_ASSIGN_OR_RETURN(compiler, findTool("bcssl-compile"));
  std::vector<std::string> words = {"--model=" + settings.model};
  for (const auto &[name, value] : settings.modelOptions)
    words.push_back("--" + name + "=" + value);
  for (const std::string &target : settings.targets)
    words.push_back("--target=" + target);
  std::string text = "compiling";
  for (const std::string &word : words)
    text += " " + word;
  say(settings, text);
  words.push_back("--output=" + output);
  BCSSL_ASSIGN_OR_RETURN(result,
                         runChild(compiler, words, /*captureOutput=*/false,
                                  StopSignals::descriptor()));
  if (StopSignals::received())
    return Error{ExitCode::Stopped, "stopped",
                 "stopped before the first step; nothing is lost"};
  if (result.exitCode == 0)
    return {};
  // A wrong model option is wrong usage here too.
  bool usage = result.exitCode == static_cast<int>(ExitCode::Usage);
  return Error{usage ? ExitCode::Usage : ExitCode::Failed, "compiler-failed",
               "ended with exit code " + std::to_string(result.exitCode),
               compiler};
}

/// Copies a program file into the folder of the run.
static Status keepProgram(const std::string &from, const std::string &to) {
  std::error_code code;
  if (fs::equivalent(from, to, code))
    return {};
  // The largest file that Executable::open takes.
  constexpr uint64_t most = (uint64_t{1} << 31) - 1;
  BCSSL_ASSIGN_OR_RETURN(bytes, readFile(from, most));
  return writeFileAtomically(to, bytes);
}

/// Options that were given must be those of the program that goes on.
static Status checkProperties(const TrainCommand &command,
                              const Executable &executable) {
  auto check = [&](const std::string &name,
                   const std::string &wanted) -> Status {
    std::string stored = executable.property(name);
    if (stored.empty() || stored == wanted)
      return {};
    return Error{ExitCode::Usage,
                 "resume-program",
                 "the run was compiled with " + name + "=" + stored +
                     ", got --" + name + "=" + wanted,
                 executable.file(),
                 {},
                 "leave the flag out to go on, or choose another --output"};
  };
  for (const std::string &name : command.givenModelOptions)
    BCSSL_RETURN_IF_ERROR(check(name, command.settings.modelOptions.at(name)));
  return {};
}

/// The program of the run: the one that a resumed run has, the given one, or a
/// new one.
static Result<std::shared_ptr<const Executable>>
program(const TrainCommand &command) {
  const TrainSettings &settings = command.settings;
  const TrainOptions &train = settings.train;
  std::string kept = train.output + "/program.bcx";
  bool goesOn = train.resume == "auto" &&
                !listCheckpoints(train.output).empty() && fs::exists(kept);
  if (goesOn) {
    BCSSL_ASSIGN_OR_RETURN(executable, Executable::open(kept));
    BCSSL_RETURN_IF_ERROR(checkProperties(command, *executable));
    return executable;
  }
  std::string given = settings.program;
  if (given.empty() && train.resume != "auto" && train.resume != "none") {
    fs::path beside = fs::path(train.resume).parent_path() / "program.bcx";
    if (fs::exists(beside))
      given = beside.string();
  }
  if (!given.empty())
    BCSSL_RETURN_IF_ERROR(keepProgram(given, kept));
  else
    BCSSL_RETURN_IF_ERROR(compileModel(settings, kept));
  BCSSL_ASSIGN_OR_RETURN(executable, Executable::open(kept));
  BCSSL_RETURN_IF_ERROR(checkProperties(command, *executable));
  return executable;
}

/// Words on stderr, and the same as data on stdout.
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
  RunCost cost;
  auto start = std::chrono::steady_clock::now();
  BCSSL_ASSIGN_OR_RETURN(executable, program(command));
  cost.compileSeconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  BCSSL_ASSIGN_OR_RETURN(
      session,
      Session::open(executable,
                    {.threads = static_cast<unsigned>(settings.threads)}));
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
  BCSSL_ASSIGN_OR_RETURN(
      changes, writeConfig(settings, *executable, data->size(), words));
  for (const std::string &change : changes)
    say(settings, "warning: " + change);
  BCSSL_ASSIGN_OR_RETURN(summary,
                         train(*learner, std::move(data), settings.train));
  cost.arenaBytes = static_cast<int64_t>(memory.arenaBytes());
  cost.arenaTouched = static_cast<int64_t>(memory.arenaResidentBytes());
  printSummary(settings, summary, cost);
  return summary;
}

} // namespace bcssl
