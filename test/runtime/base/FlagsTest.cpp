//===- FlagsTest.cpp ------------------------------------------------------===//

#include "runtime/base/Flags.h"
#include "runtime/base/Suggest.h"
#include "runtime/base/ToolSetup.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

using namespace bcssl;

namespace {

/// A tool with one flag of each type, parsed from a list of words.
struct Tool {
  bool verbose = false;
  int64_t epochs = 100;
  uint64_t seed = 0;
  double rate = 0.5;
  std::string arch = "bcssl-tiny";
  std::string optimizer = "adamw";
  std::vector<std::string> inputs;
  std::vector<double> scale = {0.4, 1};
  std::vector<double> neighbors;
  std::string file;
  Flags flags{"tool", "Does something.", {"tool x.bcx --epochs=3"}};
  std::string output; ///< what parse() wrote to stdout
  std::string words;  ///< what parse() wrote to stderr

  Tool() {
    flags.add("verbose", verbose, "say more");
    flags.add("epochs", epochs, "passes over the data",
              {.minimum = 1, .maximum = 1000});
    flags.add("seed", seed, "seed");
    flags.add("learning-rate", rate, "rate", {.minimum = 0, .aliases = {"lr"}});
    flags.add("arch", arch, "model", {.letter = 'a'});
    flags.add("optimizer", optimizer, "optimizer",
              {.choices = {"adamw", "sgd", "lars"}});
    flags.add("input", inputs, "input files");
    flags.add("global-crops-scale", scale, "range", {.count = 2});
    flags.add("nb-knn", neighbors, "numbers of neighbours");
    flags.positional("FILE", file, "program");
  }
  std::optional<int> parse(std::vector<const char *> arguments) {
    arguments.insert(arguments.begin(), "tool");
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    auto code =
        flags.parse(static_cast<int>(arguments.size()), arguments.data());
    output = testing::internal::GetCapturedStdout();
    words = testing::internal::GetCapturedStderr();
    return code;
  }
};

TEST(FlagsTest, DefaultsStay) {
  Tool tool;
  EXPECT_EQ(tool.parse({}), std::nullopt);
  EXPECT_EQ(tool.epochs, 100);
  EXPECT_EQ(tool.scale, (std::vector<double>{0.4, 1}));
  EXPECT_FALSE(tool.flags.given("epochs"));
}

TEST(FlagsTest, TakesBothDashesAndBothWaysToGiveAValue) {
  Tool tool;
  EXPECT_EQ(tool.parse({"--learning_rate", "1e-3", "--epochs=7", "x_y.bcx",
                        "--seed=18446744073709551615", "-a", "m", "--verbose"}),
            std::nullopt)
      << tool.words;
  EXPECT_EQ(tool.rate, 1e-3);
  EXPECT_EQ(tool.epochs, 7);
  EXPECT_EQ(tool.file, "x_y.bcx");
  EXPECT_EQ(tool.seed, ~uint64_t{0});
  EXPECT_EQ(tool.arch, "m");
  EXPECT_TRUE(tool.verbose);
  EXPECT_TRUE(tool.flags.given("epochs"));
}

TEST(FlagsTest, ValuesKeepTheirUnderscores) {
  Tool tool;
  EXPECT_EQ(tool.parse({"--arch=bcssl_small", "--input=a_b=c_d.npy", "--input",
                        "e_f.npy"}),
            std::nullopt);
  EXPECT_EQ(tool.arch, "bcssl_small");
  EXPECT_EQ(tool.inputs, (std::vector<std::string>{"a_b=c_d.npy", "e_f.npy"}));
}

TEST(FlagsTest, AliasAndLastOneWins) {
  Tool tool;
  EXPECT_EQ(tool.parse({"--lr=1", "--lr", "2"}), std::nullopt) << tool.words;
  EXPECT_EQ(tool.rate, 2);
}

TEST(FlagsTest, SwitchTakesAValueToo) {
  for (const char *no : {"false", "off", "0"}) {
    Tool tool;
    tool.verbose = true;
    EXPECT_EQ(tool.parse({"--verbose", no, "file.bcx"}), std::nullopt);
    EXPECT_FALSE(tool.verbose);
    EXPECT_EQ(tool.file, "file.bcx");
  }
  Tool tool;
  EXPECT_EQ(tool.parse({"--verbose", "file.bcx"}), std::nullopt);
  EXPECT_TRUE(tool.verbose);
  EXPECT_EQ(tool.file, "file.bcx");
  EXPECT_EQ(Tool().parse({"--verbose=maybe"}), 2);
}

TEST(FlagsTest, ListsOfNumbers) {
  for (std::vector<const char *> words :
       {std::vector<const char *>{"--global-crops-scale=0.2,0.9"},
        {"--global_crops_scale", "0.2", "0.9", "file.bcx"}}) {
    Tool tool;
    EXPECT_EQ(tool.parse(words), std::nullopt) << tool.words;
    EXPECT_EQ(tool.scale, (std::vector<double>{0.2, 0.9}));
  }
  Tool tool;
  EXPECT_EQ(tool.parse({"--global-crops-scale=0.2"}), 2);
  EXPECT_NE(tool.words.find("expects 2 numbers, got 1"), std::string::npos);
}

TEST(FlagsTest, ListsOfAnyLength) {
  for (std::vector<const char *> words :
       {std::vector<const char *>{"--nb-knn=10,20,100"},
        {"--nb_knn", "10", "20", "100", "--verbose"}}) {
    Tool tool;
    EXPECT_EQ(tool.parse(words), std::nullopt) << tool.words;
    EXPECT_EQ(tool.neighbors, (std::vector<double>{10, 20, 100}));
  }
}

TEST(FlagsTest, UnknownFlagSuggests) {
  Tool tool;
  EXPECT_EQ(tool.parse({"--eopchs", "3"}), 2);
  EXPECT_NE(tool.words.find("unknown flag --eopchs; did you mean --epochs?"),
            std::string::npos)
      << tool.words;
  Tool far;
  EXPECT_EQ(far.parse({"--zzzzzz"}), 2);
  EXPECT_EQ(far.words.find("did you mean"), std::string::npos);
}

TEST(FlagsTest, NumbersMustBeFiniteWholeAndInRange) {
  for (const char *bad :
       {"--learning-rate=nan", "--learning-rate=inf", "--learning-rate=-1",
        "--learning-rate=1e999", "--learning-rate=", "--learning-rate=1x",
        "--epochs=0", "--epochs=1001", "--epochs=2.5", "--epochs=nan",
        "--epochs=99999999999999999999", "--seed=-1",
        "--global-crops-scale=nan,1", "--optimizer=adam", "--epochs"}) {
    Tool tool;
    EXPECT_EQ(tool.parse({bad}), 2) << bad;
    EXPECT_TRUE(tool.output.empty()) << bad;
  }
  Tool tool;
  EXPECT_EQ(tool.parse({"--epochs=0"}), 2);
  EXPECT_NE(tool.words.find("expects a whole number from 1 to 1000, got 0"),
            std::string::npos)
      << tool.words;
  EXPECT_EQ(tool.parse({"--optimizer=adam"}), 2);
  EXPECT_NE(tool.words.find("did you mean adamw?"), std::string::npos);
}

TEST(FlagsTest, NegativeNumberIsAValue) {
  Tool tool;
  double shift = 0;
  tool.flags.add("shift", shift, "shift");
  EXPECT_EQ(tool.parse({"--shift", "-1.5"}), std::nullopt) << tool.words;
  EXPECT_EQ(shift, -1.5);
}

TEST(FlagsTest, HelpShowsExamplesAndDefaults) {
  Tool tool;
  EXPECT_EQ(tool.parse({"--help"}), 0);
  EXPECT_NE(tool.output.find("tool x.bcx --epochs=3"), std::string::npos);
  EXPECT_NE(tool.output.find("100"), std::string::npos);
  EXPECT_NE(tool.output.find("adamw|sgd|lars"), std::string::npos);
  EXPECT_TRUE(tool.words.empty());
  EXPECT_EQ(tool.parse({"--version"}), 0);
  EXPECT_EQ(tool.output.rfind("tool ", 0), 0u);
}

TEST(FlagsTest, Commands) {
  int64_t neighbours = 20;
  std::string data;
  auto declare = [&](Flags &flags) -> std::pair<Flags *, Flags *> {
    Flags &knn = flags.command("knn", "k nearest neighbours");
    knn.add("neighbours", neighbours, "k", {.aliases = {"nb-knn"}});
    knn.add("data", data, "folder", {.required = true});
    Flags &linear = flags.command("linear", "linear probe");
    flags.requireCommand();
    return {&knn, &linear};
  };
  {
    Flags flags("tool", "");
    auto [knn, linear] = declare(flags);
    const char *words[] = {"tool", "knn", "--nb_knn", "5", "--data=x"};
    EXPECT_EQ(flags.parse(5, words), std::nullopt);
    EXPECT_TRUE(knn->chosen());
    EXPECT_FALSE(linear->chosen());
    EXPECT_EQ(neighbours, 5);
  }
  testing::internal::CaptureStderr();
  {
    Flags flags("tool", "");
    declare(flags);
    const char *words[] = {"tool", "knn", "--dta=x"};
    EXPECT_EQ(flags.parse(3, words), 2);
    EXPECT_EQ(flags.parse(1, words), 2);
    EXPECT_EQ(flags.parse(2, words), 2);
  }
  std::string text = testing::internal::GetCapturedStderr();
  EXPECT_NE(text.find("did you mean --data?"), std::string::npos) << text;
}

TEST(SuggestTest, Distance) {
  EXPECT_EQ(editDistance("", "abc"), 3u);
  EXPECT_EQ(editDistance("kitten", "sitting"), 3u);
  EXPECT_EQ(editDistance("epochs", "eopchs"), 1u);
  std::vector<std::string> names = {"bcssl-tiny", "bcssl-small"};
  EXPECT_EQ(closest("bcsl-tiny", names), "bcssl-tiny");
  EXPECT_EQ(closest("resnet50", names), "");
}

// What cannot be written to standard output is no success.
TEST(ToolSetupTest, LostOutputIsAnError) {
  auto tool = [] {
    setUpTool("tool");
    if (!std::freopen("/dev/full", "w", stdout))
      std::exit(1);
    std::printf("a result\n");
    std::exit(0);
  };
  EXPECT_EXIT(tool(), testing::ExitedWithCode(74),
              "tool: standard output: cannot write the output: No space left");
}

} // namespace
