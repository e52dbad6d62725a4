//===- CheckpointFaultTest.cpp - damage, kills, full disks ----------------===//

#include "test/runtime/train/CheckpointFixture.h"

#include <chrono>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace bcssl;
namespace fs = std::filesystem;

namespace {

class CheckpointFaultTest : public CheckpointTest {};

TEST_F(CheckpointFaultTest, DamagedOneIsPassedOver) {
  CheckpointStore store = open();
  save(store, 1);
  std::vector<std::vector<std::byte>> first = state.data;
  save(store, 2);
  fs::path newest = directory.path + "/checkpoint_0000002";
  for (std::string_view name : {modelFileName, optimFileName, stateFileName}) {
    std::string whole = content(newest / name);
    for (size_t bit = 0; bit < whole.size() * 8; bit += whole.size() / 3 + 1) {
      flipBit(newest / name, bit);
      MemoryState loaded = makeState();
      std::vector<std::string> notes;
      auto run = store.loadNewest(loaded, notes);
      ASSERT_TRUE(run.ok()) << run.error().text();
      EXPECT_EQ((*run)->step, 1) << name << " bit " << bit;
      ASSERT_EQ(notes.size(), 1u);
      EXPECT_NE(notes[0].find(name), std::string::npos) << notes[0];
      EXPECT_EQ(loaded.data, first);
      std::ofstream(newest / name, std::ios::binary | std::ios::trunc) << whole;
    }
    fs::resize_file(newest / name, whole.size() / 2);
    EXPECT_FALSE(verifyCheckpoint(newest).ok());
    fs::remove(newest / name);
    EXPECT_FALSE(verifyCheckpoint(newest).ok());
    std::ofstream(newest / name, std::ios::binary | std::ios::trunc) << whole;
    EXPECT_TRUE(verifyCheckpoint(newest).ok());
  }
}

TEST_F(CheckpointFaultTest, AllDamagedIsAnError) {
  CheckpointStore store = open();
  save(store, 1);
  flipBit(directory.path + "/checkpoint_0000001/model.safetensors", 999);
  std::vector<std::string> notes;
  auto run = store.loadNewest(state, notes);
  ASSERT_FALSE(run.ok());
  EXPECT_EQ(run.error().id, "checkpoint-damaged");
  EXPECT_EQ(run.error().code, ExitCode::BadData);
}

// Going back would cost the steps of whole checkpoints.
TEST_F(CheckpointFaultTest, DeviceThatFailsIsNoDamage) {
  CheckpointStore store = open();
  save(store, 1);
  save(store, 2);
  MemoryState loaded = makeState();
  loaded.failing = 3;
  for (const char *id : {"device-lost", "device-failed"}) {
    loaded.error = {ExitCode::Internal, id, "asked to fail"};
    std::vector<std::string> notes;
    auto run = store.loadNewest(loaded, notes);
    ASSERT_FALSE(run.ok());
    EXPECT_EQ(run.error().id, id);
    EXPECT_TRUE(notes.empty());
  }
}

TEST_F(CheckpointFaultTest, FailureWhileWritingLeavesNothing) {
  CheckpointStore store = open();
  save(store, 1);
  for (size_t variable = 0; variable < state.list.size(); ++variable) {
    state.failing = variable;
    auto saved = store.save(state, atStep(2));
    ASSERT_FALSE(saved.ok());
    EXPECT_EQ(saved.error().id, "test-access");
    EXPECT_EQ(listCheckpoints(directory.path).size(), 1u);
    EXPECT_EQ(hiddenEntries(directory.path), 0u);
  }
  EXPECT_TRUE(verifyCheckpoint(directory.path + "/checkpoint").ok());
}

TEST_F(CheckpointFaultTest, OpeningRemovesOnlyItsOwnLeftovers) {
  for (const char *name :
       {".checkpoint_0000012.77-3.tmp", ".checkpoint_NaN.1-0.tmp"})
    fs::create_directories(directory.path + "/" + name + "/inside");
  for (const char *name :
       {".checkpoint_0000012.77-3.tmpx", ".checkpoint_1.a-0.tmp",
        ".checkpoint_.tmp", "checkpoint_0000012.77-3.tmp", ".other.1-0.tmp",
        ".checkpoint_0000012.tmp"})
    fs::create_directories(directory.path + "/" + name + "/inside");
  open();
  EXPECT_EQ(std::distance(fs::directory_iterator(directory.path),
                          fs::directory_iterator()),
            6);
}

/// Kills a writer at random moments; whatever happened, the newest checkpoint
/// is whole and holds what its step says.
TEST_F(CheckpointFaultTest, KilledWriterLeavesWholeCheckpoints) {
  // Big enough that most kills fall into a write.
  state.add(makeVariable("teacher.big", DataType::F32, {1 << 18}));
  MemoryState loaded = state;
  // Delays go up to a few times what a save takes here.
  auto began = std::chrono::steady_clock::now();
  CheckpointStore first = open({.newest = 2});
  save(first, 1);
  auto once = std::chrono::steady_clock::now() - began;
  int64_t step = 1;
  int leftovers = 0;
  for (int round = 0; round < 20; ++round) {
    pid_t child = fork();
    if (child == 0) {
      auto store = CheckpointStore::open(directory.path, {.newest = 2});
      for (int64_t next = step + 1;; ++next) {
        state.fill(static_cast<uint32_t>(next));
        if (!store->save(state, atStep(next)).ok())
          _exit(1);
      }
    }
    std::this_thread::sleep_for(once * (2 + round * 7919 % 30) / 8);
    kill(child, SIGKILL);
    int result = 0;
    ASSERT_EQ(waitpid(child, &result, 0), child);
    ASSERT_TRUE(WIFSIGNALED(result));
    leftovers += hiddenEntries(directory.path) != 0;

    CheckpointStore store = open({.newest = 2});
    EXPECT_EQ(hiddenEntries(directory.path), 0u);
    for (const CheckpointEntry &entry : listCheckpoints(directory.path))
      EXPECT_TRUE(verifyCheckpoint(entry.path).ok()) << entry.path;
    std::vector<std::string> notes;
    auto run = store.loadNewest(loaded, notes);
    ASSERT_TRUE(run.ok()) << run.error().text();
    EXPECT_TRUE(notes.empty());
    ASSERT_TRUE(run->has_value());
    EXPECT_GE((*run)->step, step);
    step = (*run)->step;
    state.fill(static_cast<uint32_t>(step));
    EXPECT_EQ(loaded.data, state.data);
  }
  EXPECT_GT(step, 1);
  EXPECT_GT(leftovers, 0); // some kills did fall into a write
}

/// Runs in a child with its own mounts; 0 as expected, 1 wrong, 2 no right.
int saveOnSmallDisk(const std::string &directory, MemoryState &state) {
  if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
    return 2;
  mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  if (mount("tmpfs", directory.c_str(), "tmpfs", 0, "size=1m") != 0)
    return 2;
  auto store = CheckpointStore::open(directory);
  if (!store->save(state, atStep(1)).ok())
    return 1;
  state.add(makeVariable("student.big", DataType::F32, {1 << 19}));
  auto full = store->save(state, atStep(2));
  if (full.ok() || full.error().id != "disk-full" ||
      full.error().code != ExitCode::Io ||
      full.error().message.find("bytes are free") == std::string::npos)
    return 1;
  if (hiddenEntries(directory) != 0 || listCheckpoints(directory).size() != 1)
    return 1;
  return verifyCheckpoint(directory + "/checkpoint").ok() ? 0 : 1;
}

TEST_F(CheckpointFaultTest, FullDiskKeepsThePreviousOne) {
  pid_t child = fork();
  if (child == 0)
    _exit(saveOnSmallDisk(directory.path, state));
  int result = 0;
  ASSERT_EQ(waitpid(child, &result, 0), child);
  ASSERT_TRUE(WIFEXITED(result));
  if (WEXITSTATUS(result) == 2)
    GTEST_SKIP() << "no right to mount a small file system";
  EXPECT_EQ(WEXITSTATUS(result), 0);
}

} // namespace
