//===- GzipReader.h - bytes of a plain or gzip file -------------*- C++ -*-===//
//
// A reader over a file in memory that decompresses where the content starts
// with gzip's magic bytes and passes plain content through. Decompression is
// done piece by piece, so the caller decides how much memory a file may take.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_DATA_GZIPREADER_H
#define BCSSL_RUNTIME_DATA_GZIPREADER_H

#include "runtime/base/Status.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>

struct z_stream_s;

namespace bcssl {

/// Reads `file` from the front. The bytes must outlive the reader.
class GzipReader {
public:
  /// `name` is what errors call the file.
  GzipReader(std::span<const uint8_t> file, std::string name);
  ~GzipReader();

  /// Fills `out`; fewer bytes only at the end of the content. Several gzip
  /// members in a row are one content, and each one's checksum is verified.
  /// Errors: "gzip-truncated", "gzip-corrupt" (BadData) with the offset in the
  /// compressed file, "out-of-memory" (NoResource).
  Result<size_t> read(std::span<uint8_t> out);

  /// Bytes of the file (as it is on disk) that were used up.
  uint64_t offset() const { return position; }
  bool compressed() const { return stream != nullptr; }

private:
  Error failure(const char *id, std::string message) const;
  Result<size_t> inflateSome(std::span<uint8_t> out);

  std::span<const uint8_t> file;
  std::string name;
  uint64_t position = 0;
  bool memberEnded = false;
  bool startFailed = false;
  std::unique_ptr<z_stream_s> stream; ///< null for plain content
};

} // namespace bcssl

#endif // BCSSL_RUNTIME_DATA_GZIPREADER_H
