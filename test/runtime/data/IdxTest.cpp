//===- IdxTest.cpp --------------------------------------------------------===//

#include "runtime/data/Idx.h"

#include "TestFiles.h"

#include <numeric>

using namespace bcssl;
using namespace bcssl::test;

namespace {

Bytes counting(size_t size) {
  Bytes data(size);
  std::iota(data.begin(), data.end(), uint8_t{0});
  return data;
}

std::string idOf(const Result<IdxArray> &result) {
  return result.ok() ? "ok" : result.error().id;
}

TEST(IdxTest, PlainAndGzipGiveTheSameArray) {
  Bytes file = idxFile({3, 4, 5}, counting(60));
  for (const Bytes &bytes : {file, gzipped(file)}) {
    auto array = parseIdx(bytes, "a.idx");
    ASSERT_TRUE(array.ok()) << array.error().text();
    EXPECT_EQ(array->shape, (std::vector<uint32_t>{3, 4, 5}));
    EXPECT_EQ(array->data, counting(60));
  }
}

TEST(IdxTest, GzipMembersInARowAreOneContent) {
  Bytes file = idxFile({60}, counting(60));
  Bytes first = gzipped(std::span(file).first(20));
  Bytes second = gzipped(std::span(file).subspan(20));
  first.insert(first.end(), second.begin(), second.end());
  auto array = parseIdx(first, "a.gz");
  ASSERT_TRUE(array.ok()) << array.error().text();
  EXPECT_EQ(array->data, counting(60));
}

TEST(IdxTest, EveryTruncationIsAnErrorWithTheFile) {
  Bytes file = idxFile({3, 4, 5}, counting(60));
  for (const Bytes &bytes : {file, gzipped(file)})
    for (size_t length = 0; length < bytes.size(); ++length) {
      auto array = parseIdx(std::span(bytes).first(length), "cut.idx");
      ASSERT_FALSE(array.ok()) << length;
      EXPECT_EQ(array.error().code, ExitCode::BadData);
      EXPECT_EQ(array.error().file, "cut.idx");
      ASSERT_TRUE(array.error().offset.has_value());
      EXPECT_LE(*array.error().offset, length);
    }
}

TEST(IdxTest, ShortDataNamesTheOffset) {
  Bytes file = idxFile({3, 4, 5}, counting(59));
  auto array = parseIdx(file, "a.idx");
  EXPECT_EQ(idOf(array), "idx-truncated");
  EXPECT_EQ(array.error().offset, 16u + 59u);
}

TEST(IdxTest, TrailingBytesAreRefused) {
  EXPECT_EQ(idOf(parseIdx(idxFile({60}, counting(61)), "a")), "idx-trailing");
  Bytes zipped = gzipped(idxFile({60}, counting(60)));
  zipped.push_back('x');
  EXPECT_EQ(idOf(parseIdx(zipped, "a")), "gzip-corrupt");
}

TEST(IdxTest, DamagedGzipIsNoticedByItsChecksum) {
  Bytes zipped = gzipped(idxFile({60}, counting(60)));
  zipped[zipped.size() - 6] ^= 1; // the stored CRC
  EXPECT_EQ(idOf(parseIdx(zipped, "a")), "gzip-corrupt");
}

TEST(IdxTest, WrongMagicTypeAndRank) {
  Bytes file = idxFile({60}, counting(60));
  Bytes magic = file, type = file, none = file, many = file;
  magic[0] = 1;
  type[2] = 0x0d; // float
  none[3] = 0;
  many[3] = 5;
  EXPECT_EQ(idOf(parseIdx(magic, "a")), "idx-magic");
  EXPECT_EQ(idOf(parseIdx(type, "a")), "idx-magic");
  EXPECT_EQ(idOf(parseIdx(none, "a")), "idx-dimensions");
  EXPECT_EQ(idOf(parseIdx(many, "a")), "idx-dimensions");
  EXPECT_EQ(idOf(parseIdx(idxFile({60, 0}, {}), "a")), "idx-dimensions");
}

TEST(IdxTest, OverflowingDimensionsAreRefusedBeforeAllocation) {
  Bytes file = idxFile({0xffffffff, 0xffffffff, 0xffffffff}, {});
  EXPECT_EQ(idOf(parseIdx(file, "a")), "idx-limit");
  // 2^64 elements would wrap around to none.
  EXPECT_EQ(idOf(parseIdx(idxFile({1u << 31, 1u << 31, 4}, {}), "a")),
            "idx-limit");
  // Within the limit, but the data is not there: no gigabytes are taken.
  EXPECT_EQ(idOf(parseIdx(idxFile({1u << 30}, counting(9)), "a")),
            "idx-truncated");
}

using IdxFileTest = DirectoryTest;

TEST_F(IdxFileTest, MissingFileAndDirectory) {
  EXPECT_EQ(idOf(readIdx(directory / "none")), "file-missing");
  EXPECT_EQ(idOf(readIdx(directory)), "file-kind");
}

} // namespace
