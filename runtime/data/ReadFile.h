//===- ReadFile.h - a regular file as bytes ---------------------*- C++ -*-===//
//
// Data files come from outside: what is opened may be a pipe, a directory, a
// device or a file of terabytes. Only regular files of bounded size are read.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_DATA_READFILE_H
#define BCSSL_RUNTIME_DATA_READFILE_H

#include "runtime/base/Status.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bcssl {

/// The whole content of `path`, at most `limit` bytes. Never waits for a pipe.
/// Errors: "file-open" (NoInput), "file-type", "file-too-large" (BadData),
/// "file-read" (Io), "out-of-memory" (NoResource).
Result<std::vector<uint8_t>> readFile(const std::string &path, uint64_t limit);

} // namespace bcssl

#endif // BCSSL_RUNTIME_DATA_READFILE_H
