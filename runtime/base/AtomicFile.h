//===- AtomicFile.h - files that appear whole or not at all -----*- C++ -*-===//
//
// A writer that a kill, a crash or a full disk cannot make leave half a file
// behind: bytes go to a hidden temporary name in the same directory, are
// synced, and only then take the real name. An older file of that name stays
// whole until that moment.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_BASE_ATOMICFILE_H
#define BCSSL_RUNTIME_BASE_ATOMICFILE_H

#include "runtime/base/Status.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace bcssl {

/// One file being written. Without commit() the destructor removes it.
class AtomicFile {
public:
  /// Opens a temporary file beside `path`. With `expectedBytes` the space is
  /// reserved first, so that a full disk is found before anything is written.
  /// Errors: "file-create" (CannotCreate), "disk-full", "file-limit" (Io).
  static Result<AtomicFile> create(const std::string &path,
                                   uint64_t expectedBytes = 0);

  AtomicFile(AtomicFile &&other) noexcept;
  AtomicFile &operator=(AtomicFile &&) = delete;
  ~AtomicFile();

  /// Appends bytes, unbuffered.
  /// Errors: "disk-full", "file-limit", "file-write" (Io).
  Status write(std::span<const std::byte> bytes);
  Status write(std::string_view text);

  /// Syncs the file, gives it its name, and syncs the directory. Once it
  /// returns success the file survives a power cut.
  Status commit();

  /// Bytes written so far.
  uint64_t size() const { return written; }

private:
  AtomicFile(std::string path, std::string temporary, int descriptor,
             uint64_t expected)
      : path(std::move(path)), temporary(std::move(temporary)),
        descriptor(descriptor), expected(expected) {}

  Error failure(const char *action, int code) const;

  std::string path;
  std::string temporary;
  int descriptor;
  uint64_t expected;
  uint64_t written = 0;
};

/// Writes `bytes` as the whole content of `path`.
Status writeFileAtomically(const std::string &path,
                           std::span<const std::byte> bytes);
Status writeFileAtomically(const std::string &path, std::string_view text);

} // namespace bcssl

#endif // BCSSL_RUNTIME_BASE_ATOMICFILE_H
