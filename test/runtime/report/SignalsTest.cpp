//===- SignalsTest.cpp ----------------------------------------------------===//

#include "runtime/report/Signals.h"

#include <gtest/gtest.h>

#include <csignal>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace bcssl;

namespace {

bool readable(int descriptor) {
  pollfd entry{descriptor, POLLIN, 0};
  return poll(&entry, 1, 0) == 1;
}

TEST(SignalsTest, EachSignalSetsTheFlagAndThePipe) {
  // A shell starts jobs in the background with SIGINT ignored.
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1})
    std::signal(signal, SIG_DFL);
  ASSERT_TRUE(StopSignals::install().ok());
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) {
    StopSignals::reset();
    EXPECT_EQ(StopSignals::received(), 0);
    EXPECT_FALSE(readable(StopSignals::descriptor()));
    raise(signal);
    EXPECT_EQ(StopSignals::received(), signal);
    EXPECT_TRUE(readable(StopSignals::descriptor()));
    raise(signal); // at once: the same request, as `timeout` sends it
    EXPECT_EQ(StopSignals::received(), signal);
  }
  StopSignals::reset();
  EXPECT_STREQ(signalName(SIGTERM), "SIGTERM");
}

TEST(SignalsTest, SecondRequestEndsTheProcess) {
  pid_t child = fork();
  if (child == 0) {
    StopSignals::reset();
    if (!StopSignals::install().ok())
      _exit(1);
    raise(SIGTERM);
    usleep(150'000);
    raise(SIGINT);
    _exit(2);
  }
  int result = 0;
  ASSERT_EQ(waitpid(child, &result, 0), child);
  ASSERT_TRUE(WIFEXITED(result));
  EXPECT_EQ(WEXITSTATUS(result), 128 + SIGINT);
}

TEST(SignalsTest, IgnoredByTheParentStaysIgnored) {
  pid_t child = fork();
  if (child == 0) {
    signal(SIGHUP, SIG_IGN); // as nohup leaves it
    StopSignals::reset();
    if (!StopSignals::install().ok())
      _exit(1);
    raise(SIGHUP);
    _exit(StopSignals::received());
  }
  int result = 0;
  ASSERT_EQ(waitpid(child, &result, 0), child);
  EXPECT_TRUE(WIFEXITED(result) && WEXITSTATUS(result) == 0);
}

TEST(SignalsTest, ClosedPipeIsAnErrorOfWrite) {
  ASSERT_TRUE(StopSignals::install().ok());
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  EXPECT_EQ(write(ends[1], "x", 1), -1);
  close(ends[1]);
}

} // namespace
