//===- LaunchTest.cpp - the whole tool around the loop --------------------===//
//
// A shell script stands for bcssl-compile, so that no compiler is needed: it
// notes its words and fails, sleeps, or writes a file that is no program.
//
//===----------------------------------------------------------------------===//

#include "runtime/train/Launch.h"
#include "runtime/base/AtomicFile.h"
#include "runtime/base/ReadFile.h"
#include "runtime/report/Signals.h"
#include "runtime/train/RunFolder.h"
#include "test/runtime/executable/TestFile.h"
#include "test/runtime/train/MemoryState.h"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

using namespace bcssl;
namespace fs = std::filesystem;

namespace {

class LaunchTest : public testing::Test {
protected:
  LaunchTest() {
    StopSignals::reset();
    fs::create_directories(directory.path + "/bin");
    // Before the real compiler, which may lie beside this program.
    setenv("BCSSL_TOOLS", (directory.path + "/bin").c_str(), 1);
    // Two IDX files: three grey images of 2 by 2 with labels.
    std::string images("\0\0\x08\x03\0\0\0\3\0\0\0\2\0\0\0\2abcdefghijkl", 28);
    std::string labels("\0\0\x08\x01\0\0\0\3\0\1\2", 11);
    fs::create_directories(data());
    std::ofstream(data() + "/train-images-idx3-ubyte") << images;
    std::ofstream(data() + "/train-labels-idx1-ubyte") << labels;
  }

  std::string data() const { return directory.path + "/data"; }
  std::string output() const { return directory.path + "/run"; }

  void compiler(const std::string &body) {
    std::string path = directory.path + "/bin/bcssl-compile";
    std::ofstream(path) << "#!/bin/sh\necho \"$@\" > " << directory.path
                        << "/words\n"
                        << body << "\n";
    fs::permissions(path, fs::perms::owner_all);
  }
  std::string words() const {
    std::ostringstream text;
    text << std::ifstream(directory.path + "/words").rdbuf();
    return text.str();
  }

  Result<TrainSummary> launch(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "bcssl-train");
    arguments.insert(
        arguments.end(),
        {"--data=" + data(), "--output=" + output(), "--progress=none"});
    std::vector<const char *> pointers;
    for (const std::string &argument : arguments)
      pointers.push_back(argument.c_str());
    int count = static_cast<int>(pointers.size());
    TrainCommand command = parseTrainFlags(count, pointers.data());
    EXPECT_FALSE(command.exit.has_value());
    return launchTraining(command, count, pointers.data());
  }

  TemporaryDirectory directory;
};

TEST_F(LaunchTest, HandsModelOptionsToTheCompiler) {
  compiler("exit 1");
  auto summary = launch({"--preset=fashion", "--kernel=9",
                         "--target=cpu:x86-64-v3", "--batch_size_per_gpu=2"});
  ASSERT_FALSE(summary.ok());
  EXPECT_EQ(summary.error().id, "compiler-failed");
  EXPECT_EQ(summary.error().code, ExitCode::Failed);
  EXPECT_EQ(words(), "--model=micro --batch=2 --kernel=9 --method=dino "
                     "--target=cpu:x86-64-v3 --output=" +
                         output() + "/program.bcx\n");
}

TEST_F(LaunchTest, MissingDeviceIsFoundBeforeCompiling) {
  compiler("exit 1");
  auto summary = launch({"--preset=fashion", "--device=cuda:4096"});
  ASSERT_FALSE(summary.ok());
  EXPECT_EQ(summary.error().id, "no-device");
  EXPECT_EQ(words(), "");
  EXPECT_EQ(launch({"--device=gpu"}).error().id, "device-name");
}

TEST_F(LaunchTest, WrongModelOptionIsWrongUsage) {
  compiler("exit 2");
  EXPECT_EQ(launch({"--kernel=8"}).error().code, ExitCode::Usage);
}

TEST_F(LaunchTest, UselessProgramIsBadData) {
  compiler("for last; do :; done; echo nonsense > ${last#--output=}");
  auto summary = launch({"--model=micro"});
  ASSERT_FALSE(summary.ok());
  EXPECT_EQ(summary.error().code, ExitCode::BadData);
}

TEST_F(LaunchTest, StopRequestEndsTheCompiler) {
  compiler("exec sleep 60");
  auto began = std::chrono::steady_clock::now();
  pid_t child = fork();
  if (child == 0) {
    auto summary = launch({"--model=micro"});
    _exit(summary.ok() ? 0 : static_cast<int>(summary.error().code));
  }
  while (words().empty())
    usleep(1000);
  kill(child, SIGTERM);
  int result = 0;
  ASSERT_EQ(waitpid(child, &result, 0), child);
  EXPECT_EQ(WEXITSTATUS(result), static_cast<int>(ExitCode::Stopped));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(30));
}

TEST_F(LaunchTest, MissingDataIsFoundBeforeCompiling) {
  compiler("exit 1");
  fs::remove_all(data());
  EXPECT_EQ(launch({"--model=micro"}).error().code, ExitCode::NoInput);
  EXPECT_EQ(words(), "");
}

// What a run needs to go on survives every command that is refused.
TEST_F(LaunchTest, RefusedCommandsLeaveTheRunAlone) {
  compiler("for last; do :; done; echo nonsense > ${last#--output=}");
  auto program = [](const char *model) {
    artifact::Contents contents;
    contents.major = 1;
    contents.properties = {{"model", model}, {"batch", "16"}};
    contents.programs.resize(1);
    contents.programs[0].name = "step";
    return encode(contents);
  };
  fs::create_directories(output() + "/checkpoint_0000005");
  std::string kept = output() + "/program.bcx", other = directory.path + "/o";
  ASSERT_TRUE(writeFileAtomically(kept, program("micro")).ok());
  ASSERT_TRUE(writeFileAtomically(other, program("other")).ok());
  auto refused = [&](std::vector<std::string> arguments, const char *id) {
    auto summary = launch(arguments);
    ASSERT_FALSE(summary.ok());
    EXPECT_EQ(summary.error().id, id) << arguments[0];
    EXPECT_EQ(summary.error().code, ExitCode::Usage);
    EXPECT_EQ(words(), "");
    EXPECT_EQ(*readFile(kept, 1 << 20), program("micro"));
    EXPECT_FALSE(fs::exists(output() + "/config.json"));
  };
  refused({"--model=bcssl-tiny"}, "resume-program");
  refused({"--batch=32"}, "resume-program");
  refused({"--program=" + other}, "resume-program");
  refused({"--resume=none", "--batch=32"}, "output-used");
  refused({"--resume=" + directory.path + "/checkpoint_0000001"},
          "output-used");
  std::string own = "--resume=" + output() + "/checkpoint_0000005";
  refused({own, "--program=" + other}, "resume-program");
  // Without its program a run can go on with nothing but that.
  fs::remove(kept);
  auto summary = launch({"--model=micro"});
  ASSERT_FALSE(summary.ok());
  EXPECT_EQ(summary.error().id, "resume-program");
  EXPECT_EQ(words(), "");
}

TEST_F(LaunchTest, TooLargeBatchIsFoundBeforeCompiling) {
  compiler("exit 1");
  EXPECT_EQ(launch({"--model=micro", "--batch=4"}).error().id, "data-size");
  EXPECT_EQ(words(), "");
}

TEST_F(LaunchTest, BusyFolderIsRefused) {
  compiler("exit 1");
  auto lock = FolderLock::take(output());
  EXPECT_EQ(launch({"--model=micro"}).error().id, "output-busy");
}

TEST(RunCurvesTest, DrawnFromTheLog) {
  TemporaryDirectory directory;
  EXPECT_TRUE(drawRunCurves(directory.path).ok());
  EXPECT_FALSE(fs::exists(directory.path + "/curve.png"));
  std::ofstream(directory.path + "/log.txt")
      << "{\"step\": 1, \"train_loss\": 3.5}\n"
      << "garbage\n[1]\n{\"train_loss\": 1}\n{\"step\": \"x\"}\n"
      << "{\"step\": 2, \"train_loss\": null, \"knn\": 80.5}\n";
  EXPECT_TRUE(drawRunCurves(directory.path).ok());
  EXPECT_TRUE(fs::exists(directory.path + "/curve.png"));
}

} // namespace
