//===- ExecutableTest.cpp - files as bytes --------------------------------===//

#include "runtime/executable/Executable.h"
#include "runtime/schema/Executable_generated.h"
#include "test/runtime/executable/TestFile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <xxhash.h>

using namespace bcssl;
using namespace bcssl::artifact;

namespace {

using Bytes = std::vector<std::byte>;

/// A pattern that stands out, in place of machine code.
Bytes someImage() {
  Bytes image(512);
  for (size_t i = 0; i < image.size(); ++i)
    image[i] = std::byte(i * 37 + 11);
  return image;
}

TEST(ExecutableTest, HoldsWhatTheFileSays) {
  Bytes image = someImage();
  auto file = Executable::parse(encode(goodContents(image)), "a.bcx");
  ASSERT_TRUE(file.ok());
  const Contents &contents = (*file)->contents();
  EXPECT_EQ((*file)->property("model"), "test");
  EXPECT_EQ((*file)->property("nothing"), "");
  EXPECT_EQ((*file)->findVariable("gamma"), 3u);
  EXPECT_EQ((*file)->findVariable("delta"), std::nullopt);
  EXPECT_EQ((*file)->findProgram("scale"), 1u);
  EXPECT_EQ((*file)->findProgram("nothing"), std::nullopt);
  EXPECT_EQ(contents.variables[1].published(), (Shape{5, 1, 3, 2}));
  EXPECT_EQ(contents.variables[4].bytes(), 18u);
  EXPECT_EQ(contents.variables[5].bytes(), 4u);
  EXPECT_EQ(contents.programs[0].instructions.size(), 7u);
  EXPECT_TRUE(std::ranges::equal(contents.images[0].bytes, image));
  EXPECT_EQ((*file)->hash().size(), 32u);
}

TEST(ExecutableTest, HashIsOfTheWholeFile) {
  Bytes image = someImage();
  Contents contents = goodContents(image);
  auto first = Executable::parse(encode(contents), "a");
  auto again = Executable::parse(encode(contents), "b");
  contents.properties[0].second = "other";
  auto other = Executable::parse(encode(contents), "a");
  ASSERT_TRUE(first.ok() && again.ok() && other.ok());
  EXPECT_EQ((*first)->hash(), (*again)->hash());
  EXPECT_NE((*first)->hash(), (*other)->hash());
}

TEST(ExecutableTest, OpensFilesAndNamesThemInErrors) {
  auto missing = Executable::open("/nonexistent/a.bcx");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().id, "file-missing");
  EXPECT_EQ(missing.error().code, ExitCode::NoInput);
  auto folder = Executable::open("/tmp");
  ASSERT_FALSE(folder.ok());
  EXPECT_EQ(folder.error().id, "file-kind");

  std::string path = testing::TempDir() + "bcssl-executable-test.bcx";
  for (const char *text : {"", "x", "hello, this is no program at all"}) {
    std::ofstream(path) << text;
    auto wrong = Executable::open(path);
    ASSERT_FALSE(wrong.ok());
    EXPECT_EQ(wrong.error().id, "executable-kind");
    EXPECT_EQ(wrong.error().file, path);
  }
  std::remove(path.c_str());
}

TEST(ExecutableTest, EveryTruncationIsRefused) {
  // The builder writes from the back, so the last bytes belong to the table
  // that was made first.
  Bytes good = encode(goodContents(someImage()));
  for (size_t size = 0; size < good.size(); ++size) {
    auto file = Executable::parse(Bytes(good.begin(), good.begin() + size), "");
    // Padding may end the file.
    if (size + 8 < good.size())
      ASSERT_FALSE(file.ok()) << size;
  }
}

TEST(ExecutableTest, SharedTablesCannotMultiplyMemory) {
  // Launches that share one vector of slots: a file of 1.5 MB that would take
  // 2.9 GB as plain values.
  flatbuffers::FlatBufferBuilder builder;
  std::vector<schema::Slot> slots(60'000, {schema::Space::Arena, 0, 4});
  auto shared = builder.CreateVectorOfStructs(slots);
  std::vector<flatbuffers::Offset<schema::Instruction>> instructions;
  for (int i = 0; i < 2'000; ++i)
    instructions.push_back(schema::CreateInstruction(
        builder, schema::Step::Launch,
        schema::CreateLaunch(builder, 0, shared, 1).Union()));
  std::vector programs = {
      schema::CreateProgramDirect(builder, "p", {}, {}, &instructions)};
  std::vector<flatbuffers::Offset<schema::Kernel>> kernels;
  std::vector<flatbuffers::Offset<schema::Image>> images;
  schema::FinishExecutableBuffer(
      builder, schema::CreateExecutableDirect(builder, 1, 0, {}, {}, 0,
                                              &programs, &kernels, &images));
  auto *bytes = reinterpret_cast<const std::byte *>(builder.GetBufferPointer());
  auto file = Executable::parse({bytes, bytes + builder.GetSize()}, "big.bcx");
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().id, "executable-limits");
}

/// Where the image and its hash lie in a good file.
struct ImagePlace {
  size_t bytes, low, high;
};

template <typename T>
size_t offsetOf(const Bytes &file, const T &value, size_t size = sizeof(T)) {
  auto *pattern = reinterpret_cast<const std::byte *>(&value);
  auto found = std::search(file.begin(), file.end(), pattern, pattern + size);
  EXPECT_NE(found, file.end());
  return static_cast<size_t>(found - file.begin());
}

ImagePlace placeOf(const Bytes &file, const Bytes &image) {
  XXH128_hash_t hash = XXH3_128bits(image.data(), image.size());
  return {offsetOf(file, *image.data(), image.size()),
          offsetOf(file, hash.low64), offsetOf(file, hash.high64)};
}

/// One random change of some bytes.
void mutate(Bytes &file, std::mt19937_64 &random) {
  auto below = [&](size_t limit) { return random() % limit; };
  size_t at = below(file.size());
  switch (below(5)) {
  case 0:
    file[at] ^= std::byte(1u << below(8));
    break;
  case 1:
    file[at] = std::byte(random());
    break;
  case 2: { // a word that is a limit or small
    uint32_t words[] = {0,
                        1,
                        0x7fffffff,
                        0x80000000,
                        0xffffffff,
                        64,
                        static_cast<uint32_t>(below(file.size()))};
    at = at / 4 * 4;
    std::memcpy(&file[at], &words[below(std::size(words))],
                std::min<size_t>(4, file.size() - at));
    break;
  }
  case 3: { // one part over another
    size_t length = 1 + below(32), from = below(file.size());
    length = std::min({length, file.size() - at, file.size() - from});
    std::memmove(&file[at], &file[from], length);
    break;
  }
  case 4:
    if (below(8) == 0)
      file.resize(at + 1);
    break;
  }
}

class MutantTest : public testing::TestWithParam<const char *> {};

TEST_P(MutantTest, EndsInAnErrorOrInSafeContents) {
  const char *wanted = std::getenv("BCSSL_MUTANTS");
  int count = wanted ? std::atoi(wanted) : 500;
  const Bytes image = someImage();
  std::string target = GetParam();
  Contents contents = target == "cpu" ? goodContents(image)
                                      : gpuContents(image, "cuda:sm_80", "ptx");
  for (LaunchTable &table : contents.launchTables)
    table.tensorMaps.push_back(someTensorMap());
  const Bytes good = encode(contents);
  const ImagePlace place = placeOf(good, image);
  std::mt19937_64 random(1);
  int accepted = 0;
  for (int i = 0; i < count; ++i) {
    Bytes mutant = good;
    for (int changes = 1 + static_cast<int>(random() % 4); changes > 0;
         --changes)
      mutate(mutant, random);
    if (mutant.size() == good.size()) {
      XXH128_hash_t hash =
          XXH3_128bits(mutant.data() + place.bytes, image.size());
      std::memcpy(&mutant[place.low], &hash.low64, 8);
      std::memcpy(&mutant[place.high], &hash.high64, 8);
    }
    auto file = Executable::parse(std::move(mutant), "mutant");
    if (!file) {
      EXPECT_FALSE(file.error().id.empty());
      continue;
    }
    // What was accepted can be walked and keeps its promises.
    ++accepted;
    for (const Variable &variable : (*file)->variables())
      ASSERT_LE(variable.offset + variable.bytes(),
                (*file)->contents().stateBytes);
    for (const LaunchTable &table : (*file)->contents().launchTables) {
      for (const Geometry &geometry : table.geometry)
        ASSERT_TRUE(geometry.blocks > 0 && geometry.threads - 1 < 1024);
      for (const auto &[kernel, map] : table.tensorMaps)
        ASSERT_LT(map.argument,
                  (*file)->contents().kernels.at(kernel).arguments);
    }
  }
  EXPECT_GT(accepted, 0);
  EXPECT_LT(accepted, count);
}

INSTANTIATE_TEST_SUITE_P(Devices, MutantTest, testing::Values("cpu", "cuda"),
                         [](const auto &test) { return test.param; });

} // namespace
