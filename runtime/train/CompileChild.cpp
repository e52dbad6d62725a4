//===- CompileChild.cpp - from a model's name to a program ----------------===//

#include "runtime/train/CompileChild.h"

#include "runtime/report/Signals.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

namespace bcssl {

namespace fs = std::filesystem;

static constexpr const char *compilerName = "bcssl-compile";

/// How often a waiting parent looks for a stop request.
static constexpr useconds_t waitMicroseconds = 20'000;

Result<std::string> findCompiler() {
  std::error_code code;
  fs::path self = fs::read_symlink("/proc/self/exe", code);
  std::string searched;
  auto look = [&](const fs::path &folder) {
    fs::path path = folder / compilerName;
    searched += (searched.empty() ? "" : ", ") + folder.string();
    return access(path.c_str(), X_OK) == 0 ? path.string() : std::string();
  };
  if (!code)
    if (std::string path = look(self.parent_path()); !path.empty())
      return path;
  const char *variable = std::getenv("PATH");
  std::string folders = variable ? variable : "";
  for (size_t at = 0; at < folders.size();) {
    size_t colon = std::min(folders.find(':', at), folders.size());
    if (colon > at)
      if (std::string path = look(folders.substr(at, colon - at));
          !path.empty())
        return path;
    at = colon + 1;
  }
  return Error{ExitCode::NoInput,
               "compiler-missing",
               std::string("cannot find ") + compilerName + " in " + searched,
               {},
               {},
               "install it, or compile elsewhere and give --program"};
}

Status runChild(const std::vector<std::string> &command) {
  std::vector<char *> arguments;
  for (const std::string &argument : command)
    arguments.push_back(const_cast<char *>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t child;
  int failed = posix_spawn(&child, command[0].c_str(), nullptr, nullptr,
                           arguments.data(), environ);
  if (failed)
    return Error{ExitCode::NoResource, "compiler-start",
                 std::string("cannot start: ") + std::strerror(failed),
                 command[0]};
  int result = 0;
  bool told = false;
  for (pid_t done = 0; done != child;) {
    done = waitpid(child, &result, WNOHANG);
    if (done < 0 && errno != EINTR)
      return Error{ExitCode::Internal, "compiler-start",
                   std::string("cannot wait: ") + std::strerror(errno),
                   command[0]};
    if (done == child)
      break;
    if (StopSignals::received() && !std::exchange(told, true))
      kill(child, SIGTERM);
    usleep(waitMicroseconds);
  }
  if (StopSignals::received())
    return Error{ExitCode::Stopped, "stopped",
                 "stopped before the first step; nothing is lost"};
  if (WIFEXITED(result) && WEXITSTATUS(result) == 0)
    return {};
  Error error{ExitCode::Failed, "compiler-failed", "", command[0]};
  if (WIFEXITED(result)) {
    error.message =
        "ended with exit code " + std::to_string(WEXITSTATUS(result));
    // A wrong model option is wrong usage here too.
    if (WEXITSTATUS(result) == static_cast<int>(ExitCode::Usage))
      error.code = ExitCode::Usage;
  } else {
    error.message = "was ended by signal " + std::to_string(WTERMSIG(result));
  }
  return error;
}

} // namespace bcssl
