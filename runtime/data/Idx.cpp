//===- Idx.cpp - header, then data ----------------------------------------===//

#include "runtime/data/Idx.h"

#include "runtime/base/ReadFile.h"
#include "runtime/data/GzipReader.h"

#include <algorithm>
#include <array>
#include <new>

namespace bcssl {

namespace {

/// The steps of parsing one file.
class Parser {
public:
  Parser(std::span<const uint8_t> file, const std::string &name,
         const IdxLimits &limits)
      : reader(file, name), name(name), limits(limits) {}

  Result<IdxArray> run() {
    IdxArray array;
    BCSSL_ASSIGN_OR_RETURN(elements, header(array.shape));
    BCSSL_RETURN_IF_ERROR(data(array.data, elements));
    uint8_t extra;
    BCSSL_ASSIGN_OR_RETURN(trailing, reader.read({&extra, 1}));
    if (trailing)
      return failure("idx-trailing", "bytes follow after the " +
                                         std::to_string(elements) +
                                         " elements that the header announces");
    return array;
  }

private:
  Error failure(const char *id, std::string message) const {
    return {ExitCode::BadData, id, std::move(message), name, reader.offset()};
  }

  /// Fills the shape and gives the number of elements.
  Result<uint64_t> header(std::vector<uint32_t> &shape) {
    std::array<uint8_t, 4> magic;
    BCSSL_ASSIGN_OR_RETURN(got, reader.read(magic));
    if (got < 4)
      return failure("idx-truncated", "the file ends inside the IDX header");
    if (magic[0] != 0 || magic[1] != 0 || magic[2] != 0x08)
      return failure("idx-magic",
                     "expects an IDX file of unsigned bytes (00 00 08)");
    if (magic[3] == 0 || magic[3] > limits.dimensions)
      return failure("idx-dimensions",
                     "expects 1 to " + std::to_string(limits.dimensions) +
                         " dimensions, got " + std::to_string(magic[3]));
    uint64_t elements = 1;
    for (int d = 0; d < magic[3]; ++d) {
      std::array<uint8_t, 4> bytes;
      BCSSL_ASSIGN_OR_RETURN(count, reader.read(bytes));
      if (count < 4)
        return failure("idx-truncated", "the file ends inside the IDX header");
      uint32_t extent = uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 |
                        uint32_t{bytes[2]} << 8 | bytes[3];
      shape.push_back(extent);
      if (extent == 0)
        return failure("idx-dimensions",
                       "dimension " + std::to_string(d) + " is 0");
      if (elements > limits.elements / extent)
        return failure("idx-limit",
                       "the header announces more than the limit of " +
                           std::to_string(limits.elements) + " elements");
      elements *= extent;
    }
    return elements;
  }

  Status data(std::vector<uint8_t> &out, uint64_t elements) {
    // A header may lie: grow in pieces as the data arrives.
    constexpr uint64_t piece = uint64_t{1} << 20;
    while (out.size() < elements) {
      uint64_t have = out.size();
      out.resize(std::min(elements, have + std::max(piece, have)));
      BCSSL_ASSIGN_OR_RETURN(count, reader.read(std::span(out).subspan(have)));
      if (have + count < out.size())
        return failure("idx-truncated", "expects " + std::to_string(elements) +
                                            " elements, the file ends after " +
                                            std::to_string(have + count));
    }
    return {};
  }

  GzipReader reader;
  const std::string &name;
  const IdxLimits &limits;
};

} // namespace

static Error outOfMemory(const std::string &name) {
  return {ExitCode::NoResource, "out-of-memory", "no memory for the file",
          name};
}

Result<IdxArray> parseIdx(std::span<const uint8_t> file,
                          const std::string &name, const IdxLimits &limits) {
  try {
    return Parser(file, name, limits).run();
  } catch (const std::bad_alloc &) {
    return outOfMemory(name);
  }
}

Result<IdxArray> readIdx(const std::string &path, const IdxLimits &limits) {
  try {
    // Room for the header beside the largest plain content.
    BCSSL_ASSIGN_OR_RETURN(bytes, readFile(path, limits.elements + 1024));
    return parseIdx(
        {reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()}, path,
        limits);
  } catch (const std::bad_alloc &) {
    return outOfMemory(path);
  }
}

} // namespace bcssl
