//===- CheckpointTest.cpp -------------------------------------------------===//

#include "runtime/train/Safetensors.h"
#include "test/runtime/train/CheckpointFixture.h"

using namespace bcssl;
namespace fs = std::filesystem;

namespace {

std::vector<int64_t> steps(const std::string &directory) {
  std::vector<int64_t> steps;
  for (const CheckpointEntry &entry : listCheckpoints(directory))
    steps.push_back(entry.step);
  return steps;
}

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
  EXPECT_EQ(steps(directory.path), (std::vector<int64_t>{4, 8, 9}));
}

// A run that went back to step 1 takes steps that others have been saved for.
TEST_F(CheckpointTest, LaterOnesAreSetAside) {
  CheckpointStore store = open({.newest = 2});
  save(store, 5);
  save(store, 10);
  std::ofstream(directory.path + "/checkpoint_0000010.aside");
  auto moved = store.setAside(5);
  ASSERT_TRUE(moved.ok());
  std::string aside = directory.path + "/checkpoint_0000010.aside-2";
  EXPECT_EQ(*moved, std::vector<std::string>{aside});
  EXPECT_TRUE(verifyCheckpoint(aside).ok());
  EXPECT_EQ(steps(directory.path), std::vector<int64_t>{5});
  EXPECT_EQ(fs::read_symlink(directory.path + "/checkpoint"),
            "checkpoint_0000005");
  EXPECT_TRUE(store.setAside(5)->empty());
}

TEST_F(CheckpointTest, WrittenAndProtectedOnesAreNeverRemoved) {
  CheckpointStore store = open({.newest = 2});
  save(store, 1);
  save(store, 20);
  save(store, 21);
  store.protect(20);
  save(store, 4);
  EXPECT_EQ(steps(directory.path), (std::vector<int64_t>{4, 20, 21}));
  for (int64_t step = 22; step < 26; ++step)
    save(store, step);
  EXPECT_EQ(steps(directory.path), (std::vector<int64_t>{20, 24, 25}));
  EXPECT_EQ(store.pathOf(25), listCheckpoints(directory.path).back().path);
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

} // namespace
