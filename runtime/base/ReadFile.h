//===- ReadFile.h - whole files with a limit --------------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_BASE_READFILE_H
#define BCSSL_RUNTIME_BASE_READFILE_H

#include "runtime/base/Status.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bcssl {

/// The bytes of a regular file of at most `limit` bytes. They are read, not
/// mapped: a file that shrinks while it is used cannot crash the process.
/// Errors: "file-missing" (NoInput), "file-read" (Io), "file-too-large" and
/// "file-kind" (BadData).
Result<std::vector<std::byte>> readFile(const std::string &path,
                                        uint64_t limit);

} // namespace bcssl

#endif // BCSSL_RUNTIME_BASE_READFILE_H
