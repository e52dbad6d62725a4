//===- ToolSetup.cpp - what every tool needs of its process ---------------===//

#include "runtime/base/ToolSetup.h"

#include "runtime/base/Status.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

namespace bcssl {

static std::string &toolName() {
  static std::string name;
  return name;
}

/// Output is buffered: only its last flush tells whether all of it arrived.
static void checkStandardOutput() {
  bool lost = std::ferror(stdout) != 0;
  errno = 0;
  lost |= std::fflush(stdout) != 0;
  if (!lost)
    return;
  Error error{ExitCode::Io,
              "stdout-write",
              std::string("cannot write the output: ") +
                  (errno ? std::strerror(errno) : "an earlier write failed"),
              "standard output",
              {},
              "free space there or write elsewhere"};
  std::fprintf(stderr, "%s: %s\n", toolName().c_str(), error.text().c_str());
  // exit() cannot be called again from here.
  _exit(static_cast<int>(error.code));
}

void setUpTool(const std::string &name) {
  toolName() = name;
  static const bool once = [] {
    std::signal(SIGXFSZ, SIG_IGN);
    std::atexit(checkStandardOutput);
    return true;
  }();
  static_cast<void>(once);
}

} // namespace bcssl
