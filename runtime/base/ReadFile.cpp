//===- ReadFile.cpp - open, look, read ------------------------------------===//

#include "runtime/base/ReadFile.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bcssl {

namespace {
/// Closes at the end of the scope.
struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0)
      close(number);
  }
};
} // namespace

static Error readError(const std::string &path, const char *action) {
  return {ExitCode::Io, "file-read",
          std::string("cannot ") + action + ": " + std::strerror(errno), path};
}

Result<std::vector<std::byte>> readFile(const std::string &path,
                                        uint64_t limit) {
  // O_NONBLOCK: a pipe without a writer must not hang before it is refused.
  Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.number < 0) {
    Error error = readError(path, "open");
    if (errno == ENOENT || errno == ENOTDIR)
      error = {ExitCode::NoInput, "file-missing", "no such file", path};
    return error;
  }
  struct stat info;
  if (fstat(file.number, &info) != 0)
    return readError(path, "look at");
  if (!S_ISREG(info.st_mode))
    return Error{ExitCode::BadData, "file-kind",
                 "expects a regular file, got something else", path};
  auto size = static_cast<uint64_t>(info.st_size);
  if (size > limit)
    return Error{ExitCode::BadData, "file-too-large",
                 "expects at most " + std::to_string(limit) + " bytes, got " +
                     std::to_string(size),
                 path};
  std::vector<std::byte> bytes(size);
  uint64_t done = 0;
  while (done < size) {
    // Linux reads at most about 2 GiB a call.
    size_t piece = std::min<uint64_t>(size - done, uint64_t{1} << 30);
    ssize_t count = read(file.number, bytes.data() + done, piece);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return readError(path, "read");
    if (count == 0)
      break; // It has become shorter since; whoever parses it will notice.
    done += static_cast<uint64_t>(count);
  }
  bytes.resize(done);
  return bytes;
}

} // namespace bcssl
