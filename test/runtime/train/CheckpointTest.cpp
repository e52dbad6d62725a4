//===- CheckpointTest.cpp -------------------------------------------------===//

#include "runtime/train/Checkpoint.h"
#include "runtime/train/Safetensors.h"
#include "test/runtime/train/MemoryState.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sched.h>
#include <signal.h>
#include <sstream>
#include <sys/mount.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace bcssl;
namespace fs = std::filesystem;

namespace {

/// A small network: a permuted filter, a counter, a moment and a center.
MemoryState makeState() {
  MemoryState state;
  state.add(makeVariable("student.dwconv.weight", DataType::F32, {3, 3, 8},
                         {8, 1, 3, 3}, {2, -1, 0, 1}));
  state.add(makeVariable("student.norm.bias", DataType::F32, {8}));
  state.add(makeVariable("teacher.norm.bias", DataType::F32, {8}));
  state.add(
      makeVariable("optimizer.moment1.student.norm.bias", DataType::F32, {8}));
  state.add(makeVariable("center", DataType::F32, {1, 16}));
  return state;
}

RunState atStep(int64_t step) {
  RunState run;
  run.step = step;
  run.epoch = step / 10;
  run.position = step % 10;
  run.seed = 0xffffffffffffffff;
  run.artifact = "a";
  run.data = "d";
  return run;
}

std::string content(const fs::path &path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

void flipBit(const fs::path &path, size_t bit) {
  std::string bytes = content(path);
  bytes[bit / 8 % bytes.size()] ^= static_cast<char>(1 << (bit % 8));
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

size_t hiddenEntries(const std::string &directory) {
  size_t count = 0;
  for (const auto &entry : fs::directory_iterator(directory))
    count += entry.path().filename().string().starts_with(".");
  return count;
}

class CheckpointTest : public testing::Test {
protected:
  CheckpointStore open(KeepPolicy keep = {}) {
    auto store = CheckpointStore::open(directory.path, keep);
    EXPECT_TRUE(store.ok());
    return std::move(*store);
  }
  void save(CheckpointStore &store, int64_t step) {
    state.fill(static_cast<uint32_t>(step));
    auto saved = store.save(state, atStep(step));
    ASSERT_TRUE(saved.ok()) << saved.error().text();
  }

  TemporaryDirectory directory;
  MemoryState state = makeState();
};

TEST_F(CheckpointTest, LoadsWhatItSaved) {
  CheckpointStore store = open();
  save(store, 123);
  MemoryState loaded = makeState();
  std::vector<std::string> notes;
  auto run = store.loadNewest(loaded, notes);
  ASSERT_TRUE(run.ok()) << run.error().text();
  ASSERT_TRUE(run->has_value());
  EXPECT_EQ((*run)->step, 123);
  EXPECT_EQ((*run)->epoch, 12);
  EXPECT_EQ((*run)->position, 3);
  EXPECT_EQ((*run)->seed, 0xffffffffffffffff);
  EXPECT_EQ(loaded.data, state.data);
  EXPECT_TRUE(notes.empty());
  fs::path newest = directory.path + "/checkpoint";
  EXPECT_EQ(fs::read_symlink(newest), "checkpoint_0000123");
  // The filter stands there in PyTorch's form.
  auto reader = SafetensorsReader::open(newest / modelFileName);
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(reader->find("student.dwconv.weight")->shape,
            (std::vector<int64_t>{8, 1, 3, 3}));
  EXPECT_EQ(reader->find("center"), nullptr);
}

TEST_F(CheckpointTest, EqualStatesHaveEqualHashes) {
  CheckpointStore store = open();
  state.fill(1);
  std::string first = store.save(state, atStep(1))->hash;
  EXPECT_EQ(store.save(state, atStep(2))->hash, first);
  state.data[3][0] ^= std::byte{1};
  EXPECT_NE(store.save(state, atStep(3))->hash, first);
  EXPECT_EQ(first.size(), 32u);
}

TEST_F(CheckpointTest, NothingToLoadIsNoError) {
  CheckpointStore store = open();
  std::vector<std::string> notes;
  auto run = store.loadNewest(state, notes);
  ASSERT_TRUE(run.ok());
  EXPECT_FALSE(run->has_value());
}

TEST_F(CheckpointTest, KeepsTheNewestAndThePeriodicOnes) {
  CheckpointStore store = open({.newest = 2, .everySteps = 4});
  for (int64_t step = 1; step <= 9; ++step)
    save(store, step);
  std::vector<int64_t> steps;
  for (const CheckpointEntry &entry : listCheckpoints(directory.path))
    steps.push_back(entry.step);
  EXPECT_EQ(steps, (std::vector<int64_t>{4, 8, 9}));
}

TEST_F(CheckpointTest, SavingAStepTwiceReplacesIt) {
  CheckpointStore store = open();
  save(store, 5);
  state.fill(77);
  ASSERT_TRUE(store.save(state, atStep(5)).ok());
  MemoryState loaded = makeState();
  ASSERT_TRUE(
      loadCheckpoint(directory.path + "/checkpoint_0000005", loaded).ok());
  EXPECT_EQ(loaded.data, state.data);
  EXPECT_EQ(hiddenEntries(directory.path), 0u);
}

TEST_F(CheckpointTest, NamedCheckpointIsNotResumedFrom) {
  CheckpointStore store = open();
  ASSERT_TRUE(store.saveAs("NaN", state, atStep(9)).ok());
  EXPECT_TRUE(fs::exists(directory.path + "/checkpoint_NaN/state.json"));
  EXPECT_TRUE(listCheckpoints(directory.path).empty());
}

TEST_F(CheckpointTest, DamagedOneIsPassedOver) {
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

TEST_F(CheckpointTest, AllDamagedIsAnError) {
  CheckpointStore store = open();
  save(store, 1);
  flipBit(directory.path + "/checkpoint_0000001/model.safetensors", 999);
  std::vector<std::string> notes;
  auto run = store.loadNewest(state, notes);
  ASSERT_FALSE(run.ok());
  EXPECT_EQ(run.error().id, "checkpoint-damaged");
  EXPECT_EQ(run.error().code, ExitCode::BadData);
}

TEST_F(CheckpointTest, OtherNetworkIsReportedByName) {
  CheckpointStore store = open();
  save(store, 1);
  MemoryState other;
  other.add(makeVariable("student.dwconv.weights", DataType::F32, {3, 3, 8},
                         {8, 1, 3, 3}, {2, -1, 0, 1}));
  other.add(makeVariable("student.norm.bias", DataType::F32, {9}));
  std::vector<std::string> notes;
  auto run = store.loadNewest(other, notes);
  ASSERT_FALSE(run.ok());
  EXPECT_EQ(run.error().id, "checkpoint-names");
  const std::string &text = run.error().message;
  EXPECT_NE(text.find("1 missing: 'student.dwconv.weights' (nearest: "
                      "'student.dwconv.weight')"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("2 unexpected"), std::string::npos) << text;
  EXPECT_NE(text.find("'student.norm.bias' is F32 [8], expects F32 [9]"),
            std::string::npos)
      << text;
}

TEST_F(CheckpointTest, LoadsOnlyTheTeachersWeights) {
  CheckpointStore store = open();
  save(store, 1);
  MemoryState part;
  part.add(makeVariable("teacher.norm.bias", DataType::F32, {8}));
  part.add(makeVariable("center", DataType::F32, {1, 16}));
  for (const char *name : {"", "/checkpoint", "/checkpoint_0000001",
                           "/checkpoint_0000001/model.safetensors"}) {
    part.fill(0);
    Status status = loadWeights(directory.path + name, part, "teacher.");
    ASSERT_TRUE(status.ok()) << status.error().text();
    EXPECT_EQ(part.data[0], state.data[2]);
    EXPECT_NE(part.data[1], state.data[4]); // not a weight
  }
  TemporaryDirectory empty;
  EXPECT_EQ(loadWeights(empty.path, part).error().id, "checkpoint-none");
}

TEST_F(CheckpointTest, FailureWhileWritingLeavesNothing) {
  CheckpointStore store = open();
  save(store, 1);
  for (size_t variable = 0; variable < state.list.size(); ++variable) {
    state.failing = variable;
    auto saved = store.save(state, atStep(2));
    ASSERT_FALSE(saved.ok());
    EXPECT_EQ(saved.error().id, "test-read");
    EXPECT_EQ(listCheckpoints(directory.path).size(), 1u);
    EXPECT_EQ(hiddenEntries(directory.path), 0u);
  }
  EXPECT_TRUE(verifyCheckpoint(directory.path + "/checkpoint").ok());
}

TEST_F(CheckpointTest, OpeningRemovesOnlyItsOwnLeftovers) {
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
TEST_F(CheckpointTest, KilledWriterLeavesWholeCheckpoints) {
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

TEST_F(CheckpointTest, FullDiskKeepsThePreviousOne) {
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

TEST(RunStateTest, EveryFlippedBitIsFound) {
  RunState run = atStep(77);
  run.files["model.safetensors"] = {12, "abc"};
  std::string text = formatRunState(run);
  auto back = parseRunState(text);
  ASSERT_TRUE(back.ok()) << back.error().text();
  EXPECT_EQ(formatRunState(*back), text);
  for (size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string damaged = text;
    damaged[bit / 8] ^= static_cast<char>(1 << (bit % 8));
    EXPECT_FALSE(parseRunState(damaged).ok()) << bit;
  }
  for (size_t size = 0; size < text.size(); ++size)
    EXPECT_FALSE(parseRunState(text.substr(0, size)).ok()) << size;
}

TEST(RunStateTest, WrongTypesAreErrors) {
  for (const char *text :
       {"", "[]", "{}", "null", "{\"format\":2}", "{\"format\":\"1\"}",
        "{\"format\":1,\"version\":1}"})
    EXPECT_FALSE(parseRunState(text).ok()) << text;
  EXPECT_FALSE(parseRunState(std::string(2 << 20, '[')).ok());
}

} // namespace
