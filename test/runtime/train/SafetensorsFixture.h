//===- SafetensorsFixture.h - files made by hand ----------------*- C++ -*-===//

#ifndef BCSSL_TEST_RUNTIME_TRAIN_SAFETENSORSFIXTURE_H
#define BCSSL_TEST_RUNTIME_TRAIN_SAFETENSORSFIXTURE_H

#include "runtime/train/Safetensors.h"
#include "test/runtime/train/MemoryState.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace bcssl {

/// The bytes of a file with this header and so many bytes of data.
inline std::string fileBytes(const std::string &header, size_t data) {
  uint64_t length = header.size();
  std::string bytes(reinterpret_cast<const char *>(&length), sizeof(length));
  return bytes + header + std::string(data, 'd');
}

inline std::string content(const std::string &path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

inline TensorSource source(std::string name, TensorType type,
                           std::vector<int64_t> shape, char value) {
  return {std::move(name), type, std::move(shape),
          [value](std::span<std::byte> out) -> Status {
            std::fill(out.begin(), out.end(), static_cast<std::byte>(value));
            return {};
          }};
}

class SafetensorsTest : public testing::Test {
protected:
  /// Opens a file with these bytes; the identifier of the error, or "".
  std::string problem(const std::string &bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    auto reader = SafetensorsReader::open(path);
    if (reader)
      return "";
    EXPECT_EQ(reader.error().code, ExitCode::BadData);
    EXPECT_EQ(reader.error().file, path);
    EXPECT_FALSE(reader.error().hint.empty());
    return reader.error().id;
  }
  /// The same for a header, with so many bytes of data behind it.
  std::string header(const std::string &text, size_t data = 16) {
    return problem(fileBytes(text, data));
  }

  TemporaryDirectory directory;
  std::string path = directory.path + "/a.safetensors";
};

} // namespace bcssl

#endif // BCSSL_TEST_RUNTIME_TRAIN_SAFETENSORSFIXTURE_H
