//===- GzipReader.cpp - zlib behind a bounded interface -------------------===//

#include "runtime/data/GzipReader.h"

#include <algorithm>
#include <cstring>
#include <zlib.h>

namespace bcssl {

static bool startsWithGzipMagic(std::span<const uint8_t> bytes) {
  return bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

GzipReader::GzipReader(std::span<const uint8_t> file, std::string name)
    : file(file), name(std::move(name)) {
  if (!startsWithGzipMagic(file))
    return;
  stream = std::make_unique<z_stream_s>();
  // 15 bits of window, + 16: gzip wrapper only.
  startFailed = inflateInit2(stream.get(), 15 + 16) != Z_OK;
}

GzipReader::~GzipReader() {
  if (stream && !startFailed)
    inflateEnd(stream.get());
}

Error GzipReader::failure(const char *id, std::string message) const {
  return {ExitCode::BadData, id, std::move(message), name, position};
}

Result<size_t> GzipReader::read(std::span<uint8_t> out) {
  if (startFailed)
    return Error{ExitCode::NoResource, "out-of-memory",
                 "no memory for the decompressor", name};
  if (!stream) {
    size_t count = std::min(out.size(), file.size() - position);
    if (count)
      std::memcpy(out.data(), file.data() + position, count);
    position += count;
    return count;
  }
  size_t filled = 0;
  while (filled < out.size()) {
    BCSSL_ASSIGN_OR_RETURN(count, inflateSome(out.subspan(filled)));
    filled += count;
    if (memberEnded && position == file.size())
      break;
  }
  return filled;
}

/// One call of inflate; may give 0 bytes at the border of two members.
Result<size_t> GzipReader::inflateSome(std::span<uint8_t> out) {
  if (memberEnded) {
    if (position == file.size())
      return size_t{0};
    if (!startsWithGzipMagic(file.subspan(position)))
      return failure("gzip-corrupt", "bytes after the end of the gzip content");
    inflateReset(stream.get());
    memberEnded = false;
  }
  // zlib counts in 32 bits.
  constexpr size_t most = size_t{1} << 30;
  size_t given = std::min<size_t>(file.size() - position, most);
  size_t wanted = std::min(out.size(), most);
  stream->next_in = const_cast<uint8_t *>(file.data() + position);
  stream->avail_in = static_cast<uInt>(given);
  stream->next_out = out.data();
  stream->avail_out = static_cast<uInt>(wanted);
  int code = inflate(stream.get(), Z_NO_FLUSH);
  position += given - stream->avail_in;
  size_t count = wanted - stream->avail_out;
  if (code == Z_STREAM_END) {
    memberEnded = true;
    return count;
  }
  if (code == Z_MEM_ERROR)
    return Error{ExitCode::NoResource, "out-of-memory",
                 "no memory for the decompressor", name};
  if (code != Z_OK && code != Z_BUF_ERROR)
    return failure("gzip-corrupt",
                   std::string("the gzip content is damaged: ") +
                       (stream->msg ? stream->msg : "unknown format"));
  if (count == 0 && position == file.size())
    return failure("gzip-truncated", "the gzip content ends too early");
  return count;
}

} // namespace bcssl
