//===- SafetensorsHostileTest.cpp - files that lie ------------------------===//

#include "runtime/base/Philox.h"
#include "test/runtime/train/SafetensorsFixture.h"

#include <cstdlib>

using namespace bcssl;

namespace {

class SafetensorsHostileTest : public SafetensorsTest {};

TEST_F(SafetensorsHostileTest, HostileLengths) {
  EXPECT_EQ(problem(""), "safetensors-truncated");
  EXPECT_EQ(problem("1234567"), "safetensors-truncated");
  EXPECT_EQ(problem(std::string(8, '\0')), "safetensors-header"); // N = 0
  EXPECT_EQ(problem(std::string("\7\0\0\0\0\0\0\0{}", 10)),
            "safetensors-truncated");
  EXPECT_EQ(problem(std::string(8, '\xff')), "safetensors-header");
  EXPECT_EQ(problem(std::string("\0\0\0\0\0\0\0\x80", 8)),
            "safetensors-header"); // 2^63
  EXPECT_EQ(problem(std::string("\x01\xe1\xf5\x05\0\0\0\0", 8)),
            "safetensors-header"); // 100,000,001
  EXPECT_EQ(problem(std::string("\0\xe1\xf5\x05\0\0\0\0", 8)),
            "safetensors-truncated"); // 100,000,000, but no such file
}

TEST_F(SafetensorsHostileTest, HostileJson) {
  for (
      const char *text : {
          "",
          " {}",
          "[]",
          "null",
          "\"x\"",
          "{",
          "{}{}",
          "{}x",
          "{\"x\"}",
          "{\"x\":}",
          "{\"x\":1}",
          "{\"x\":null}",
          "{\"x\":true}",
          "{\"x\":\"y\"}",
          "{\"x\":[]}",
          "{\"x\":{}}",
          "{\"\xff\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}"
          "}",
          "{\"x\":{\"dtype\":\"F32\",\"shape\":[4]}}",
          "{\"x\":{\"dtype\":\"F32\",\"data_offsets\":[0,16]}}",
          "{\"x\":{\"shape\":[4],\"data_offsets\":[0,16]}}",
          "{\"x\":{\"dtype\":4,\"shape\":[4],\"data_offsets\":[0,16]}}",
          "{\"x\":{\"dtype\":[4],\"shape\":[4],\"data_offsets\":[0,16]}}",
          "{\"x\":{\"dtype\":\"F32\",\"shape\":4,\"data_offsets\":[0,16]}}",
          "{\"x\":{\"dtype\":\"F32\",\"shape\":[[4]],\"data_offsets\":[0,16]}}",
          "{\"x\":{\"dtype\":\"F32\",\"shape\":[\"4\"],\"data_offsets\":[0,16]}"
          "}",
          "{\"x\":{\"dtype\":\"F32\",\"shape\":[4.0],\"data_offsets\":[0,16]}}",
          "{\"x\":{\"dtype\":\"F32\",\"shape\":[4e0],\"data_offsets\":[0,16]}}",
          "{\"x\":{\"dtype\":\"F32\",\"shape\":{},\"data_offsets\":[0,16]}}",
          "{\"x\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16],"
          "\"more\":1}}",
          "{\"__metadata__\":[]}",
          "{\"__metadata__\":{\"a\":1}}",
          "{\"__metadata__\":{\"a\":{}}}",
          "{\"__metadata__\":{\"a\":null}}",
          "{\"x\":{\"dtype\":\"F32\",\"shape\":[184467440737095516160],"
          "\"data_offsets\":[0,16]}}",
      })
    EXPECT_EQ(header(text), "safetensors-header") << text;
  EXPECT_EQ(header("{\"x\":" + std::string(1'000'000, '[')),
            "safetensors-header");
  std::string nested = "{\"x\":";
  for (int i = 0; i < 200'000; ++i)
    nested += "{\"x\":";
  EXPECT_EQ(header(nested), "safetensors-header");
}

TEST_F(SafetensorsHostileTest, HostileTensors) {
  auto tensor = [](const std::string &type, const std::string &shape,
                   const std::string &offsets) {
    return "{\"x\":{\"dtype\":\"" + type + "\",\"shape\":[" + shape +
           "],\"data_offsets\":[" + offsets + "]}}";
  };
  EXPECT_EQ(header(tensor("F32", "4", "0,16")), "");
  for (const char *type : {"F16", "f32", "F33", "", "C64", "F32 "})
    EXPECT_EQ(header(tensor(type, "4", "0,16")), "safetensors-type");
  for (const char *shape :
       {"-4", "4,-1", "9223372036854775808", "4194305,4194305,211106198978564",
        "4611686018427387904,4", "9223372036854775807,9223372036854775807,0",
        "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,4"})
    EXPECT_EQ(header(tensor("F32", shape, "0,16")), "safetensors-shape")
        << shape;
  for (const char *offsets :
       {"", "0", "0,16,16", "16,0", "0,15", "0,17", "0,0", "4,20", "16,32",
        "18446744073709551600,18446744073709551615"})
    EXPECT_EQ(header(tensor("F32", "4", offsets)), "safetensors-offsets")
        << offsets;
  EXPECT_EQ(header(tensor("F32", "4", "0,16"), 15), "safetensors-size");
  EXPECT_EQ(header(tensor("F32", "4", "0,16"), 17), "safetensors-size");
  EXPECT_EQ(header("{}", 1), "safetensors-size");
  EXPECT_EQ(header(tensor("F32", "0", "0,0"), 0), "");
  EXPECT_EQ(header(tensor("F32", "0", "8,8"), 8), "safetensors-offsets");
  EXPECT_EQ(header(tensor("F32", "", "0,4"), 4), ""); // a scalar
}

TEST_F(SafetensorsHostileTest, HostilePairs) {
  auto pair = [](const std::string &first, const std::string &second,
                 const std::string &a, const std::string &b) {
    return "{\"" + first + "\":{\"dtype\":\"U8\",\"shape\":[8]," +
           "\"data_offsets\":[" + a + "]},\"" + second +
           "\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[" + b + "]}}";
  };
  EXPECT_EQ(header(pair("x", "y", "0,8", "8,16")), "");
  EXPECT_EQ(header(pair("x", "y", "8,16", "0,8")), ""); // any order of entries
  EXPECT_EQ(header(pair("x", "y", "0,8", "0,8")), "safetensors-offsets");
  EXPECT_EQ(header(pair("x", "y", "0,8", "4,12")), "safetensors-offsets");
  EXPECT_EQ(header(pair("x", "y", "0,8", "9,17"), 17), "safetensors-offsets");
  EXPECT_EQ(header(pair("x", "x", "0,8", "8,16")), "safetensors-duplicate");
  EXPECT_EQ(header(pair("x", "\\u0078", "0,8", "8,16")),
            "safetensors-duplicate");
  EXPECT_EQ(header("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0),
            "safetensors-duplicate");
  EXPECT_EQ(header("{\"__metadata__\":{},\"__metadata__\":{}}", 0),
            "safetensors-duplicate");
  EXPECT_EQ(header("{\"x\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[16],"
                   "\"data_offsets\":[0,16]}}"),
            "safetensors-duplicate");
  EXPECT_EQ(header("{\"x\":{\"dtype\":\"U8\",\"shape\":[16],\"shape\":[16],"
                   "\"data_offsets\":[0,16]}}"),
            "safetensors-duplicate");
}

TEST_F(SafetensorsHostileTest, NamesInMessagesCannotDriveATerminal) {
  std::string bytes = fileBytes(
      "{\"\\u001b[2J" + std::string(5000, 'n') + "\":{\"dtype\":\"Q\"}}", 0);
  std::ofstream(path, std::ios::binary) << bytes;
  auto reader = SafetensorsReader::open(path);
  ASSERT_FALSE(reader.ok());
  EXPECT_EQ(reader.error().message.find('\x1b'), std::string::npos);
  EXPECT_LT(reader.error().message.size(), 400u);
}

TEST_F(SafetensorsHostileTest, TenThousandTensorsAreQuick) {
  std::string text = "{";
  for (int i = 0; i < 100'000; ++i)
    text += "\"t" + std::to_string(i) +
            "\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},";
  text.back() = '}';
  EXPECT_EQ(header(text, 0), "");
}

/// Every mutant is refused or read within its bounds, never more than that.
TEST_F(SafetensorsHostileTest, MutantsAreRefusedOrReadable) {
  const char *variable = std::getenv("BCSSL_MUTANTS");
  int mutants = variable ? std::atoi(variable) : 500;
  ASSERT_TRUE(
      writeSafetensors(path,
                       {source("layer.weight", TensorType::F32, {4, 2}, 1),
                        source("layer.bias", TensorType::BF16, {4}, 2),
                        source("count", TensorType::I64, {}, 3)},
                       {{"format", "pt"}})
          .ok());
  const std::string seed = content(path);
  const std::string tokens = "{}[],:\"0123456789-eFU8I\\ ";
  int accepted = 0;
  for (int i = 0; i < mutants; ++i) {
    Philox random(7, static_cast<uint32_t>(i));
    std::string bytes = seed;
    for (uint32_t edit = 1 + random.bits() % 4; edit > 0; --edit) {
      size_t at = random.bits() % bytes.size();
      switch (random.bits() % 5) {
      case 0:
        bytes[at] = static_cast<char>(random.bits());
        break;
      case 1:
        bytes[at] = tokens[random.bits() % tokens.size()];
        break;
      case 2:
        bytes.erase(at, 1 + random.bits() % 8);
        break;
      case 3:
        bytes.insert(at, bytes.substr(random.bits() % bytes.size(), 9));
        break;
      case 4:
        bytes.resize(std::max<size_t>(1, at));
        break;
      }
      if (bytes.empty())
        bytes = "x";
    }
    // Half of them get a header length that fits again.
    if (bytes.size() > 80 && random.bits() % 2) {
      uint64_t length = bytes.rfind('}') + 1 - 8;
      std::memcpy(bytes.data(), &length, sizeof(length));
    }
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    auto reader = SafetensorsReader::open(path);
    if (!reader) {
      EXPECT_EQ(reader.error().code, ExitCode::BadData);
      continue;
    }
    ++accepted;
    uint64_t sum = 0;
    for (const TensorInfo &info : reader->tensors()) {
      ASSERT_LE(info.offset + info.bytes, bytes.size());
      std::vector<std::byte> data(info.bytes);
      EXPECT_TRUE(reader->read(info, data).ok());
      sum += info.bytes;
    }
    EXPECT_LE(sum, bytes.size());
  }
  // Both ways out are walked.
  EXPECT_GT(accepted, 0);
  EXPECT_LT(accepted, mutants / 2);
}

} // namespace
