//===- ChildTest.cpp ------------------------------------------------------===//

#include "runtime/base/Child.h"

#include <gtest/gtest.h>

#include <csignal>

using namespace bcssl;

namespace {

TEST(ChildTest, CapturesOutputAndExitCode) {
  auto result = runChild("/bin/sh", {"-c", "printf 'a b'; exit 3"},
                         /*captureOutput=*/true);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->output, "a b");
  EXPECT_EQ(result->exitCode, 3);
}

TEST(ChildTest, ArgumentsAreNotSplit) {
  auto result = runChild("/bin/echo", {"a  b", "$HOME", ""}, true);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->output, "a  b $HOME \n");
}

TEST(ChildTest, SignalsGiveAnExitCode) {
  auto result = runChild("/bin/sh", {"-c", "kill -TERM $$"}, false);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->exitCode, 128 + SIGTERM);
}

TEST(ChildTest, ChildIsNotDeafToSignals) {
  sigset_t term, before;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &term, &before);
  auto result = runChild("/bin/sh", {"-c", "kill -TERM $$; exit 0"}, false);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->exitCode, 128 + SIGTERM);
}

TEST(ChildTest, MissingProgramIsAnError) {
  auto result = runChild("/nonexistent/program", {}, true);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().id, "child-start");
}

TEST(ChildTest, EndlessOutputIsAnError) {
  auto result = runChild("/bin/cat", {"/dev/zero"}, true);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().id, "child-output");
}

TEST(ChildTest, FindsToolsBesideThisOneAndInPath) {
  auto own = findTool("bcssl_base_test");
  ASSERT_TRUE(own.ok());
  EXPECT_EQ(own->front(), '/');
  EXPECT_TRUE(findTool("sh").ok());
  auto none = findTool("no-such-tool-anywhere");
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().id, "tool-missing");
}

} // namespace
