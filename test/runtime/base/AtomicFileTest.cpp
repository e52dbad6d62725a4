//===- AtomicFileTest.cpp -------------------------------------------------===//

#include "runtime/base/AtomicFile.h"
#include "runtime/base/ToolSetup.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sched.h>
#include <sstream>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace bcssl;
namespace fs = std::filesystem;

namespace {

class AtomicFileTest : public testing::Test {
protected:
  void SetUp() override {
    char name[] = "/tmp/bcssl-atomic-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    directory = name;
  }
  void TearDown() override { fs::remove_all(directory); }

  static std::string content(const fs::path &path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  size_t entries() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(directory),
                                             fs::directory_iterator()));
  }

  fs::path directory;
};

TEST_F(AtomicFileTest, AppearsOnlyWithCommit) {
  fs::path path = directory / "a.bin";
  auto file = AtomicFile::create(path);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->write("hello ").ok());
  ASSERT_TRUE(file->write("world").ok());
  EXPECT_FALSE(fs::exists(path));
  ASSERT_TRUE(file->commit().ok());
  EXPECT_EQ(content(path), "hello world");
  EXPECT_EQ(file->size(), 11u);
  EXPECT_EQ(entries(), 1u);
}

// The limit of a process raises a signal too, which tools ignore.
TEST_F(AtomicFileTest, FileSizeLimitIsAnError) {
  std::string path = directory / "a.bin";
  pid_t child = fork();
  if (child == 0) {
    rlimit limit{1000, 1000};
    setrlimit(RLIMIT_FSIZE, &limit);
    setUpTool("test");
    for (uint64_t expected : {0, 2000}) { // found by write, by reservation
      auto file = AtomicFile::create(path, expected);
      Status status =
          file ? file->write(std::string(2000, 'x')) : Status(file.error());
      if (status || status.error().id != "file-limit" ||
          status.error().code != ExitCode::Io)
        _exit(1);
    }
    _exit(0);
  }
  int result = 0;
  ASSERT_EQ(waitpid(child, &result, 0), child);
  EXPECT_TRUE(WIFEXITED(result) && WEXITSTATUS(result) == 0) << result;
  EXPECT_EQ(entries(), 0u);
}

TEST_F(AtomicFileTest, AbandonedFileLeavesTheOldOneAndNoTrace) {
  fs::path path = directory / "a.bin";
  ASSERT_TRUE(writeFileAtomically(path, "old").ok());
  {
    auto file = AtomicFile::create(path);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->write("new and half").ok());
    EXPECT_EQ(entries(), 2u);
  }
  EXPECT_EQ(content(path), "old");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(AtomicFileTest, ReservedSpaceIsNotPartOfTheFile) {
  fs::path path = directory / "a.bin";
  auto file = AtomicFile::create(path, 1 << 20);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->write("short").ok());
  ASSERT_TRUE(file->commit().ok());
  EXPECT_EQ(fs::file_size(path), 5u);
}

TEST_F(AtomicFileTest, MissingDirectoryNamesThePath) {
  fs::path path = directory / "missing" / "a.bin";
  Status status = writeFileAtomically(path, "x");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().id, "file-create");
  EXPECT_EQ(status.error().code, ExitCode::CannotCreate);
  EXPECT_EQ(status.error().file, path);
}

TEST_F(AtomicFileTest, DirectoryInTheWayIsAnError) {
  fs::path path = directory / "taken";
  fs::create_directories(path / "inside");
  Status status = writeFileAtomically(path, "x");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().id, "file-write");
  EXPECT_EQ(entries(), 1u);
}

/// Runs in a child with its own mounts: a file system of 64 KiB at `directory`.
/// Exit codes: 0 as expected, 1 wrong, 2 no right to mount.
int fillSmallDisk(const fs::path &directory) {
  if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
    return 2;
  mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  if (mount("tmpfs", directory.c_str(), "tmpfs", 0, "size=65536") != 0)
    return 2;
  fs::path path = directory / "a.bin";
  if (!writeFileAtomically(path, "old").ok())
    return 1;
  Status reserved = writeFileAtomically(path, std::string(1 << 20, 'x'));
  auto streamed = AtomicFile::create(path);
  Status written = streamed->write(std::string(1 << 20, 'x'));
  for (const Status *status : {&reserved, &written})
    if (status->ok() || status->error().id != "disk-full" ||
        status->error().code != ExitCode::Io ||
        status->error().message.find("bytes are free") == std::string::npos)
      return 1;
  if (reserved.error().message.find("1048576") == std::string::npos)
    return 1;
  std::string text;
  std::ifstream(path) >> text;
  return text == "old" ? 0 : 1;
}

TEST_F(AtomicFileTest, FullDiskKeepsTheOldFile) {
  pid_t child = fork();
  if (child == 0)
    _exit(fillSmallDisk(directory));
  int state = 0;
  ASSERT_EQ(waitpid(child, &state, 0), child);
  ASSERT_TRUE(WIFEXITED(state));
  if (WEXITSTATUS(state) == 2)
    GTEST_SKIP() << "no right to mount a small file system";
  EXPECT_EQ(WEXITSTATUS(state), 0);
}

} // namespace
