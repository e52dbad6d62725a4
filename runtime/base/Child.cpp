//===- Child.cpp - posix_spawn and a pipe ---------------------------------===//

#include "runtime/base/Child.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

namespace bcssl {

static constexpr size_t maxOutput = size_t{64} << 20;

/// The directory of the running program, empty where it is not known.
static std::string ownDirectory() {
  char path[4096];
  ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
  if (length <= 0 || length == static_cast<ssize_t>(sizeof(path)))
    return "";
  std::string text(path, static_cast<size_t>(length));
  return text.substr(0, text.rfind('/'));
}

Result<std::string> findTool(const std::string &name) {
  const char *tools = std::getenv("BCSSL_TOOLS");
  const char *path = std::getenv("PATH");
  std::string directories = std::string(tools ? tools : "") + ":" +
                            ownDirectory() + ":" + (path ? path : "");
  for (size_t start = 0; start <= directories.size();) {
    size_t end = std::min(directories.find(':', start), directories.size());
    std::string file = directories.substr(start, end - start) + "/" + name;
    if (end > start && access(file.c_str(), X_OK) == 0)
      return file;
    start = end + 1;
  }
  return Error{ExitCode::NoInput,
               "tool-missing",
               name + " is neither beside this program nor in PATH",
               {},
               {},
               "install the compiler tools, or give a compiled .bcx file"};
}

static Error startError(const std::string &program, int code) {
  return {ExitCode::NoResource, "child-start",
          "cannot start " + program + ": " + std::strerror(code)};
}

/// Starts the child with stdout at `output`, if it is not negative. Returns the
/// error number of posix_spawn.
static int spawn(const std::string &program,
                 const std::vector<std::string> &arguments, int output,
                 pid_t &child) {
  std::vector<char *> words;
  words.push_back(const_cast<char *>(program.c_str()));
  for (const std::string &argument : arguments)
    words.push_back(const_cast<char *>(argument.c_str()));
  words.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (output >= 0)
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  // Signals that this thread blocks must still reach the child.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  int code = posix_spawn(&child, program.c_str(), &actions, &attributes,
                         words.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return code;
}

/// Reads until the writer closes; false where there is more than the limit.
static bool readAll(int descriptor, std::string &text) {
  char buffer[65536];
  for (;;) {
    ssize_t count = read(descriptor, buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return true;
    if (text.size() + static_cast<size_t>(count) > maxOutput)
      return false;
    text.append(buffer, static_cast<size_t>(count));
  }
}

/// Waits for the child's end, and passes on a stop request once.
static bool await(pid_t child, int stop, int &state) {
  for (pid_t done = 0; done != child;) {
    done = waitpid(child, &state, stop >= 0 ? WNOHANG : 0);
    if (done < 0 && errno != EINTR)
      return false;
    if (done != 0)
      continue;
    pollfd request{stop, POLLIN, 0};
    if (poll(&request, 1, /*milliseconds=*/20) == 1) {
      kill(child, SIGTERM);
      stop = -1;
    }
  }
  return true;
}

Result<ChildResult> runChild(const std::string &program,
                             const std::vector<std::string> &arguments,
                             bool captureOutput, int stop) {
  int ends[2] = {-1, -1};
  if (captureOutput && pipe2(ends, O_CLOEXEC) != 0)
    return startError(program, errno);
  pid_t child = 0;
  int code = spawn(program, arguments, ends[1], child);
  if (ends[1] >= 0)
    close(ends[1]);
  ChildResult result;
  bool complete =
      code != 0 || !captureOutput || readAll(ends[0], result.output);
  // A child that still writes after this gets SIGPIPE.
  if (ends[0] >= 0)
    close(ends[0]);
  if (code != 0)
    return startError(program, code);
  int state = 0;
  if (!await(child, stop, state))
    return startError(program, errno);
  if (!complete)
    return Error{ExitCode::BadData, "child-output",
                 program + " wrote more than " + std::to_string(maxOutput) +
                     " bytes"};
  result.exitCode =
      WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
  return result;
}

} // namespace bcssl
