//===- Trainer.cpp - the training loop ------------------------------------===//

#include "runtime/train/Trainer.h"

#include "runtime/device/Device.h"
#include "runtime/report/Png.h"
#include "runtime/report/Signals.h"
#include "runtime/train/RunFolder.h"
#include "runtime/train/RunIdentity.h"
#include "runtime/train/RunReport.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace bcssl {

int64_t RunLength::stepsFor(int64_t batch, int64_t stepsPerEpoch) const {
  if (steps > 0)
    return steps;
  if (images > 0)
    return (images + batch - 1) / batch;
  double count = epochs * static_cast<double>(stepsPerEpoch);
  return std::max<int64_t>(1, std::llround(std::min(count, 1e15)));
}

AugmentOptions augmentFor(const StepShape &shape, AugmentOptions augment) {
  augment.channels = static_cast<int>(shape.channels);
  augment.globalCrops = static_cast<int>(shape.globalCrops);
  augment.globalSize = static_cast<int>(shape.globalSize);
  augment.localCrops = static_cast<int>(shape.localCrops);
  if (shape.localCrops > 0)
    augment.localSize = static_cast<int>(shape.localSize);
  return augment;
}

static double now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// Checkpoints may follow each other quickly; drawing takes longer than one.
static constexpr double secondsBetweenPictures = 30;

namespace {

/// One run of train().
class Run {
public:
  Run(Learner &learner, std::shared_ptr<const Dataset> data,
      const TrainOptions &options, CheckpointStore store, Schedules schedules,
      int64_t steps)
      : learner(learner), data(std::move(data)), options(options),
        store(std::move(store)), schedules(std::move(schedules)),
        progress(options.progress),
        identity(RunIdentity::of(learner, *this->data, options.seed)),
        monitor(std::max<int64_t>(2, learner.shape().outputs)) {
    summary.steps = steps;
    stepsPerEpoch = this->data->size() / learner.shape().batch;
  }

  Status start(const std::function<Status()> &accepted);
  Result<TrainSummary> go();

private:
  Status resume();
  Status send(const Batch &batch);
  Status takeStep();
  Status afterStep(const StepScalars &scalars);
  Status log(const StepScalars &scalars);
  Status save();
  Error notFinite(std::span<const int64_t> images, const StepScalars &scalars);
  void drawCurves();
  void showCrops(const Batch &batch);
  Status watch();
  Error dataError(Error error);
  Error deviceError(Error error) const;
  RunState runState() const;
  double loss() const;
  ProgressSample sample(const StepScalars &scalars) const;

  Learner &learner;
  std::shared_ptr<const Dataset> data;
  const TrainOptions &options;
  CheckpointStore store;
  Schedules schedules;
  Progress progress;
  RunIdentity identity;
  CollapseMonitor monitor;
  std::optional<JsonLog> logFile;
  std::unique_ptr<BatchLoader> loader;
  std::vector<std::unique_ptr<PinnedMemory>> pinned; ///< the loader's memory
  AugmentOptions augment;
  bool isSent = false;             ///< the next batch, to the device
  std::vector<int64_t> sentImages; ///< numbers of the images of that batch
  OutputMeans means;
  TrainSummary summary;
  int64_t stepsPerEpoch = 1;
  int64_t savedStep = -1;
  double began = 0;
  double drawn = 0; ///< when the curves were
};

Status Run::resume() {
  std::optional<RunState> run;
  std::string path = options.output;
  bool here = options.resume == "auto";
  if (here) {
    std::vector<std::string> notes;
    BCSSL_ASSIGN_OR_RETURN(newest, store.loadNewest(learner.state(), notes));
    for (const std::string &note : notes)
      progress.warning(note);
    run = std::move(newest);
  } else if (options.resume != "none") {
    path = options.resume;
    here = isCheckpointOf(options.output, path);
    BCSSL_ASSIGN_OR_RETURN(loaded, loadCheckpoint(path, learner.state()));
    run = std::move(loaded);
  }
  if (!run) {
    BCSSL_RETURN_IF_ERROR(learner.initialize(options.seed));
    return options.initialCheckpoint.empty()
               ? Status()
               : loadWeights(options.initialCheckpoint, learner.state());
  }
  BCSSL_RETURN_IF_ERROR(identity.check(*run, path));
  if (run->step > summary.steps)
    return Error{ExitCode::Usage,
                 "resume-length",
                 "the checkpoint is at step " + std::to_string(run->step) +
                     ", the run ends at " + std::to_string(summary.steps),
                 path,
                 {},
                 "make the run longer"};
  summary.step = summary.firstStep = run->step;
  summary.hash = run->hash;
  if (here) {
    savedStep = run->step;
    summary.checkpoint = store.pathOf(run->step);
  }
  // Who names a checkpoint may want to go back to it again.
  if (here && options.resume != "auto")
    store.protect(run->step);
  progress.message("resumed at step " + std::to_string(run->step) + " of " +
                   std::to_string(summary.steps));
  return {};
}

Status Run::start(const std::function<Status()> &accepted) {
  BCSSL_RETURN_IF_ERROR(checkFolderUse(options.output, options.resume));
  // Better now than after an epoch.
  BCSSL_RETURN_IF_ERROR(store.checkSpace(learner.state()));
  BCSSL_RETURN_IF_ERROR(resume());
  BCSSL_RETURN_IF_ERROR(accepted());
  BCSSL_ASSIGN_OR_RETURN(moved, store.setAside(summary.step));
  for (const std::string &path : moved)
    progress.message("a later checkpoint is now " + path +
                     "; remove it where it is not needed");
  auto opened = JsonLog::open(options.output + "/log.txt", summary.step);
  if (!opened)
    return opened.error();
  logFile.emplace(std::move(*opened));
  augment = augmentFor(learner.shape(), options.augment);
  BCSSL_ASSIGN_OR_RETURN(
      created,
      BatchLoader::create(data, augment,
                          {.batch = learner.shape().batch,
                           .seed = options.seed,
                           .threads = static_cast<int>(options.loaderThreads),
                           .firstStep = summary.step,
                           .bytes = learner.shape().bytes}));
  loader = std::move(created);
  for (std::span<const std::byte> block : loader->memory())
    if (auto memory = learner.pin(block))
      pinned.push_back(std::move(memory));
  return {};
}

double Run::loss() const {
  for (const StepOutput &output : learner.outputs())
    if (output.name == "loss")
      return output.value;
  return std::nan("");
}

RunState Run::runState() const {
  RunState run;
  run.step = summary.step;
  run.epoch = summary.step / stepsPerEpoch;
  run.position = summary.step % stepsPerEpoch * learner.shape().batch;
  run.seed = identity.seed;
  run.artifact = identity.artifact;
  run.data = identity.data;
  run.version = BCSSL_VERSION;
  return run;
}

Status Run::save() {
  if (savedStep == summary.step)
    return {};
  auto saved = store.save(learner.state(), runState());
  if (!saved)
    return deviceError(saved.error());
  savedStep = summary.step;
  summary.hash = saved->hash;
  summary.checkpoint = store.pathOf(summary.step);
  if (now() - drawn > secondsBetweenPictures)
    drawCurves();
  return {};
}

void Run::drawCurves() {
  drawn = now();
  // A picture is no reason to end a run.
  if (Status written = drawRunCurves(options.output); !written)
    progress.warning(written.error().text());
}

/// A picture of what is learned from.
void Run::showCrops(const Batch &batch) {
  Canvas sheet = cropSheet(batch, augment, learner.shape().batch);
  if (Status written = writePng(options.output + "/crops.png", sheet); !written)
    progress.warning(written.error().text());
}

Error Run::notFinite(std::span<const int64_t> images,
                     const StepScalars &scalars) {
  std::string message = "the loss is not finite at step " +
                        std::to_string(summary.step) + ", lr " +
                        std::to_string(scalars.learningRate) + ", first images";
  for (size_t i = 0; i < std::min<size_t>(4, images.size()); ++i)
    message += " " + std::to_string(images[i]);
  std::string hint = "lower --lr or --clip-grad; earlier checkpoints are whole";
  if (auto saved = store.saveAs("NaN", learner.state(), runState()))
    hint += ", the state is in checkpoint_NaN";
  return {ExitCode::NonFinite,
          "loss-not-finite",
          message,
          options.output,
          {},
          hint};
}

Status Run::watch() {
  auto warning = monitor.update(teacherSigns(learner.outputs()));
  if (!warning)
    return {};
  progress.warning("step " + std::to_string(summary.step) + ": " + *warning);
  return logFile->append({{"step", summary.step}, {"warning", *warning}});
}

/// An image that cannot be read costs no more than its own step.
Error Run::dataError(Error error) {
  if (summary.step == summary.firstStep)
    return error;
  Status saved = save();
  error.hint +=
      (error.hint.empty() ? "" : "; ") +
      (saved ? "step " + std::to_string(summary.step) +
                   " is saved: put a whole file in its place, and the "
                   "same command goes on from there"
             : "nor could the state be saved: " + saved.error().text());
  return error;
}

/// A device that fails takes the state of this moment with it, and no more.
/// Where it is lost, the same command may find it again in a new process.
Error Run::deviceError(Error error) const {
  if (!isDeviceError(error) || savedStep < 0)
    return error;
  if (error.id == "device-lost")
    error.code = ExitCode::Stopped;
  error.hint += (error.hint.empty() ? "" : "; ") + std::string("step ") +
                std::to_string(savedStep) + " is saved in " +
                summary.checkpoint + ": the same command goes on from there";
  return error;
}

ProgressSample Run::sample(const StepScalars &scalars) const {
  return {.step = summary.step,
          .steps = summary.steps,
          .epoch = (summary.step - 1) / stepsPerEpoch,
          .epochs = static_cast<double>(summary.steps) /
                    static_cast<double>(stepsPerEpoch),
          .loss = loss(),
          .learningRate = scalars.learningRate,
          .batch = learner.shape().batch,
          .images = summary.images,
          .seconds = now() - began,
          .waitSeconds = loader->waited()};
}

Status Run::log(const StepScalars &scalars) {
  if (means.empty())
    return {};
  double seconds = now() - began;
  summary.loss = means.of("loss");
  // The first four are those of DINO's own log.
  std::vector<LogField> fields = {
      {"train_loss", summary.loss},
      {"train_lr", scalars.learningRate},
      {"train_wd", scalars.weightDecay},
      {"epoch", (summary.step - 1) / stepsPerEpoch},
      {"step", summary.step},
      {"images", summary.step * learner.shape().batch}};
  if (!learner.shape().labelled) {
    fields.push_back({"teacher_momentum", scalars.teacherMomentum});
    fields.push_back({"teacher_temp", scalars.teacherTemperature});
  }
  for (LogField &field : means.others())
    fields.push_back(std::move(field));
  fields.push_back(
      {"images_per_s", static_cast<double>(summary.images) / seconds});
  fields.push_back({"data_share", loader->waited() / seconds});
  means.clear();
  return logFile->append(fields);
}

/// Sends a batch to the device, for the next step.
Status Run::send(const Batch &batch) {
  sentImages = batch.indices;
  isSent = true;
  return learner.stage(batch);
}

Status Run::takeStep() {
  if (!isSent) {
    auto next = loader->next();
    if (!next)
      return dataError(next.error());
    if (summary.step == 0)
      showCrops(**next);
    if (Status sent = send(**next); !sent)
      return deviceError(sent.error());
  }
  isSent = false;
  std::vector<int64_t> images = std::move(sentImages);
  StepScalars scalars = schedules.at(summary.step);
  Status taken = learner.begin(scalars, options.seed, summary.step);
  // Beside the step, if that means no waiting; an error of the data is kept by
  // the loader until its own step.
  if (taken && summary.step + 1 < summary.steps && loader->ready())
    if (auto next = loader->next())
      taken = send(**next);
  if (taken)
    taken = learner.finish();
  if (!taken)
    return deviceError(taken.error());
  ++summary.step;
  summary.images += learner.shape().batch;
  means.add(learner.outputs());
  if (!std::isfinite(loss())) {
    BCSSL_RETURN_IF_ERROR(log(scalars));
    return notFinite(images, scalars);
  }
  return afterStep(scalars);
}

Status Run::afterStep(const StepScalars &scalars) {
  BCSSL_RETURN_IF_ERROR(watch());
  progress.update(sample(scalars));
  bool epochEnds = summary.step % stepsPerEpoch == 0;
  bool ends = summary.step == summary.steps;
  bool saves =
      options.saveEvery > 0 ? summary.step % options.saveEvery == 0 : epochEnds;
  if (ends || epochEnds || saves || summary.step % options.logEvery == 0)
    BCSSL_RETURN_IF_ERROR(log(scalars));
  return ends || saves ? save() : Status();
}

Result<TrainSummary> Run::go() {
  began = now();
  auto outOfTime = [&] {
    return options.length.seconds > 0 && now() - began > options.length.seconds;
  };
  while (summary.step < summary.steps) {
    if (StopSignals::received())
      summary.end = RunEnd::Signal;
    else if (outOfTime())
      summary.end = RunEnd::OutOfTime;
    if (summary.end != RunEnd::Complete)
      break;
    BCSSL_RETURN_IF_ERROR(takeStep());
  }
  summary.seconds = now() - began;
  if (!means.empty())
    BCSSL_RETURN_IF_ERROR(log(schedules.at(summary.step - 1)));
  progress.finish();
  // Before its first step a run has nothing to lose.
  if (summary.step > 0) {
    BCSSL_RETURN_IF_ERROR(save());
    drawCurves();
  }
  std::string where = " at step " + std::to_string(summary.step) +
                      "; the same command goes on from there";
  if (summary.end == RunEnd::Signal)
    progress.message(std::string("stopped by ") +
                     signalName(StopSignals::received()) + where);
  else if (summary.end == RunEnd::OutOfTime)
    progress.message("out of time" + where);
  return summary;
}

} // namespace

Result<TrainSummary> train(Learner &learner,
                           std::shared_ptr<const Dataset> data,
                           const TrainOptions &options,
                           const std::function<Status()> &accepted) {
  const StepShape &shape = learner.shape();
  BCSSL_RETURN_IF_ERROR(checkData(*data, shape));
  if (shape.bytes)
    BCSSL_RETURN_IF_ERROR(checkByteCrops(options.augment));
  int64_t stepsPerEpoch = data->size() / shape.batch;
  int64_t steps = options.length.stepsFor(shape.batch, stepsPerEpoch);
  BCSSL_ASSIGN_OR_RETURN(
      schedules,
      Schedules::create(options.schedule, shape.batch, stepsPerEpoch, steps));
  BCSSL_ASSIGN_OR_RETURN(store,
                         CheckpointStore::open(options.output, options.keep));
  Run run(learner, std::move(data), options, std::move(store),
          std::move(schedules), steps);
  BCSSL_RETURN_IF_ERROR(run.start(accepted));
  return run.go();
}

} // namespace bcssl
