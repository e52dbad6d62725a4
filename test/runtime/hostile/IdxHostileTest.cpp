//===- IdxHostileTest.cpp - damaged IDX files -----------------------------===//

#include "Mutator.h"

#include "runtime/data/Dataset.h"

using namespace bcssl;
using namespace bcssl::test;

namespace {

/// Parses; the result has as many elements as its shape says, or the error
/// names the file.
bool parseMutant(const Bytes &file, const IdxLimits &limits) {
  auto array = parseIdx(file, "mutant", limits);
  if (array.ok()) {
    uint64_t elements = 1;
    for (uint32_t extent : array->shape)
      elements *= extent;
    EXPECT_EQ(array->data.size(), elements);
    EXPECT_LE(elements, limits.elements);
    return true;
  }
  const Error &error = array.error();
  EXPECT_EQ(error.code, ExitCode::BadData) << error.text();
  EXPECT_EQ(error.file, "mutant");
  EXPECT_LE(error.offset.value_or(0), file.size()) << error.text();
  return false;
}

TEST(IdxHostileTest, MutantsPlainAndGzip) {
  Bytes data(10 * 12 * 14);
  for (size_t i = 0; i < data.size(); ++i)
    data[i] = static_cast<uint8_t>(i * i);
  std::vector<Bytes> seeds = {idxFile({10, 12, 14}, data),
                              idxFile({1680}, data)};
  // The default limit of gigabytes: what is not there is not allocated.
  IdxLimits limits;
  MemoryWatch memory;
  for (int number = 0; number < mutantCount(); ++number) {
    Mutator mutator(static_cast<uint32_t>(number));
    const Bytes &seed = seeds[number % seeds.size()];
    Bytes plain = mutator.mutate(seed);
    parseMutant(plain, limits);
    parseMutant(gzipped(plain), limits);
    parseMutant(mutator.mutate(gzipped(seed)), limits);
  }
  EXPECT_LT(memory.growth(), uint64_t{128} << 20);
}

TEST(IdxHostileTest, EveryDimensionTakesExtremeValues) {
  MemoryWatch memory;
  for (uint32_t a : {0u, 1u, 0x7fffffffu, 0x80000000u, 0xffffffffu})
    for (uint32_t b : {0u, 1u, 2u, 0x10000u, 0xffffffffu})
      for (uint32_t c : {0u, 1u, 0x10001u, 0xffffffffu}) {
        bool sound = parseMutant(idxFile({a, b, c}, Bytes(100)), {});
        EXPECT_FALSE(sound) << a << " " << b << " " << c;
      }
  EXPECT_LT(memory.growth(), uint64_t{64} << 20);
}

TEST(IdxHostileTest, GzipBombStopsAtTheAnnouncedSize) {
  constexpr uint32_t size = 64 << 20;
  Bytes liar = gzipped(idxFile({1000}, Bytes(size)));
  Bytes bomb = gzipped(idxFile({size}, Bytes(size)));
  MemoryWatch memory;
  auto array = parseIdx(liar, "bomb.gz");
  ASSERT_FALSE(array.ok());
  EXPECT_EQ(array.error().id, "idx-trailing");
  // One that announces what it holds stops at the limit.
  array = parseIdx(bomb, "bomb.gz", {.elements = size - 1});
  ASSERT_FALSE(array.ok());
  EXPECT_EQ(array.error().id, "idx-limit");
  EXPECT_LT(memory.growth(), uint64_t{8} << 20);
}

using IdxPairHostileTest = DirectoryTest;

// Through files, which is slower than the rest: a fifth of the mutants.
TEST_F(IdxPairHostileTest, MutantsAsDataSets) {
  Bytes images = idxFile({10, 6, 7}, Bytes(10 * 6 * 7, 3));
  Bytes labels = idxFile({10}, Bytes(10, 1));
  for (int number = 0; number < mutantCount() / 5; ++number) {
    Mutator mutator(static_cast<uint32_t>(number));
    writeFile(directory / "i", mutator.mutate(images));
    writeFile(directory / "l", number % 2 ? labels : mutator.mutate(labels));
    auto data = openIdxPair(directory / "i", directory / "l");
    if (!data.ok())
      continue;
    for (int64_t i = 0; i < (*data)->size(); ++i) {
      auto image = (*data)->image(i);
      ASSERT_TRUE(image.ok());
      EXPECT_EQ(image->pixels.size(), image->stride() * image->height);
      EXPECT_LT((*data)->label(i),
                static_cast<int64_t>((*data)->classes().size()));
    }
  }
}

} // namespace
