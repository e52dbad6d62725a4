//===- Idx.h - the array files of MNIST and its relatives -------*- C++ -*-===//
//
// An IDX file: two zero bytes, a type (0x08: unsigned byte), the number of
// dimensions, each dimension as a big-endian 32-bit number, then the data in
// row-major order (http://yann.lecun.com/exdb/mnist). Plain or gzip.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_DATA_IDX_H
#define BCSSL_RUNTIME_DATA_IDX_H

#include "runtime/base/Status.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace bcssl {

/// The content of an IDX file of bytes.
struct IdxArray {
  std::vector<uint32_t> shape;
  std::vector<uint8_t> data; ///< product of the shape
};

struct IdxLimits {
  uint64_t elements = uint64_t{1} << 30; ///< most elements accepted
  uint32_t dimensions = 4;               ///< most dimensions accepted
};

/// Parses the content of a file called `name`. Memory grows with the data that
/// is really there, never with what the header claims.
/// Errors (BadData, with offset): "idx-magic", "idx-dimensions", "idx-limit",
/// "idx-truncated", "idx-trailing", and those of GzipReader; "out-of-memory"
/// (NoResource).
Result<IdxArray> parseIdx(std::span<const uint8_t> file,
                          const std::string &name,
                          const IdxLimits &limits = {});

/// Reads and parses a file. Errors: those of readFile and parseIdx.
Result<IdxArray> readIdx(const std::string &path, const IdxLimits &limits = {});

} // namespace bcssl

#endif // BCSSL_RUNTIME_DATA_IDX_H
