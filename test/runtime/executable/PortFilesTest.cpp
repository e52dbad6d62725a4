//===- PortFilesTest.cpp --------------------------------------------------===//

#include "runtime/executable/PortFiles.h"
#include "runtime/executable/Npy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace bcssl;
using artifact::Port;

namespace {

const std::vector<Port> ports = {{"images", DataType::F32, {2, 3}, 0},
                                 {"labels", DataType::I32, {2}, 64},
                                 {"half", DataType::BF16, {2}, 128},
                                 {"bytes", DataType::U8, {3}, 192}};

class PortFilesTest : public testing::Test {
protected:
  void TearDown() override { std::remove(path.c_str()); }
  template <typename T>
  void write(NpyType type, std::vector<int64_t> shape, std::vector<T> values) {
    ASSERT_TRUE(
        writeNpy(path, type, shape, std::as_bytes(std::span(values))).ok());
  }
  std::string path = testing::TempDir() + "bcssl-port-files-test.npy";
};

TEST_F(PortFilesTest, AssignsByNameAndByOrder) {
  auto named = assignPorts({"labels=a=b.npy", "images=x.npy"}, ports, "input");
  ASSERT_TRUE(named.ok());
  EXPECT_EQ((*named)[0].port, &ports[1]);
  EXPECT_EQ((*named)[0].path, "a=b.npy");
  EXPECT_EQ((*named)[1].port, &ports[0]);
  auto ordered = assignPorts({"x.npy", "y.npy"}, ports, "input");
  ASSERT_TRUE(ordered.ok());
  EXPECT_EQ((*ordered)[1].port, &ports[1]);
  EXPECT_EQ((*ordered)[1].path, "y.npy");
}

TEST_F(PortFilesTest, WrongNamesAreErrors) {
  auto idOf = [](std::vector<std::string> words) {
    auto files = assignPorts(words, ports, "output");
    return files.ok() ? std::string("ok") : files.error().id;
  };
  EXPECT_EQ(idOf({"image=x.npy"}), "no-such-output");
  EXPECT_EQ(idOf({"a", "b", "c", "d", "e"}), "no-such-output");
  EXPECT_EQ(idOf({"images=x", "images=y"}), "port-twice");
  EXPECT_EQ(idOf({"x", "images=y"}), "port-twice");
  EXPECT_EQ(idOf({}), "ok");
}

TEST_F(PortFilesTest, ReadsAndNarrows) {
  write<double>(NpyType::F64, {2, 3}, {1, 2, 3, 4, 5, 0.1});
  auto floats = readPort(ports[0], path);
  ASSERT_TRUE(floats.ok()) << floats.error().text();
  EXPECT_EQ(portElement(ports[0], *floats, 5), 0.1f);
  write<float>(NpyType::F32, {2}, {1.0f, -2.5f});
  auto half = readPort(ports[2], path);
  ASSERT_TRUE(half.ok());
  EXPECT_EQ(half->size(), 4u);
  EXPECT_EQ(portElement(ports[2], *half, 1), -2.5);
  write<int32_t>(NpyType::I32, {2}, {7, -1});
  auto whole = readPort(ports[1], path);
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(portElement(ports[1], *whole, 1), -1);
  write<uint8_t>(NpyType::U8, {3}, {7, 0, 255});
  auto bytes = readPort(ports[3], path);
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(bytes->size(), 3u);
  EXPECT_EQ(portElement(ports[3], *bytes, 2), 255);
}

TEST_F(PortFilesTest, WrongArraysAreErrors) {
  write<float>(NpyType::F32, {3, 2}, {1, 2, 3, 4, 5, 6});
  auto shape = readPort(ports[0], path);
  ASSERT_FALSE(shape.ok());
  EXPECT_EQ(shape.error().id, "port-shape");
  EXPECT_EQ(shape.error().message, "images expects f32 [2, 3], got f32 [3, 2]");
  write<float>(NpyType::F32, {2}, {1, 2});
  for (size_t number : {1, 3}) {
    auto type = readPort(ports[number], path);
    ASSERT_FALSE(type.ok());
    EXPECT_EQ(type.error().id, "port-type");
  }
  write<uint8_t>(NpyType::U8, {2}, {1, 2});
  for (size_t number : {0, 1, 2})
    EXPECT_EQ(readPort(ports[number], path).error().id, "port-type");
}

TEST_F(PortFilesTest, WritesWhatItReads) {
  write<float>(NpyType::F32, {2}, {1.5f, -3});
  auto half = readPort(ports[2], path);
  ASSERT_TRUE(half.ok());
  ASSERT_TRUE(writePort(ports[2], *half, path).ok());
  auto again = readNpy(path);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->type, NpyType::F32);
  EXPECT_EQ(portElement({"", DataType::F32, {2}, 0}, again->data, 1), -3);
  std::vector<std::byte> bytes = {std::byte{1}, std::byte{2}, std::byte{3}};
  ASSERT_TRUE(writePort(ports[3], bytes, path).ok());
  EXPECT_EQ(*readPort(ports[3], path), bytes);
}

TEST_F(PortFilesTest, ComparesLikeNumpy) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  write<float>(NpyType::F32, {2, 3}, {1, 10, 0, infinity, infinity, NAN});
  std::vector<float> got = {1.01f, 10.2f, 0.05f, infinity, 5, NAN};
  auto result = comparePort(ports[0], std::as_bytes(std::span(got)), path,
                            /*rtol=*/0.01, /*atol=*/0.06);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->elements, 6u);
  EXPECT_EQ(result->wrong, 3u);
  EXPECT_EQ(result->firstWrong, 1u);
  EXPECT_EQ(result->expected, 10);
  EXPECT_EQ(result->largestAbsolute, infinity);
  EXPECT_NE(result->text().find("3 of 6"), std::string::npos);
  got = {1, 10, 0, infinity, infinity, 0};
  auto rest = comparePort(ports[0], std::as_bytes(std::span(got)), path, 0, 0);
  ASSERT_TRUE(rest.ok());
  EXPECT_EQ(rest->wrong, 1u) << "NaN is close to nothing";
}

} // namespace
