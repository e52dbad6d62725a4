//===- JsonLogTest.cpp ----------------------------------------------------===//

#include "runtime/report/JsonLog.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

using namespace bcssl;
namespace fs = std::filesystem;

namespace {

class JsonLogTest : public testing::Test {
protected:
  void SetUp() override {
    char name[] = "/tmp/bcssl-log-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    directory = name;
    path = directory + "/log.txt";
  }
  void TearDown() override { fs::remove_all(directory); }

  std::string content() const {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  void put(const std::string &text) { std::ofstream(path) << text; }

  std::string directory;
  std::string path;
};

TEST_F(JsonLogTest, LinesKeepTheOrderOfFields) {
  EXPECT_EQ(jsonLine({{"train_loss", 0.5}, {"epoch", int64_t{3}}, {"a", "b"}}),
            R"({"train_loss": 0.5, "epoch": 3, "a": "b"})");
  EXPECT_EQ(jsonLine({}), "{}");
}

TEST_F(JsonLogTest, OddValuesStayValidJson) {
  double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(jsonLine({{"x", inf}, {"y", std::nan("")}, {"z", "a\"\n\xff"}}),
            "{\"x\": null, \"y\": null, \"z\": \"a\\\"\\n\xef\xbf\xbd\"}");
}

TEST_F(JsonLogTest, AppendsAndResumesAtAStep) {
  {
    auto log = JsonLog::open(path, 0);
    ASSERT_TRUE(log.ok());
    for (int64_t step = 1; step <= 5; ++step)
      ASSERT_TRUE(log->append({{"step", step}}).ok());
  }
  auto log = JsonLog::open(path, 3);
  ASSERT_TRUE(log.ok());
  EXPECT_EQ(content(), "{\"step\": 1}\n{\"step\": 2}\n{\"step\": 3}\n");
  ASSERT_TRUE(log->append({{"step", int64_t{4}}, {"again", int64_t{1}}}).ok());
  EXPECT_EQ(content(), "{\"step\": 1}\n{\"step\": 2}\n{\"step\": 3}\n"
                       "{\"step\": 4, \"again\": 1}\n");
}

TEST_F(JsonLogTest, TornAndForeignLinesGo) {
  for (const char *tail : {"{\"step\": 2", "{\"step\": 2}", "garbage\n",
                           "[1]\n", "{\"step\": 9}\n{\"step\": 2}\n"}) {
    put(std::string("{\"step\": 1}\n") + tail);
    ASSERT_TRUE(JsonLog::open(path, 5).ok());
    EXPECT_EQ(content(), "{\"step\": 1}\n") << tail;
  }
  put("{\"message\": \"no step\"}\n{\"step\": 1}\n");
  ASSERT_TRUE(JsonLog::open(path, 5).ok());
  EXPECT_EQ(content(), "{\"message\": \"no step\"}\n{\"step\": 1}\n");
}

TEST_F(JsonLogTest, ForeignFileIsLeftAlone) {
  put("notes of a person\n{\"step\": 1}\n");
  auto log = JsonLog::open(path, 5);
  ASSERT_FALSE(log.ok());
  EXPECT_EQ(log.error().id, "log-foreign");
  EXPECT_EQ(content(), "notes of a person\n{\"step\": 1}\n");
}

TEST_F(JsonLogTest, MissingDirectoryIsAnError) {
  auto log = JsonLog::open(directory + "/none/log.txt", 0);
  ASSERT_FALSE(log.ok());
  EXPECT_EQ(log.error().id, "log-open");
  EXPECT_EQ(log.error().code, ExitCode::CannotCreate);
}

// Lines of several writers mix, but are never torn.
TEST_F(JsonLogTest, FourWritersDoNotTearLines) {
  const int lines = 500;
  // Opening shortens the file to whole lines: that comes before the writers.
  auto log = JsonLog::open(path, 1 << 30);
  ASSERT_TRUE(log.ok()) << log.error().text();
  for (int writer = 0; writer < 4; ++writer)
    if (fork() == 0) {
      for (int i = 0; i < lines; ++i)
        if (!log->append({{"writer", int64_t{writer}},
                          {"text", std::string(100, 'a')}})
                 .ok())
          _exit(1);
      _exit(0);
    }
  int result = 0;
  for (int writer = 0; writer < 4; ++writer) {
    ASSERT_GT(wait(&result), 0);
    EXPECT_EQ(result, 0);
  }
  std::ifstream stream(path);
  std::string line;
  while (std::getline(stream, line)) {
    EXPECT_EQ(line.size(), jsonLine({{"writer", int64_t{0}},
                                     {"text", std::string(100, 'a')}})
                               .size());
  }
}

TEST_F(JsonLogTest, FullDiskIsAnError) {
  auto log = JsonLog::open("/dev/full", 0);
  ASSERT_TRUE(log.ok()) << log.error().text();
  Status status = log->append({{"step", int64_t{1}}});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().id, "disk-full");
  EXPECT_EQ(status.error().code, ExitCode::Io);
}

} // namespace
