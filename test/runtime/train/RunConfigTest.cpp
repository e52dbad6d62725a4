//===- RunConfigTest.cpp --------------------------------------------------===//

#include "runtime/train/RunConfig.h"
#include "runtime/base/AtomicFile.h"
#include "runtime/train/TrainFlags.h"
#include "test/runtime/executable/TestFile.h"
#include "test/runtime/train/MemoryState.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>

using namespace bcssl;

namespace {

std::vector<std::byte> programBytes() {
  artifact::Contents contents;
  contents.major = 1;
  contents.properties = {{"model", "micro"}, {"method", "dino"}};
  contents.programs.resize(1);
  contents.programs[0].name = "step";
  return encode(contents);
}

class RunConfigTest : public testing::Test {
protected:
  RunConfigTest() {
    settings = *presetSettings("fashion", "", "");
    settings.train.output = directory.path;
  }
  std::vector<std::string> write() {
    auto executable = Executable::parse(programBytes(), "test.bcx");
    EXPECT_TRUE(executable.ok());
    auto changes = writeConfig(settings, **executable, 100, {"bcssl-train"});
    EXPECT_TRUE(changes.ok());
    return *changes;
  }

  TemporaryDirectory directory;
  TrainSettings settings;
};

TEST_F(RunConfigTest, SaysAllThatWasChosen) {
  write();
  std::ifstream stream(directory.path + "/config.json");
  auto json = nlohmann::json::parse(stream);
  EXPECT_EQ(json["preset"], "fashion");
  EXPECT_EQ(json["schedule"]["lr"], 5e-4);
  EXPECT_EQ(json["augment"]["kind"], "mild");
  EXPECT_EQ(json["data"]["images"], 100);
  EXPECT_EQ(json["program"]["properties"]["model"], "micro");
}

TEST_F(RunConfigTest, NamesChangesOfARunThatGoesOn) {
  write();
  settings.train.schedule.learningRate = 1e-3;
  EXPECT_TRUE(write().empty()); // no checkpoint: a new run
  std::filesystem::create_directory(directory.path + "/checkpoint_0000001");
  EXPECT_TRUE(write().empty());
  settings.train.schedule.learningRate = 2e-3;
  settings.train.length.steps = 7;
  settings.preset = "dino";
  EXPECT_EQ(write(),
            (std::vector<std::string>{
                R"(preset was "fashion" when the run began, is "dino")",
                "length.steps was 0 when the run began, is 7",
                "schedule.lr was 0.001 when the run began, is 0.002"}));
}

TEST_F(RunConfigTest, DamagedConfigIsReplaced) {
  std::filesystem::create_directory(directory.path + "/checkpoint_0000001");
  for (const char *text : {"", "[]", "{\"schedule\": 3}", "{\"length\": {"}) {
    std::ofstream(directory.path + "/config.json") << text;
    EXPECT_TRUE(write().empty()) << text;
  }
}

TEST(ProgramPresetTest, ProgramChoosesItsPreset) {
  TemporaryDirectory directory;
  std::string file = directory.path + "/test.bcx";
  ASSERT_TRUE(writeFileAtomically(file, programBytes()).ok());
  std::string flag = "--program=" + file;
  const char *words[] = {"bcssl-train", flag.c_str(), "--data=d", "--output=o"};
  EXPECT_EQ(parseTrainFlags(4, words).settings.preset, "fashion");
}

} // namespace
