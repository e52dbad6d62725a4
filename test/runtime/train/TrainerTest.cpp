//===- TrainerTest.cpp ----------------------------------------------------===//

#include "runtime/report/Signals.h"
#include "runtime/train/RunFolder.h"
#include "test/runtime/train/FakeLearner.h"

#include <gtest/gtest.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sys/wait.h>
#include <unistd.h>

using namespace bcssl;
namespace fs = std::filesystem;

namespace {

class TrainerTest : public testing::Test {
protected:
  TrainerTest() {
    options.output = directory.path + "/run";
    fs::create_directories(options.output);
    options.augment = mildAugmentOptions();
    options.length.steps = 25;
    options.progress = ProgressMode::None;
    options.saveEvery = 5;
    options.logEvery = 1;
    StopSignals::reset();
  }

  Result<TrainSummary> run() { return train(learner, data, options); }

  /// The hash of an undisturbed run in another folder.
  std::string undisturbed() {
    FakeLearner other;
    TrainOptions elsewhere = options;
    elsewhere.output = directory.path + "/undisturbed";
    fs::create_directories(elsewhere.output);
    elsewhere.resume = "none";
    return train(other, data, elsewhere)->hash;
  }

  std::vector<std::string> log() const {
    std::vector<std::string> lines;
    std::ifstream stream(options.output + "/log.txt");
    for (std::string line; std::getline(stream, line);)
      lines.push_back(line);
    return lines;
  }

  std::vector<int64_t> saved() const {
    std::vector<int64_t> steps;
    for (const CheckpointEntry &entry : listCheckpoints(options.output))
      steps.push_back(entry.step);
    return steps;
  }
  void damage(const std::string &checkpoint) const {
    std::ofstream(options.output + "/" + checkpoint + "/model.safetensors",
                  std::ios::app)
        << "x";
  }

  /// A device that `lose` takes away after step 12 costs what came behind the
  /// checkpoint of step 10, and the next run goes on from there.
  void expectLossIsSmall(const std::function<void(FakeLearner &)> &lose) {
    std::string expected = undisturbed();
    learner.onStep = [&](int64_t step, FakeLearner &self) {
      if (step == 12)
        lose(self);
    };
    auto summary = run();
    ASSERT_FALSE(summary.ok());
    EXPECT_EQ(summary.error().code, ExitCode::Stopped);
    EXPECT_NE(summary.error().hint.find("step 10 is saved"), std::string::npos)
        << summary.error().hint;
    EXPECT_EQ(saved().back(), 10);
    learner = FakeLearner();
    auto again = run();
    ASSERT_TRUE(again.ok()) << again.error().text();
    EXPECT_EQ(again->hash, expected);
  }

  TemporaryDirectory directory;
  FakeLearner learner;
  std::shared_ptr<Dataset> data = std::make_shared<FakeDataset>(30);
  TrainOptions options;
};

TEST_F(TrainerTest, RunsToItsEnd) {
  auto summary = run();
  ASSERT_TRUE(summary.ok()) << summary.error().text();
  EXPECT_EQ(summary->end, RunEnd::Complete);
  EXPECT_EQ(summary->exitCode(), ExitCode::Done);
  EXPECT_EQ(summary->step, 25);
  EXPECT_EQ(summary->images, 100);
  EXPECT_EQ(learner.steps, 25);
  EXPECT_EQ(fs::path(summary->checkpoint).filename(), "checkpoint_0000025");
  EXPECT_EQ(summary->hash.size(), 32u);
  EXPECT_TRUE(fs::exists(options.output + "/curve.png"));
  EXPECT_TRUE(fs::exists(options.output + "/crops.png"));
  ASSERT_EQ(log().size(), 25u);
  EXPECT_EQ(log()[0].rfind("{\"train_loss\": ", 0), 0u) << log()[0];
  // 30 images are 7 steps of 4: step 8 is the first of the second epoch.
  EXPECT_NE(log()[6].find("\"epoch\": 0, \"step\": 7"), std::string::npos);
  EXPECT_NE(log()[7].find("\"epoch\": 1, \"step\": 8"), std::string::npos);
  EXPECT_NE(log()[7].find("\"teacher_entropy\": 2.0"), std::string::npos);
}

TEST_F(TrainerTest, TheNextBatchIsStagedBesideAStep) {
  options.loaderThreads = 0; // never late
  ASSERT_TRUE(run().ok());
  EXPECT_EQ(learner.overlapped, 24) << "but for the first of 25";
}

TEST_F(TrainerTest, MildCropsAreRefusedWhereImagesAreBytes) {
  learner.form.bytes = true;
  auto summary = run();
  ASSERT_FALSE(summary.ok());
  EXPECT_EQ(summary.error().id, "augment-bytes");
  EXPECT_EQ(summary.error().code, ExitCode::Usage);
  EXPECT_TRUE(fs::is_empty(options.output));
}

TEST_F(TrainerTest, BytesReachTheLearner) {
  options.augment = AugmentOptions();
  learner.form.bytes = true;
  ASSERT_TRUE(run().ok());
  EXPECT_GT(learner.bytes, 0);
  EXPECT_TRUE(fs::exists(options.output + "/crops.png"));
}

TEST_F(TrainerTest, SavesAtEpochsByDefault) {
  options.saveEvery = 0;
  options.keep.newest = 0;
  ASSERT_TRUE(run().ok());
  EXPECT_EQ(saved(), (std::vector<int64_t>{7, 14, 21, 25}));
}

TEST_F(TrainerTest, LoaderThreadsChangeNothing) {
  options.loaderThreads = 0;
  std::string none = run()->hash;
  options.loaderThreads = 4;
  EXPECT_EQ(undisturbed(), none);
}

TEST_F(TrainerTest, StoppedBySignalAndResumed) {
  ASSERT_TRUE(StopSignals::install().ok());
  learner.onStep = [](int64_t step, FakeLearner &) {
    if (step == 12)
      raise(SIGTERM);
  };
  auto stopped = run();
  ASSERT_TRUE(stopped.ok());
  EXPECT_EQ(stopped->end, RunEnd::Signal);
  EXPECT_EQ(stopped->exitCode(), ExitCode::Stopped);
  EXPECT_EQ(stopped->step, 13);
  EXPECT_EQ(fs::path(stopped->checkpoint).filename(), "checkpoint_0000013");
  StopSignals::reset();

  learner = FakeLearner();
  auto resumed = run();
  ASSERT_TRUE(resumed.ok()) << resumed.error().text();
  EXPECT_EQ(resumed->firstStep, 13);
  EXPECT_EQ(learner.steps, 12);
  EXPECT_EQ(resumed->hash, undisturbed());
  EXPECT_EQ(log().size(), 25u);
}

TEST_F(TrainerTest, OutOfTimeKeepsACheckpoint) {
  options.length.seconds = 1e-9;
  auto summary = run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->end, RunEnd::OutOfTime);
  EXPECT_EQ(summary->exitCode(), ExitCode::Done);
  EXPECT_EQ(summary->step, 0);
  EXPECT_TRUE(listCheckpoints(options.output).empty());
}

TEST_F(TrainerTest, NotANumberStopsTheRun) {
  learner.onStep = [](int64_t step, FakeLearner &learner) {
    learner.values[0].value =
        step == 7 ? std::numeric_limits<float>::infinity() : 1;
  };
  auto summary = run();
  ASSERT_FALSE(summary.ok());
  EXPECT_EQ(summary.error().code, ExitCode::NonFinite);
  EXPECT_NE(summary.error().message.find("step 8"), std::string::npos);
  EXPECT_TRUE(fs::exists(options.output + "/checkpoint_NaN/state.json"));
  EXPECT_EQ(listCheckpoints(options.output).back().step, 5);
  EXPECT_EQ(log().size(), 8u);
}

TEST_F(TrainerTest, OnlyItsOwnRunGoesOn) {
  options.length.steps = 5;
  ASSERT_TRUE(run().ok());
  options.length.steps = 25;
  auto refused = [&](const char *id) {
    auto summary = run();
    EXPECT_FALSE(summary.ok());
    EXPECT_EQ(summary.error().id, id);
    EXPECT_EQ(summary.error().code, ExitCode::Usage);
    EXPECT_FALSE(summary.error().hint.empty());
  };
  learner.program = "other";
  refused("resume-program");
  learner.program = "program";
  options.seed = 1;
  refused("resume-seed");
  options.seed = 0;
  data = std::make_shared<FakeDataset>(31);
  refused("resume-data");
  data = std::make_shared<FakeDataset>(30);
  options.length.steps = 3;
  refused("resume-length");
  options.length.steps = 25;
  options.resume = "none";
  refused("output-used");
  options.resume = "auto";
  EXPECT_TRUE(run().ok());
}

TEST_F(TrainerTest, StartsFromANamedCheckpoint) {
  options.length.steps = 10;
  ASSERT_TRUE(run().ok());
  options.length.steps = 25;
  options.resume = options.output + "/checkpoint_0000005";
  options.output = directory.path + "/second";
  fs::create_directories(options.output);
  auto summary = run();
  ASSERT_TRUE(summary.ok()) << summary.error().text();
  EXPECT_EQ(summary->firstStep, 5);
}

TEST_F(TrainerTest, GoesBackToAnOlderCheckpoint) {
  options.length.steps = 20;
  options.keep.newest = 4;
  ASSERT_TRUE(run().ok());
  options.length.steps = 8;
  options.keep.newest = 1;
  options.resume = options.output + "/checkpoint_0000005/";
  auto summary = run();
  ASSERT_TRUE(summary.ok()) << summary.error().text();
  EXPECT_EQ(summary->checkpoint, options.output + "/checkpoint_0000008");
  EXPECT_EQ(verifyCheckpoint(summary->checkpoint)->hash, summary->hash);
  // Where it came from stays, later steps are aside, and all goes on from 8.
  EXPECT_EQ(saved(), (std::vector<int64_t>{5, 8}));
  EXPECT_TRUE(fs::exists(options.output + "/checkpoint_0000020.aside"));
  options.length.steps = 25;
  options.resume = "auto";
  auto rest = run();
  ASSERT_TRUE(rest.ok()) << rest.error().text();
  EXPECT_EQ(rest->firstStep, 8);
}

TEST_F(TrainerTest, DamagedCheckpointsDoNotCountAsNewest) {
  options.length.steps = 20;
  ASSERT_TRUE(run().ok());
  damage("checkpoint_0000015");
  damage("checkpoint_0000020");
  options.length.steps = 13;
  options.keep.newest = 2;
  auto summary = run();
  ASSERT_TRUE(summary.ok()) << summary.error().text();
  EXPECT_EQ(summary->firstStep, 10);
  EXPECT_EQ(saved(), (std::vector<int64_t>{10, 13}));
}

TEST_F(TrainerTest, FinishedRunChangesNothing) {
  auto first = run();
  auto again = run();
  ASSERT_TRUE(again.ok()) << again.error().text();
  EXPECT_EQ(again->images, 0);
  EXPECT_EQ(again->hash, first->hash);
  EXPECT_EQ(again->checkpoint, first->checkpoint);
}

TEST_F(TrainerTest, RefusedRunsAreNotAccepted) {
  options.length.steps = 10;
  ASSERT_TRUE(run().ok());
  int accepted = 0;
  auto refused = [&](const char *id) {
    auto summary = train(learner, data, options, [&] {
      ++accepted;
      return Status();
    });
    ASSERT_FALSE(summary.ok()) << id;
    EXPECT_EQ(summary.error().id, id);
    EXPECT_EQ(accepted, 0);
    EXPECT_EQ(saved(), (std::vector<int64_t>{5, 10}));
  };
  options.seed = 1;
  refused("resume-seed");
  options.seed = 0;
  options.length.steps = 3;
  refused("resume-length");
  options.length.steps = 25;
  options.resume = "none";
  refused("output-used");
  // A checkpoint of another folder would mix two runs.
  fs::copy(options.output, directory.path + "/other",
           fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  options.resume = directory.path + "/other/checkpoint_0000005";
  refused("output-used");
}

TEST_F(TrainerTest, BeginsWithGivenWeights) {
  options.length.steps = 10;
  ASSERT_TRUE(run().ok());
  std::vector<std::byte> trained = learner.memory.data[0];
  options.initialCheckpoint = options.output;
  options.output = directory.path + "/second";
  fs::create_directories(options.output);
  options.length.seconds = 1e-9; // ends before the first step
  learner = FakeLearner();
  auto summary = run();
  ASSERT_TRUE(summary.ok()) << summary.error().text();
  EXPECT_EQ(summary->firstStep, 0);
  EXPECT_EQ(learner.memory.data[0], trained);
}

TEST_F(TrainerTest, DamagedCheckpointCostsOnlyItsSteps) {
  options.length.steps = 10;
  ASSERT_TRUE(run().ok());
  damage("checkpoint_0000010");
  options.length.steps = 25;
  auto summary = run();
  ASSERT_TRUE(summary.ok()) << summary.error().text();
  EXPECT_EQ(summary->firstStep, 5);
}

TEST_F(TrainerTest, UnreadableImageCostsOnlyItsStep) {
  options.saveEvery = 100;
  auto broken = std::make_shared<FakeDataset>(30);
  data = broken;
  options.loaderThreads = 0;
  learner.onStep = [&](int64_t step, FakeLearner &) {
    if (step == 9) // it goes bad on the way
      broken->unreadable = 11;
  };
  auto summary = run();
  ASSERT_FALSE(summary.ok());
  EXPECT_EQ(summary.error().id, "png-truncated");
  EXPECT_EQ(summary.error().file, "image 11");
  ASSERT_EQ(saved().size(), 1u);
  int64_t step = saved()[0];
  EXPECT_GE(step, 10);
  EXPECT_NE(summary.error().hint.find("step " + std::to_string(step)),
            std::string::npos)
      << summary.error().hint;
  // A retry meets it at once, and goes on when the file is whole.
  EXPECT_EQ(run().error().id, "png-truncated");
  broken->unreadable = -1;
  learner.onStep = nullptr;
  auto rest = run();
  ASSERT_TRUE(rest.ok()) << rest.error().text();
  EXPECT_EQ(rest->firstStep, step);
  EXPECT_EQ(rest->hash, undisturbed());
}

TEST_F(TrainerTest, LostDeviceCostsOnlyTheStepsSinceTheCheckpoint) {
  Error lost{ExitCode::Internal, "device-lost", "an illegal address"};
  expectLossIsSmall([&](FakeLearner &self) { self.result = lost; });
}

TEST_F(TrainerTest, DeviceLostWhileSavingCostsNoMore) {
  Error lost{ExitCode::Internal, "device-lost", "while it copies"};
  expectLossIsSmall([&](FakeLearner &self) {
    self.memory.error = lost;
    self.memory.failing = 0;
  });
}

// Whoever asks for more than the device has gets the same error again: it is
// no stop, but the checkpoint is as good.
TEST_F(TrainerTest, OtherErrorsOfTheDeviceNameTheCheckpointToo) {
  for (Error error : {Error{ExitCode::Internal, "device-failed", "unknown"},
                      Error{ExitCode::NoResource, "out-of-memory", "full"}}) {
    learner = FakeLearner();
    learner.onStep = [&](int64_t step, FakeLearner &self) {
      if (step == 12)
        self.result = error;
    };
    auto summary = run();
    ASSERT_FALSE(summary.ok());
    EXPECT_EQ(summary.error().code, error.code);
    EXPECT_EQ(summary.error().id, error.id);
    EXPECT_NE(summary.error().hint.find("step 10 is saved in " +
                                        options.output + "/checkpoint_0000010"),
              std::string::npos)
        << summary.error().hint;
  }
}

TEST_F(TrainerTest, LostDeviceBeforeACheckpointIsNoStop) {
  learner.result = Error{ExitCode::Internal, "device-lost", "at once"};
  auto summary = run();
  ASSERT_FALSE(summary.ok());
  EXPECT_EQ(summary.error().code, ExitCode::Internal);
}

TEST_F(TrainerTest, CollapseIsInTheLog) {
  options.length.steps = 101;
  learner.values[1].value = 2; // of 64 outputs, the same for every image
  learner.values[2].value = static_cast<float>(std::log(64.0) - 2);
  testing::internal::CaptureStderr();
  ASSERT_TRUE(run().ok());
  EXPECT_NE(testing::internal::GetCapturedStderr().find("warning: step 100: "),
            std::string::npos);
  ASSERT_EQ(log().size(), 102u);
  EXPECT_EQ(log()[99].rfind("{\"step\": 100, \"warning\": \"all images", 0), 0u)
      << log()[99];
}

TEST_F(TrainerTest, LabelsMustBeClasses) {
  learner.form.labelled = true;
  learner.form.outputs = 2; // the data has three classes
  auto summary = run();
  ASSERT_FALSE(summary.ok());
  EXPECT_EQ(summary.error().id, "data-labels");
  EXPECT_EQ(summary.error().file, "image 2");
}

TEST_F(TrainerTest, TooFewImagesAreRefused) {
  data = std::make_shared<FakeDataset>(3);
  EXPECT_EQ(run().error().id, "data-size");
}

TEST_F(TrainerTest, FolderBelongsToOneProcess) {
  auto first = FolderLock::take(options.output);
  ASSERT_TRUE(first.ok());
  auto second = FolderLock::take(options.output);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().id, "output-busy");
}

// Killed twenty times, half of them inside a checkpoint's writing, and resumed
// each time, a run ends in the very checkpoint of an undisturbed one.
TEST_F(TrainerTest, KilledTwentyTimesEndsInTheSameBits) {
  options.length.steps = 400;
  options.saveEvery = 7;
  int killed = 0;
  for (int round = 0; round < 20; ++round) {
    pid_t child = fork();
    if (child == 0) {
      learner.onStep = [](int64_t, FakeLearner &) { usleep(300); };
      int reads = 0;
      if (round % 2)
        learner.memory.onRead = [&] {
          if (++reads == 1 + round / 2)
            raise(SIGKILL);
        };
      _exit(train(learner, data, options).ok() ? 0 : 1);
    }
    if (round % 2 == 0) {
      usleep(static_cast<useconds_t>(2000 + round * 7919 % 15000));
      kill(child, SIGKILL);
    }
    int result = 0;
    ASSERT_EQ(waitpid(child, &result, 0), child);
    killed += WIFSIGNALED(result);
    if (!WIFSIGNALED(result))
      ASSERT_EQ(WEXITSTATUS(result), 0);
  }
  EXPECT_GE(killed, 15);
  auto summary = run();
  ASSERT_TRUE(summary.ok()) << summary.error().text();
  EXPECT_EQ(summary->step, 400);
  EXPECT_EQ(summary->hash, undisturbed());
  EXPECT_EQ(log().size(), 400u);
}

TEST(RunLengthTest, StepsThenImagesThenEpochs) {
  EXPECT_EQ((RunLength{.epochs = 2.5}.stepsFor(64, 100)), 250);
  EXPECT_EQ((RunLength{.images = 100'000}.stepsFor(64, 937)), 1563);
  EXPECT_EQ((RunLength{.steps = 7, .images = 100}.stepsFor(64, 937)), 7);
  EXPECT_EQ((RunLength{.epochs = 0}.stepsFor(64, 937)), 1);
}

} // namespace
