//===- NpyFileTest.cpp - .npy files ---------------------------------------===//

#include "test/reference/NpyFile.h"

#include "runtime/base/AtomicFile.h"

#include <cstring>
#include <gtest/gtest.h>

using namespace bcssl;
using namespace bcssl::reference;

namespace {

std::string temporaryPath() {
  return testing::TempDir() + "reference-" +
         testing::UnitTest::GetInstance()->current_test_info()->name() + ".npy";
}

/// The identifier of the error that reading `bytes` ends with.
std::string errorOf(const std::string &bytes) {
  std::string path = temporaryPath();
  EXPECT_TRUE(writeFileAtomically(path, bytes).ok());
  Result<Tensor> tensor = readNpy(path);
  return tensor ? "" : tensor.error().id;
}

/// A version 1.0 file as NumPy writes it.
std::string file(const std::string &type, const std::string &shape,
                 const std::string &data) {
  std::string header = "{'descr': '" + type +
                       "', 'fortran_order': False, 'shape': " + shape + ", }";
  header.append(117 - header.size(), ' ');
  return std::string("\x93NUMPY\1\0\x76\0", 10) + header + "\n" + data;
}

} // namespace

TEST(NpyFile, RoundTrip) {
  std::string path = temporaryPath();
  for (Tensor tensor : {Tensor({}, 1.5), Tensor({3}, {1, -2, 1e300}),
                        Tensor({2, 1, 2}, {1, 2, 3, 0.1})}) {
    ASSERT_TRUE(writeNpy(path, tensor, NpyType::Float64).ok());
    Result<Tensor> read = readNpy(path);
    ASSERT_TRUE(read.ok()) << read.error().text();
    EXPECT_EQ(read->shape, tensor.shape);
    EXPECT_EQ(read->values, tensor.values);
  }
  ASSERT_TRUE(writeNpy(path, Tensor({2}, {-7, 9}), NpyType::Int32).ok());
  Result<Tensor> read = readNpy(path);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->values, (std::vector<double>{-7, 9}));
}

TEST(NpyFile, ReadsFloat32) {
  float value = 0.1f;
  std::string data(4, '\0');
  std::memcpy(data.data(), &value, 4);
  std::string path = temporaryPath();
  ASSERT_TRUE(writeFileAtomically(path, file("<f4", "(1,)", data)).ok());
  Result<Tensor> read = readNpy(path);
  ASSERT_TRUE(read.ok()) << read.error().text();
  EXPECT_EQ(read->shape, Shape{1});
  EXPECT_EQ((*read)[0], double(0.1f));
}

TEST(NpyFile, RejectsBadFiles) {
  std::string eight(8, '\0');
  EXPECT_EQ(errorOf(file("<f8", "(1,)", eight)), "");
  EXPECT_EQ(errorOf(""), "npy-header");
  EXPECT_EQ(errorOf("\x93NUMPY\1"), "npy-header");
  EXPECT_EQ(errorOf(file("<f8", "(1,)", "").substr(0, 60)), "npy-header");
  EXPECT_EQ(errorOf(file("<f8", "(-1,)", eight)), "npy-header");
  EXPECT_EQ(errorOf(file("<c8", "(1,)", eight)), "npy-type");
  EXPECT_EQ(errorOf(file("<f8", "(2,)", eight)), "npy-size");
  EXPECT_EQ(errorOf(file("<f8", "(1,)", eight + "x")), "npy-size");
  EXPECT_EQ(errorOf(file("<f8", "(4294967296, 4294967296)", "")), "npy-size");
}
