//===- Npy.h - arrays in NumPy's file format --------------------*- C++ -*-===//
//
// Format versions 1 and 2 of .npy, little-endian f4, f8 and i4, C order
// (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_EXECUTABLE_NPY_H
#define BCSSL_RUNTIME_EXECUTABLE_NPY_H

#include "runtime/base/Status.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace bcssl {

enum class NpyType : uint8_t { F32, F64, I32, U8 };

/// Bytes of one element.
inline uint64_t sizeOf(NpyType type) {
  static constexpr uint64_t sizes[] = {4, 8, 4, 1};
  return sizes[static_cast<int>(type)];
}

/// An array in memory, row-major.
struct NpyArray {
  NpyType type = NpyType::F32;
  std::vector<int64_t> shape; ///< empty for a scalar
  std::vector<std::byte> data;

  /// The number of elements.
  uint64_t elements() const { return data.size() / sizeOf(type); }
};

/// Reads an array of at most 4 GiB; the file must end where the array does.
/// Errors: those of readFile(), "npy-kind", "npy-header", "npy-type",
/// "npy-order", "npy-shape", "npy-size", with the byte offset where it is
/// known.
Result<NpyArray> readNpy(const std::string &path);

/// The same from memory; `file` stands in messages.
Result<NpyArray> parseNpy(std::span<const std::byte> bytes,
                          const std::string &file);

/// Writes an array atomically, as NumPy does (version 1). `data` has the bytes
/// of the shape. Errors: those of AtomicFile.
Status writeNpy(const std::string &path, NpyType type,
                std::span<const int64_t> shape,
                std::span<const std::byte> data);

} // namespace bcssl

#endif // BCSSL_RUNTIME_EXECUTABLE_NPY_H
