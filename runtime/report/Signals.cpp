//===- Signals.cpp - stop requests from outside ---------------------------===//

#include "runtime/report/Signals.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

namespace bcssl {

static constexpr std::array<int, 4> stopSignals = {SIGINT, SIGTERM, SIGHUP,
                                                   SIGUSR1};

/// `timeout` and some schedulers send the same signal to the process and to its
/// group: what comes so soon is one request.
static constexpr int64_t sameRequestNanoseconds = 100'000'000;

// What the handler touches: lock-free atomics and a pipe.
static std::atomic<int> first{0};
static std::atomic<int64_t> firstTime{0};
static int pipeEnds[2] = {-1, -1};

static int64_t nanoseconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

static void handle(int signal) {
  int saved = errno;
  int none = 0;
  if (first.compare_exchange_strong(none, signal)) {
    firstTime = nanoseconds();
    // The pipe is non-blocking and only its state counts.
    ssize_t ignored = write(pipeEnds[1], "", 1);
    static_cast<void>(ignored);
  } else if (nanoseconds() - firstTime > sameRequestNanoseconds) {
    _exit(128 + signal);
  }
  errno = saved;
}

Status StopSignals::install() {
  if (pipeEnds[0] < 0 && pipe2(pipeEnds, O_CLOEXEC | O_NONBLOCK) != 0)
    return Error{ExitCode::NoResource, "signals",
                 std::string("cannot make a pipe: ") + std::strerror(errno)};
  struct sigaction action = {};
  action.sa_handler = handle;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (int signal : stopSignals) {
    // What the parent has us ignore, as nohup does, stays ignored.
    struct sigaction before = {};
    if (sigaction(signal, nullptr, &before) == 0 &&
        before.sa_handler == SIG_IGN)
      continue;
    if (sigaction(signal, &action, nullptr) != 0)
      return Error{ExitCode::NoResource, "signals",
                   std::string("cannot handle signals: ") +
                       std::strerror(errno)};
  }
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, nullptr);
  return {};
}

int StopSignals::received() { return first; }

int StopSignals::descriptor() { return pipeEnds[0]; }

void StopSignals::reset() {
  char byte;
  while (pipeEnds[0] >= 0 && read(pipeEnds[0], &byte, 1) > 0)
    ;
  first = 0;
}

const char *signalName(int signal) {
  switch (signal) {
  case SIGINT:
    return "SIGINT";
  case SIGTERM:
    return "SIGTERM";
  case SIGHUP:
    return "SIGHUP";
  case SIGUSR1:
    return "SIGUSR1";
  }
  return "a signal";
}

} // namespace bcssl
