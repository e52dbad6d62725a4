//===- SessionTest.cpp - programs on real kernels -------------------------===//

#include "runtime/executable/Session.h"
#include "test/runtime/device/TestImages.h"
#include "test/runtime/executable/TestFile.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstring>
#include <fstream>
#include <numeric>

using namespace bcssl;
using namespace bcssl::artifact;

namespace {

std::shared_ptr<const Executable> load(const Contents &contents) {
  auto file = Executable::parse(encode(contents), "test.bcx");
  EXPECT_TRUE(file.ok()) << file.error().text();
  return *file;
}

std::unique_ptr<Session> session(SessionOptions options = {.threads = 2}) {
  auto image = testImage("kernels");
  auto opened = Session::open(load(goodContents(image)), options);
  EXPECT_TRUE(opened.ok()) << opened.error().text();
  return std::move(*opened);
}

std::vector<float> bytesToFloats(std::span<const std::byte> bytes) {
  std::vector<float> values(bytes.size() / 4);
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

/// Inputs and outputs of "step".
struct Step {
  std::vector<float> x = std::vector<float>(1024);
  std::vector<float> rate = {1.0f / 1024};
  std::vector<float> loss = {0};
  std::vector<float> y = std::vector<float>(1024);
  std::vector<float> echo = std::vector<float>(64);

  Step() {
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = 1 / static_cast<float>(i + 1);
  }
  Status run(Session &session) {
    return session.run("step", {{"x", x}, {"rate", rate}},
                       {{"loss", loss}, {"y", y}, {"echo", echo}});
  }
};

class SessionThreadsTest : public testing::TestWithParam<unsigned> {};

TEST_P(SessionThreadsTest, RunsStepsWithState) {
  auto made = session({.threads = GetParam()});
  ASSERT_TRUE(made->initialize(0).ok());
  Step step;
  float w = 0.5f;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(step.run(*made).ok());
    EXPECT_NEAR(step.loss[0], 7.5091757f, 1e-4);
    w -= step.rate[0] * step.loss[0];
    for (size_t j = 0; j < 64; ++j)
      ASSERT_EQ(step.echo[j], w);
    for (size_t j = 0; j < 1024; ++j)
      ASSERT_EQ(step.y[j], 2 * step.x[j]);
    EXPECT_EQ(bytesToFloats(*made->readVariable("w")), step.echo);
  }
}

TEST_P(SessionThreadsTest, SameBitsAsOneThread) {
  auto one = session({.threads = 1}), many = session({.threads = GetParam()});
  Step first, second;
  for (Session *made : {one.get(), many.get()})
    ASSERT_TRUE(made->initialize(9).ok());
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(first.run(*one).ok());
    ASSERT_TRUE(second.run(*many).ok());
  }
  EXPECT_EQ(first.loss, second.loss);
  EXPECT_EQ(first.echo, second.echo);
  for (const Variable &variable : one->executable().variables())
    EXPECT_EQ(*one->readVariable(variable.name),
              *many->readVariable(variable.name));
}

INSTANTIATE_TEST_SUITE_P(Threads, SessionThreadsTest, testing::Values(1, 2, 3));

TEST(SessionTest, SeveralProgramsShareTheArena) {
  auto made = session();
  std::vector<float> x(32, 3), y(32);
  ASSERT_TRUE(made->run("scale", {{"x", x}}, {{"y", y}}).ok());
  EXPECT_EQ(y, std::vector<float>(32, 12));
  EXPECT_EQ(made->arenaBytes(), 256u);
  EXPECT_EQ(made->arenaResidentBytes(), 256u);
}

TEST(SessionTest, PortsCanBeUsedInPlace) {
  auto made = session();
  auto bytes = made->inputBytes("scale", "x");
  ASSERT_EQ(bytes.size(), 128u);
  std::vector<float> x(32, 5);
  std::memcpy(bytes.data(), x.data(), 128);
  Input inPlace("x", DataType::F32, bytes);
  ASSERT_TRUE(made->run("scale", {inPlace}, {}).ok());
  EXPECT_EQ(bytesToFloats(made->outputBytes("scale", "y")),
            std::vector<float>(32, 20));
  EXPECT_TRUE(made->inputBytes("scale", "z").empty());
  EXPECT_TRUE(made->outputBytes("no", "y").empty());
  EXPECT_EQ(made->readVariable("nothing").error().id, "no-such-variable");
}

TEST(SessionTest, WrongCallsAreErrors) {
  auto made = session();
  std::vector<float> x(32), y(32), small(31);
  std::vector<int32_t> whole(32);
  auto idOf = [](Status status) {
    return status.ok() ? std::string("ok") : status.error().id;
  };
  EXPECT_EQ(idOf(made->run("scal", {{"x", x}}, {})), "no-such-program");
  EXPECT_EQ(idOf(made->run("scale", {}, {})), "missing-input");
  EXPECT_EQ(idOf(made->run("scale", {{"z", x}}, {})), "no-such-input");
  EXPECT_EQ(idOf(made->run("scale", {{"x", small}}, {})), "input-size");
  EXPECT_EQ(idOf(made->run("scale", {{"x", whole}}, {})), "input-type");
  EXPECT_EQ(idOf(made->run("scale", {{"x", x}}, {{"z", y}})), "no-such-output");
  EXPECT_EQ(idOf(made->run("scale", {{"x", x}}, {{"y", small}})),
            "output-size");
  EXPECT_EQ(idOf(made->run("scale", {{"x", x}}, {{"y", whole}})),
            "output-type");
  EXPECT_EQ(idOf(made->run("scale", {{"x", x}}, {{"y", y}})), "ok");
  EXPECT_EQ(idOf(made->writeTrace("/tmp/x")), "no-profile");
}

TEST(SessionTest, FilesForOtherMachinesAreRefused) {
  auto image = testImage("kernels");
  Contents contents = goodContents(image);
  contents.images[0].target = "cpu:z80";
  auto opened = Session::open(load(contents));
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().id, "no-image");
  EXPECT_EQ(opened.error().code, ExitCode::NoDevice);
  EXPECT_NE(opened.error().message.find("cpu:z80"), std::string::npos);
}

TEST(SessionTest, ImageMustHoldEveryKernel) {
  auto image = testImage("kernels");
  Contents contents = goodContents(image);
  contents.kernels.push_back({"not_there", 1});
  auto opened = Session::open(load(contents));
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().id, "image-symbol");
  EXPECT_EQ(opened.error().file, "test.bcx");
}

TEST(SessionTest, ImageMustBeMachineCode) {
  std::vector<std::byte> text(64, std::byte{'x'});
  auto opened = Session::open(load(goodContents(text)));
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().id, "image-invalid");
}

TEST(SessionTest, TooMuchMemoryIsAnError) {
  auto image = testImage("kernels");
  Contents contents = goodContents(image);
  contents.programs[0].arenaBytes = uint64_t{1} << 46;
  auto opened = Session::open(load(contents));
  // A machine may promise this much; then there is nothing to see.
  if (!opened.ok()) {
    EXPECT_EQ(opened.error().id, "out-of-memory");
    EXPECT_NE(opened.error().message.find("the arena"), std::string::npos);
  }
}

TEST(SessionTest, TraceIsJsonWithOneEventAnInstruction) {
  auto made = session({.threads = 2, .profile = true});
  Step step;
  ASSERT_TRUE(step.run(*made).ok());
  ASSERT_TRUE(step.run(*made).ok());
  std::string path = testing::TempDir() + "bcssl-session-trace.json";
  ASSERT_TRUE(made->writeTrace(path).ok());
  std::ifstream file(path);
  auto trace = nlohmann::json::parse(file);
  std::remove(path.c_str());
  const auto &events = trace["traceEvents"];
  ASSERT_EQ(events.size(), 2u * (1 + 7));
  EXPECT_EQ(events[0]["name"], "step");
  EXPECT_EQ(events[0]["cat"], "program");
  EXPECT_EQ(events[1]["name"], "zero");
  EXPECT_EQ(events[2]["name"], "sums");
  EXPECT_EQ(events[2]["args"]["kernel"], "partial_sums");
  EXPECT_EQ(events[2]["args"]["tiles"], 64);
  EXPECT_EQ(events[4]["name"], "all_reduce");
  EXPECT_EQ(events[6]["name"], "scale") << "the symbol where there is no name";
  EXPECT_EQ(events[7]["name"], "copy");
  for (size_t i = 2; i < 8; ++i)
    EXPECT_GE(events[i]["ts"], events[i - 1]["ts"]);
}

} // namespace
