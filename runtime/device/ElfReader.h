//===- ElfReader.h - bounds-checked reads of ELF files ----------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_DEVICE_ELFREADER_H
#define BCSSL_RUNTIME_DEVICE_ELFREADER_H

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace bcssl {

/// Reads of an image that may be damaged.
struct ElfReader {
  std::span<const std::byte> bytes;

  /// Whether [offset, offset + count * size) lies inside.
  bool holds(uint64_t offset, uint64_t count, uint64_t size) const {
    return offset <= bytes.size() && count <= (bytes.size() - offset) / size;
  }
  /// The element `index` of a table that holds() has accepted.
  template <typename T> T read(uint64_t offset, uint64_t index = 0) const {
    T value;
    std::memcpy(&value, bytes.data() + offset + index * sizeof(T), sizeof(T));
    return value;
  }
  /// The text at `offset` up to a zero byte, at most `length` bytes, all of
  /// which holds() has accepted.
  std::string_view text(uint64_t offset, uint64_t length) const {
    auto *begin = reinterpret_cast<const char *>(bytes.data()) + offset;
    return {begin, strnlen(begin, length)};
  }
};

} // namespace bcssl

#endif // BCSSL_RUNTIME_DEVICE_ELFREADER_H
