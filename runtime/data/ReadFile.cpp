//===- ReadFile.cpp - open, look, read ------------------------------------===//

#include "runtime/data/ReadFile.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <sys/stat.h>
#include <unistd.h>

namespace bcssl {

namespace {
struct Descriptor {
  int value;
  ~Descriptor() {
    if (value >= 0)
      close(value);
  }
};
} // namespace

Result<std::vector<uint8_t>> readFile(const std::string &path, uint64_t limit) {
  // O_NONBLOCK: opening a pipe without a writer would wait for ever.
  Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.value < 0)
    return Error{ExitCode::NoInput, "file-open",
                 std::string("cannot open the file: ") + std::strerror(errno),
                 path};
  struct stat info;
  if (fstat(file.value, &info) != 0)
    return Error{
        ExitCode::Io, "file-read",
        std::string("cannot examine the file: ") + std::strerror(errno), path};
  if (!S_ISREG(info.st_mode))
    return Error{ExitCode::BadData, "file-type",
                 "expects a regular file, got a directory, pipe or device",
                 path};
  uint64_t size = static_cast<uint64_t>(info.st_size);
  if (size > limit)
    return Error{ExitCode::BadData, "file-too-large",
                 "the file has " + std::to_string(size) +
                     " bytes, the limit is " + std::to_string(limit),
                 path};

  std::vector<uint8_t> bytes;
  try {
    bytes.resize(size);
  } catch (const std::bad_alloc &) {
    return Error{ExitCode::NoResource, "out-of-memory",
                 "no memory for " + std::to_string(size) + " bytes", path};
  }
  uint64_t at = 0;
  while (at < size) {
    ssize_t count = read(file.value, bytes.data() + at, size - at);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return Error{ExitCode::Io, "file-read",
                   std::string("cannot read: ") + std::strerror(errno), path,
                   at};
    if (count == 0)
      return Error{ExitCode::Io, "file-read",
                   "the file became shorter while it was read", path, at};
    at += static_cast<uint64_t>(count);
  }
  return bytes;
}

} // namespace bcssl
