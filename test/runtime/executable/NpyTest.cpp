//===- NpyTest.cpp --------------------------------------------------------===//

#include "runtime/executable/Npy.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

using namespace bcssl;

namespace {

/// A file with a header text and some elements.
std::vector<std::byte> npy(const std::string &header, size_t dataBytes,
                           char version = 1) {
  std::string text = "\x93NUMPY";
  text += version;
  text += '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
    text += static_cast<char>(header.size() >> 8 * i & 0xff);
  text += header + std::string(dataBytes, 'd');
  auto *bytes = reinterpret_cast<const std::byte *>(text.data());
  return {bytes, bytes + text.size()};
}

std::string idOf(const std::vector<std::byte> &bytes) {
  auto array = parseNpy(bytes, "a.npy");
  if (array.ok())
    return "ok";
  EXPECT_EQ(array.error().file, "a.npy");
  EXPECT_TRUE(array.error().offset.has_value());
  return array.error().id;
}

TEST(NpyTest, RoundTrip) {
  std::string path = testing::TempDir() + "bcssl-npy-test.npy";
  for (std::vector<int64_t> shape :
       {std::vector<int64_t>{}, {6}, {2, 3}, {1, 2, 3, 1}}) {
    size_t count = shape.empty() ? 1 : 6;
    std::vector<double> values(count);
    for (size_t i = 0; i < count; ++i)
      values[i] = 0.1 * static_cast<double>(i);
    ASSERT_TRUE(
        writeNpy(path, NpyType::F64, shape, std::as_bytes(std::span(values)))
            .ok());
    auto array = readNpy(path);
    ASSERT_TRUE(array.ok()) << array.error().text();
    EXPECT_EQ(array->type, NpyType::F64);
    EXPECT_EQ(array->shape, shape);
    ASSERT_EQ(array->elements(), count);
    EXPECT_EQ(std::memcmp(array->data.data(), values.data(), count * 8), 0);
  }
  std::remove(path.c_str());
}

TEST(NpyTest, WritesWhatNumpyWrites) {
  // numpy.save of numpy.arange(3, dtype='<i4'), version 1.0.
  std::string path = testing::TempDir() + "bcssl-npy-same.npy";
  std::vector<int32_t> values = {0, 1, 2};
  std::vector<int64_t> shape = {3};
  ASSERT_TRUE(
      writeNpy(path, NpyType::I32, shape, std::as_bytes(std::span(values)))
          .ok());
  FILE *file = fopen(path.c_str(), "rb");
  char bytes[256];
  size_t size = fread(bytes, 1, sizeof(bytes), file);
  fclose(file);
  std::remove(path.c_str());
  std::string expected("\x93NUMPY\x01\x00\x76\x00", 10);
  expected += "{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }";
  expected.append(127 - expected.size(), ' ');
  expected += '\n';
  EXPECT_EQ(std::string(bytes, size).substr(0, 128), expected);
  EXPECT_EQ(size, 128u + 12u);
}

TEST(NpyTest, ReadsEveryWayToWriteAHeader) {
  EXPECT_EQ(idOf(npy("{'descr':'<f4','fortran_order':False,'shape':(2,)}", 8)),
            "ok");
  EXPECT_EQ(idOf(npy("{\"shape\": (2, 3), \"descr\": \"<i4\", "
                     "\"fortran_order\": False, }   \n",
                     24, 2)),
            "ok");
  EXPECT_EQ(
      idOf(npy("{'descr': '<f8', 'fortran_order': False, 'shape': ()}", 8)),
      "ok");
  EXPECT_EQ(
      idOf(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 7)}", 0)),
      "ok");
}

TEST(NpyTest, BadFilesAreRefused) {
  auto with = [](const std::string &descr, const std::string &order,
                 const std::string &shape, size_t bytes = 8) {
    return npy("{'descr': " + descr + ", 'fortran_order': " + order +
                   ", 'shape': " + shape + ", }\n",
               bytes);
  };
  EXPECT_EQ(idOf(with("'<f4'", "False", "(2,)")), "ok");
  EXPECT_EQ(idOf({}), "npy-kind");
  EXPECT_EQ(idOf(npy("", 0, 3)), "npy-kind");
  EXPECT_EQ(idOf(npy("", 0)), "npy-header");
  EXPECT_EQ(idOf(with("'>f4'", "False", "(2,)")), "npy-type");
  EXPECT_EQ(idOf(with("'|O'", "False", "(2,)")), "npy-type");
  EXPECT_EQ(idOf(with("[('a', '<f4')]", "False", "(2,)")), "npy-type");
  EXPECT_EQ(idOf(with("'<f4'", "True", "(2,)")), "npy-order");
  EXPECT_EQ(idOf(with("'<f4'", "Maybe", "(2,)")), "npy-header");
  EXPECT_EQ(idOf(with("'<f4'", "False", "(-2,)")), "npy-shape");
  EXPECT_EQ(idOf(with("'<f4'", "False", "(99999999999999999999,)")),
            "npy-shape");
  EXPECT_EQ(idOf(with("'<f4'", "False", "(4294967296, 4294967296, 1)")),
            "npy-shape");
  EXPECT_EQ(idOf(with("'<f4'", "False", "(2 2)")), "npy-header");
  EXPECT_EQ(idOf(with("'<f4'", "False", "2")), "npy-header");
  EXPECT_EQ(idOf(with("'<f4'", "False", "(3,)")), "npy-size");
  EXPECT_EQ(idOf(with("'<f4'", "False", "(1,)")), "npy-size");
  EXPECT_EQ(idOf(with("'<f4'", "False, 'more': 1", "(2,)")), "npy-header");
  EXPECT_EQ(idOf(with("'<f4', 'descr': '<f4'", "False", "(2,)")), "npy-header");
  EXPECT_EQ(idOf(npy("{'descr': '<f4', 'shape': (2,)}", 8)), "npy-header");
  EXPECT_EQ(idOf(npy("{'descr': '<f4', 'fortran_order': False, "
                     "'shape': (2,)} x",
                     8)),
            "npy-header");
  std::string many = "(";
  for (int i = 0; i < 40; ++i)
    many += "1, ";
  EXPECT_EQ(idOf(with("'<f4'", "False", many + ")")), "npy-shape");
}

TEST(NpyTest, TruncationsAndMutantsAreSafe) {
  auto good = npy(
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }    \n", 24);
  ASSERT_EQ(idOf(good), "ok");
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_NE(idOf({good.begin(), good.begin() + size}), "ok");
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    auto mutant = good;
    mutant[random() % mutant.size()] = std::byte(random());
    auto array = parseNpy(mutant, "mutant");
    if (array.ok())
      EXPECT_EQ(array->data.size(), 24u);
  }
}

} // namespace
