//===- RunStateTest.cpp ---------------------------------------------------===//

#include "runtime/train/RunState.h"

#include <gtest/gtest.h>

using namespace bcssl;

namespace {

TEST(RunStateTest, EveryFlippedBitIsFound) {
  RunState run;
  run.step = 77;
  run.seed = 0xffffffffffffffff;
  run.artifact = "a";
  run.files["model.safetensors"] = {12, "abc"};
  std::string text = formatRunState(run);
  auto back = parseRunState(text);
  ASSERT_TRUE(back.ok()) << back.error().text();
  EXPECT_EQ(formatRunState(*back), text);
  for (size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string damaged = text;
    damaged[bit / 8] ^= static_cast<char>(1 << (bit % 8));
    EXPECT_FALSE(parseRunState(damaged).ok()) << bit;
  }
  for (size_t size = 0; size < text.size(); ++size)
    EXPECT_FALSE(parseRunState(text.substr(0, size)).ok()) << size;
}

TEST(RunStateTest, WrongTypesAreErrors) {
  for (const char *text :
       {"", "[]", "{}", "null", "{\"format\":2}", "{\"format\":\"1\"}",
        "{\"format\":1,\"version\":1}"})
    EXPECT_FALSE(parseRunState(text).ok()) << text;
  EXPECT_FALSE(parseRunState(std::string(2 << 20, '[')).ok());
}

} // namespace
