//===- TensorMap.h - how the copy engine sees a tensor ----------*- C++ -*-===//

#ifndef BCSSL_TOOLS_SIMT_EXECUTOR_TENSORMAP_H
#define BCSSL_TOOLS_SIMT_EXECUTOR_TENSORMAP_H

#include <cstddef>
#include <cstdint>

namespace bcssl::simt {

/// What stands in the 128 bytes of a CUtensorMap. Dimension 0 is the innermost.
struct TensorMap {
  static constexpr uint64_t validMark = 0x746d69735f70616d;

  uint64_t mark; ///< validMark, or it is none of ours
  std::byte *base;
  uint64_t strides[5]; ///< bytes between neighbours, of dimension 0 the element
  uint32_t sizes[5];
  uint16_t box[5]; ///< elements of one copy
  uint8_t rank, elementBytes;
  uint8_t swizzleBytes; ///< 0, 32, 64 or 128

  uint64_t boxBytes() const {
    uint64_t bytes = elementBytes;
    for (unsigned i = 0; i < rank; ++i)
      bytes *= box[i];
    return bytes;
  }
};
static_assert(sizeof(TensorMap) <= 128);

/// Whether the map keeps the preconditions of cuTensorMapEncodeTiled, for maps
/// that are not interleaved.
bool isLegal(const TensorMap &map);

/// Where a byte of a box lies in shared memory: 16-byte pieces are exchanged
/// within rows of the swizzle's width, by bits of the address itself.
inline uint64_t swizzled(uint64_t address, unsigned swizzleBytes) {
  uint64_t pieces = swizzleBytes ? swizzleBytes / 16 - 1 : 0;
  return address ^ (address >> 3 & pieces << 4);
}

} // namespace bcssl::simt

#endif // BCSSL_TOOLS_SIMT_EXECUTOR_TENSORMAP_H
