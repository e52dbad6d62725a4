//===- ReadFileTest.cpp ---------------------------------------------------===//

#include "runtime/base/ReadFile.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace bcssl;

namespace {

std::string idOf(const std::string &path, uint64_t limit) {
  auto bytes = readFile(path, limit);
  return bytes.ok() ? "ok" : bytes.error().id;
}

TEST(ReadFileTest, ReadsRegularFilesUpToTheLimit) {
  std::string path = testing::TempDir() + "bcssl-read-file-test";
  std::ofstream(path) << "hello";
  auto bytes = readFile(path, 5);
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(bytes->size(), 5u);
  EXPECT_EQ((*bytes)[4], std::byte{'o'});
  EXPECT_EQ(idOf(path, 4), "file-too-large");
  std::ofstream(path, std::ios::trunc).flush();
  auto empty = readFile(path, 5);
  ASSERT_TRUE(empty.ok());
  EXPECT_TRUE(empty->empty());
  unlink(path.c_str());
  EXPECT_EQ(idOf(path, 5), "file-missing");
  EXPECT_EQ(idOf(path + "/under", 5), "file-missing");
}

TEST(ReadFileTest, OtherThingsAreRefusedAtOnce) {
  EXPECT_EQ(idOf("/", 5), "file-kind");
  EXPECT_EQ(idOf("/dev/zero", 5), "file-kind");
  std::string pipe = testing::TempDir() + "bcssl-read-file-pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(idOf(pipe, 5), "file-kind");
  unlink(pipe.c_str());
}

} // namespace
