//===- AtomicFile.cpp - temporary name, sync, rename ----------------------===//

#include "runtime/base/AtomicFile.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace bcssl {

/// The directory part of `path`, "." where there is none.
static std::string directoryOf(const std::string &path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos)
    return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// Hidden, in the same directory (rename does not cross file systems), unique
/// in this process and between processes.
static std::string temporaryName(const std::string &path) {
  static std::atomic<unsigned> counter{0};
  size_t slash = path.rfind('/');
  std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  return directoryOf(path) + "/." + name + "." + std::to_string(getpid()) +
         "-" + std::to_string(counter++) + ".tmp";
}

static Error createError(const std::string &path, int code) {
  return {ExitCode::CannotCreate,
          "file-create",
          std::string("cannot create the file: ") + std::strerror(code),
          path,
          {},
          "check that the directory exists and may be written"};
}

Error AtomicFile::failure(const char *action, int code) const {
  if (code == EFBIG)
    return {
        ExitCode::Io,
        "file-limit",
        std::string("cannot ") + action +
            ": larger than this process or the file system allows" +
            (expected ? ", needs " + std::to_string(expected) + " bytes" : ""),
        path,
        {},
        "raise `ulimit -f` or choose another directory"};
  if (code != ENOSPC && code != EDQUOT)
    return {ExitCode::Io, "file-write",
            std::string("cannot ") + action + ": " + std::strerror(code), path};
  std::string message = std::string("cannot ") + action + ": disk full";
  if (expected)
    message += ", needs " + std::to_string(expected) + " bytes";
  struct statvfs info;
  if (statvfs(directoryOf(path).c_str(), &info) == 0)
    message += ", " + std::to_string(uint64_t{info.f_bavail} * info.f_frsize) +
               " bytes are free";
  return {ExitCode::Io, "disk-full",
          message,      path,
          {},           "free space there or choose another directory"};
}

Result<AtomicFile> AtomicFile::create(const std::string &path,
                                      uint64_t expectedBytes) {
  if (path.empty() || path.back() == '/')
    return createError(path, EISDIR);
  std::string temporary = temporaryName(path);
  int descriptor =
      open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor < 0)
    return errno == ENOSPC ? AtomicFile(path, "", -1, expectedBytes)
                                 .failure("create", errno)
                           : createError(path, errno);
  AtomicFile file(path, std::move(temporary), descriptor, expectedBytes);
  // A file system that cannot reserve space answers EOPNOTSUPP; then the writes
  // themselves tell.
  if (expectedBytes &&
      fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 0,
                static_cast<off_t>(expectedBytes)) != 0 &&
      (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
    return file.failure("reserve space", errno);
  return file;
}

AtomicFile::AtomicFile(AtomicFile &&other) noexcept
    : path(std::move(other.path)), temporary(std::move(other.temporary)),
      descriptor(other.descriptor), expected(other.expected),
      written(other.written) {
  other.descriptor = -1;
  other.temporary.clear();
}

AtomicFile::~AtomicFile() {
  if (descriptor >= 0)
    close(descriptor);
  if (!temporary.empty())
    unlink(temporary.c_str());
}

Status AtomicFile::write(std::span<const std::byte> bytes) {
  // Linux writes at most about 2 GiB a call.
  constexpr size_t most = size_t{1} << 30;
  while (!bytes.empty()) {
    ssize_t count =
        ::write(descriptor, bytes.data(), std::min(bytes.size(), most));
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return failure("write", errno);
    written += static_cast<uint64_t>(count);
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
  return {};
}

Status AtomicFile::write(std::string_view text) {
  return write(std::as_bytes(std::span(text.data(), text.size())));
}

Status AtomicFile::commit() {
  if (fsync(descriptor) != 0)
    return failure("sync", errno);
  int closed = close(descriptor);
  descriptor = -1;
  if (closed != 0)
    return failure("close", errno);
  if (rename(temporary.c_str(), path.c_str()) != 0)
    return failure("rename", errno);
  temporary.clear();

  // The rename itself lives in the directory.
  int directory =
      open(directoryOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0)
    return failure("open the directory", errno);
  // Some network file systems cannot sync a directory and say EINVAL.
  bool synced = fsync(directory) == 0 || errno == EINVAL;
  int code = errno;
  close(directory);
  return synced ? Status() : Status(failure("sync the directory", code));
}

Status writeFileAtomically(const std::string &path,
                           std::span<const std::byte> bytes) {
  auto file = AtomicFile::create(path, bytes.size());
  if (!file)
    return file.error();
  BCSSL_RETURN_IF_ERROR(file->write(bytes));
  return file->commit();
}

Status writeFileAtomically(const std::string &path, std::string_view text) {
  return writeFileAtomically(
      path, std::as_bytes(std::span(text.data(), text.size())));
}

} // namespace bcssl
