//===- SafetensorsTest.cpp ------------------------------------------------===//

#include "test/runtime/train/SafetensorsFixture.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <sys/stat.h>

using namespace bcssl;

namespace {

// The layout that the reference documents, byte for byte.
TEST_F(SafetensorsTest, WritesTheReferenceBytes) {
  auto digest = writeSafetensors(
      path, {source("b", TensorType::F32, {1}, 1), // after the I64, before "z"
             source("z", TensorType::F32, {}, 2),
             source("a\"\n", TensorType::BF16, {1, 2}, 3),
             source("e", TensorType::U8, {0, 3}, 4),
             source("n", TensorType::I64, {}, 5)});
  ASSERT_TRUE(digest.ok()) << digest.error().text();
  std::string header =
      R"({"n":{"dtype":"I64","shape":[],"data_offsets":[0,8]},)"
      R"("b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},)"
      R"("z":{"dtype":"F32","shape":[],"data_offsets":[12,16]},)"
      R"("a\"\n":{"dtype":"BF16","shape":[1,2],"data_offsets":[16,20]},)"
      R"("e":{"dtype":"U8","shape":[0,3],"data_offsets":[20,20]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  std::string expected = fileBytes(header, 0) + std::string(8, 5) +
                         std::string(4, 1) + std::string(4, 2) +
                         std::string(4, 3);
  EXPECT_EQ(content(path), expected);
  EXPECT_EQ(*digest, *digestFile(path));
}

TEST_F(SafetensorsTest, WritesMetadataAndEmptyFiles) {
  ASSERT_TRUE(writeSafetensors(path, {}, {}).ok());
  EXPECT_EQ(content(path), fileBytes("{}      ", 0));
  ASSERT_TRUE(SafetensorsReader::open(path).ok());
  ASSERT_TRUE(writeSafetensors(path, {source("x", TensorType::F64, {1}, 0)},
                               {{"format", "pt"}})
                  .ok());
  auto reader = SafetensorsReader::open(path);
  ASSERT_TRUE(reader.ok()) << reader.error().text();
  EXPECT_EQ(reader->metadata().at("format"), "pt");
}

TEST_F(SafetensorsTest, ReadsWhatItWrote) {
  std::vector<TensorSource> sources;
  for (int i = 0; i < 40; ++i)
    sources.push_back(source("layer." + std::to_string(i),
                             static_cast<TensorType>(i % 6), {i % 5, 3},
                             static_cast<char>(i)));
  ASSERT_TRUE(writeSafetensors(path, std::move(sources)).ok());
  auto reader = SafetensorsReader::open(path);
  ASSERT_TRUE(reader.ok()) << reader.error().text();
  ASSERT_EQ(reader->tensors().size(), 40u);
  for (int i = 0; i < 40; ++i) {
    const TensorInfo *info = reader->find("layer." + std::to_string(i));
    ASSERT_NE(info, nullptr);
    EXPECT_EQ(info->type, static_cast<TensorType>(i % 6));
    EXPECT_EQ(info->shape, (std::vector<int64_t>{i % 5, 3}));
    std::vector<std::byte> bytes(info->bytes);
    ASSERT_TRUE(reader->read(*info, bytes).ok());
    for (std::byte b : bytes)
      EXPECT_EQ(b, static_cast<std::byte>(i));
    // Widest types first: every tensor lies aligned.
    EXPECT_EQ(info->offset % typeSize(info->type), 0u);
  }
  EXPECT_EQ(reader->find("layer.40"), nullptr);
  EXPECT_EQ(reader->find(""), nullptr);
}

TEST_F(SafetensorsTest, WriterRefusesTwoOfOneName) {
  auto result = writeSafetensors(path, {source("x", TensorType::F32, {1}, 0),
                                        source("x", TensorType::I32, {1}, 0)});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().id, "safetensors-duplicate");
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(SafetensorsTest, FailedFillLeavesTheOldFile) {
  ASSERT_TRUE(writeSafetensors(path, {}).ok());
  std::string before = content(path);
  std::vector<TensorSource> sources;
  sources.push_back(source("x", TensorType::F32, {1}, 0));
  sources.back().fill = [](std::span<std::byte>) -> Status {
    return Error{ExitCode::Io, "test", "no"};
  };
  EXPECT_FALSE(writeSafetensors(path, std::move(sources)).ok());
  EXPECT_EQ(content(path), before);
}

TEST_F(SafetensorsTest, MissingDirectoryAndFifoAreRefused) {
  auto missing = SafetensorsReader::open(directory.path + "/none");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, ExitCode::NoInput);
  EXPECT_FALSE(SafetensorsReader::open(directory.path).ok());
  std::string fifo = directory.path + "/fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_FALSE(SafetensorsReader::open(fifo).ok());
}

TEST_F(SafetensorsTest, FileThatShrinksAfterOpenIsAnError) {
  ASSERT_TRUE(
      writeSafetensors(path, {source("x", TensorType::F32, {100}, 1)}).ok());
  auto reader = SafetensorsReader::open(path);
  ASSERT_TRUE(reader.ok());
  std::filesystem::resize_file(path, 100);
  std::vector<std::byte> bytes(400);
  Status status = reader->read(*reader->find("x"), bytes);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().id, "safetensors-truncated");
}

} // namespace
