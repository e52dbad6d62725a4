//===- TrainFlagsTest.cpp -------------------------------------------------===//

#include "runtime/train/TrainFlags.h"

#include "runtime/device/cpu/CpuDevice.h"

#include <gtest/gtest.h>

using namespace bcssl;

namespace {

TrainCommand parse(std::vector<const char *> arguments) {
  arguments.insert(arguments.begin(), "bcssl-train");
  return parseTrainFlags(static_cast<int>(arguments.size()), arguments.data());
}

/// With the two flags that every run needs.
TrainCommand parseRun(std::vector<const char *> arguments) {
  arguments.insert(arguments.end(), {"--data=d", "--output=o"});
  return parse(std::move(arguments));
}

/// The message of a refused command line; fails the test where it is accepted.
std::string refusal(std::vector<const char *> arguments) {
  testing::internal::CaptureStderr();
  TrainCommand command = parseRun(std::move(arguments));
  std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(command.exit, static_cast<int>(ExitCode::Usage));
  return text;
}

TEST(TrainFlagsTest, DefaultsAreDinos) {
  TrainCommand command = parseRun({});
  ASSERT_FALSE(command.exit.has_value());
  const TrainSettings &s = command.settings;
  EXPECT_EQ(s.preset, "dino");
  EXPECT_EQ(s.model, "bcssl-tiny");
  EXPECT_EQ(s.train.length.epochs, 100);
  EXPECT_EQ(s.train.schedule.learningRate, 0.0005);
  EXPECT_EQ(s.train.schedule.minLearningRate, 1e-6);
  EXPECT_EQ(s.train.schedule.warmupEpochs, 10);
  EXPECT_EQ(s.train.schedule.weightDecay, 0.04);
  EXPECT_EQ(s.train.schedule.weightDecayEnd, 0.4);
  EXPECT_EQ(s.train.schedule.teacherMomentum, 0.996);
  EXPECT_EQ(s.train.schedule.teacherTemperature, 0.04);
  EXPECT_EQ(s.train.schedule.freezeLastLayer, 1);
  EXPECT_EQ(s.train.augment.globalScale.low, 0.4f);
  EXPECT_EQ(s.train.augment.localScale.high, 0.4f);
  EXPECT_EQ(s.train.seed, 0u);
}

// Every flag of main_dino.py, spelled as there.
TEST(TrainFlagsTest, UnderstandsMainDino) {
  TrainCommand command = parse({"--arch",
                                "convnext-tiny",
                                "--out_dim",
                                "4096",
                                "--norm_last_layer",
                                "false",
                                "--momentum_teacher",
                                "0.9995",
                                "--use_bn_in_head",
                                "false",
                                "--warmup_teacher_temp",
                                "0.05",
                                "--teacher_temp",
                                "0.07",
                                "--warmup_teacher_temp_epochs",
                                "30",
                                "--use_fp16",
                                "false",
                                "--weight_decay",
                                "0.05",
                                "--weight_decay_end",
                                "0.3",
                                "--clip_grad",
                                "0.3",
                                "--batch_size_per_gpu",
                                "32",
                                "--epochs",
                                "300",
                                "--freeze_last_layer",
                                "2",
                                "--lr",
                                "0.001",
                                "--warmup_epochs",
                                "5",
                                "--min_lr",
                                "1e-5",
                                "--optimizer",
                                "sgd",
                                "--drop_path_rate",
                                "0.2",
                                "--global_crops_scale",
                                "0.14",
                                "1.",
                                "--local_crops_number",
                                "6",
                                "--local_crops_scale",
                                "0.05",
                                "0.14",
                                "--data_path",
                                "/data",
                                "--output_dir",
                                "/run",
                                "--saveckp_freq",
                                "10",
                                "--seed",
                                "7",
                                "--num_workers",
                                "3",
                                "--dist_url",
                                "env://",
                                "--local_rank",
                                "0"});
  ASSERT_FALSE(command.exit.has_value());
  const TrainSettings &s = command.settings;
  auto model = [&](const char *name) { return s.modelOptions.at(name); };
  EXPECT_EQ(s.model, "convnext-tiny");
  EXPECT_EQ(model("out-dim"), "4096");
  EXPECT_EQ(model("norm-last-layer"), "false");
  EXPECT_EQ(model("clip-grad"), "0.3");
  EXPECT_EQ(model("batch"), "32");
  EXPECT_EQ(model("optimizer"), "sgd");
  EXPECT_EQ(model("drop-path"), "0.2");
  EXPECT_EQ(model("local-crops"), "6");
  const ScheduleOptions &c = s.train.schedule;
  EXPECT_EQ(c.teacherMomentum, 0.9995);
  EXPECT_EQ(c.warmupTeacherTemperature, 0.05);
  EXPECT_EQ(c.teacherTemperature, 0.07);
  EXPECT_EQ(c.warmupTeacherTemperatureEpochs, 30);
  EXPECT_EQ(c.weightDecay, 0.05);
  EXPECT_EQ(c.weightDecayEnd, 0.3);
  EXPECT_EQ(c.freezeLastLayer, 2);
  EXPECT_EQ(c.learningRate, 0.001);
  EXPECT_EQ(c.warmupEpochs, 5);
  EXPECT_EQ(c.minLearningRate, 1e-5);
  EXPECT_EQ(s.train.length.epochs, 300);
  EXPECT_EQ(s.train.augment.globalScale.low, 0.14f);
  EXPECT_EQ(s.train.augment.localScale.high, 0.14f);
  EXPECT_EQ(s.data, "/data");
  EXPECT_EQ(s.train.output, "/run");
  EXPECT_EQ(command.keepEpochs, 10);
  EXPECT_EQ(s.train.seed, 7u);
  EXPECT_EQ(s.train.loaderThreads, 3);
}

TEST(TrainFlagsTest, LoaderHasTheCoresWhereAGpuTrains) {
  EXPECT_EQ(parseRun({}).settings.train.loaderThreads, 1);
  EXPECT_EQ(parseRun({"--device=cuda"}).settings.train.loaderThreads,
            std::max<int64_t>(1, availableThreads() - 1));
  EXPECT_EQ(parseRun({"--device=cuda", "--loader-threads=2"})
                .settings.train.loaderThreads,
            2);
}

TEST(TrainFlagsTest, MeaninglessFlagsSayWhy) {
  EXPECT_NE(refusal({"--patch_size=16"}).find("vision transformers"),
            std::string::npos);
  EXPECT_NE(refusal({"--use_fp16=true"}).find("float32"), std::string::npos);
  EXPECT_NE(refusal({"--use_bn_in_head=true"}).find("no batch normalisation"),
            std::string::npos);
  EXPECT_NE(refusal({"--dist_url=tcp://x"}).find("one process"),
            std::string::npos);
}

TEST(TrainFlagsTest, FlagsChangeThePreset) {
  TrainCommand command =
      parseRun({"--preset=fashion", "--lr=1e-3", "--steps=50", "--kernel=9"});
  ASSERT_FALSE(command.exit.has_value());
  const TrainSettings &s = command.settings;
  EXPECT_EQ(s.model, "micro");
  EXPECT_EQ(s.train.schedule.form, ScheduleForm::Quick);
  EXPECT_EQ(s.train.schedule.learningRate, 1e-3);
  EXPECT_EQ(s.train.schedule.teacherMomentum, 0.99);
  EXPECT_EQ(s.train.augment.preset, AugmentPreset::Mild);
  EXPECT_EQ(s.train.length.stepsFor(64, 937), 50);
  EXPECT_EQ(s.modelOptions.at("kernel"), "9");
  EXPECT_EQ(command.givenModelOptions, (std::set<std::string>{"kernel"}));
}

TEST(TrainFlagsTest, PrecisionIsForTheCompiler) {
  TrainCommand command = parseRun({"--precision=bf16"});
  ASSERT_FALSE(command.exit.has_value());
  EXPECT_EQ(command.settings.modelOptions.at("precision"), "bf16");
  EXPECT_TRUE(command.givenModelOptions.contains("precision"));
}

TEST(TrainFlagsTest, LengthsReplaceThatOfThePreset) {
  auto steps = [](std::vector<const char *> arguments) {
    arguments.push_back("--preset=fashion");
    return parseRun(std::move(arguments))
        .settings.train.length.stepsFor(64, 937);
  };
  EXPECT_EQ(steps({}), 1563);
  EXPECT_EQ(steps({"--images=6400"}), 100);
  EXPECT_EQ(steps({"--epochs=2"}), 1874);
  EXPECT_NE(refusal({"--epochs=2", "--steps=3"}).find("one of"),
            std::string::npos);
}

TEST(TrainFlagsTest, ModelAndMethodChooseThePreset) {
  EXPECT_EQ(parseRun({"--model=micro"}).settings.preset, "fashion");
  EXPECT_EQ(parseRun({"--method=supervised"}).settings.preset, "supervised");
  EXPECT_EQ(parseRun({"--preset=paper-300"})
                .settings.modelOptions.at("norm-last-layer"),
            "false");
  EXPECT_EQ(parseRun({"--model=micro", "--preset=dino"}).settings.model,
            "micro");
}

// Published: 512 images a step and a learning rate of 5e-4 * 512 / 256.
TEST(TrainFlagsTest, ThePapersPresetsHaveItsBatch) {
  for (const char *preset : {"--preset=paper-100", "--preset=paper-300"}) {
    TrainSettings settings = parseRun({preset}).settings;
    EXPECT_EQ(settings.modelOptions.at("batch"), "512") << preset;
    EXPECT_EQ(settings.modelOptions.at("teacher-drop-path"), "true") << preset;
    EXPECT_EQ(Schedules::create(settings.train.schedule, 512, 2502, 250'200)
                  ->peakLearningRate(),
              1e-3)
        << preset;
  }
  EXPECT_EQ(parseRun({"--preset=paper-100", "--batch=64"})
                .settings.modelOptions.at("batch"),
            "64");
}

TEST(TrainFlagsTest, MistakesAreNamed) {
  EXPECT_NE(refusal({"--preset=fashoin"}).find("did you mean fashion?"),
            std::string::npos);
  EXPECT_NE(refusal({"--lr=nan"}).find("lr"), std::string::npos);
  EXPECT_NE(refusal({"--program=a.bcx", "--model=micro"}).find("either"),
            std::string::npos);
  EXPECT_NE(refusal({"--program=a.bcx", "--kernel=9"}).find("--kernel"),
            std::string::npos);
  refusal({"--progress=loud"});
  refusal({"--batchsize=4"});
  testing::internal::CaptureStderr();
  EXPECT_EQ(parse({"--output=o"}).exit, static_cast<int>(ExitCode::Usage));
  testing::internal::GetCapturedStderr();
}

TEST(PresetsTest, EveryOneIsComplete) {
  for (const Preset &preset : presets()) {
    auto settings = presetSettings(std::string(preset.name), "", "");
    ASSERT_TRUE(settings.ok());
    EXPECT_FALSE(settings->model.empty());
    EXPECT_FALSE(settings->modelOptions.at("method").empty());
    EXPECT_FALSE(preset.summary.empty());
    EXPECT_TRUE(checkAugmentOptions(settings->train.augment).ok());
    EXPECT_TRUE(
        Schedules::create(settings->train.schedule, 64, 100, 1000).ok());
  }
}

} // namespace
