//===- TensorMaps.cpp - the entry point of tensor maps --------------------===//

#include "tools/simt/driver/Driver.h"
#include "tools/simt/executor/TensorMap.h"

#include <cstring>

using namespace bcssl::simt;

namespace {

/// Bytes of an element by CUtensorMapDataType, from UINT8 to TFLOAT32_FTZ.
constexpr uint8_t elementBytes[] = {1, 2, 4, 4, 8, 8, 2, 4, 8, 2, 4, 4, 4};

/// Row widths by CUtensorMapSwizzle.
constexpr uint8_t swizzleBytes[] = {0, 32, 64, 128};

} // namespace

BCSSL_SIMT_EXPORT CUresult cuTensorMapEncodeTiled(
    void *encoded, unsigned dataType, uint32_t rank, void *address,
    const uint64_t *sizes, const uint64_t *strides, const uint32_t *box,
    const uint32_t *elementStrides, unsigned interleave, unsigned swizzle,
    unsigned promotion, unsigned fill) {
  return enter("cuTensorMapEncodeTiled", [&](Driver &) {
    if (!encoded || reinterpret_cast<uintptr_t>(encoded) % 64 != 0 ||
        dataType >= std::size(elementBytes) || rank < 1 || rank > 5 ||
        swizzle >= std::size(swizzleBytes))
      return CUDA_ERROR_INVALID_VALUE;
    // Neither interleaved maps, nor steps over elements, nor NaN outside.
    if (interleave != 0 || fill != 0)
      return CUDA_ERROR_NOT_SUPPORTED;
    TensorMap map{};
    map.mark = TensorMap::validMark;
    map.base = static_cast<std::byte *>(address);
    map.rank = static_cast<uint8_t>(rank);
    map.elementBytes = elementBytes[dataType];
    map.swizzleBytes = swizzleBytes[swizzle];
    map.strides[0] = map.elementBytes;
    for (uint32_t d = 0; d < rank; ++d) {
      if (elementStrides[d] != 1)
        return CUDA_ERROR_NOT_SUPPORTED;
      if (sizes[d] > 0xffffffff || box[d] > 256)
        return CUDA_ERROR_INVALID_VALUE;
      map.sizes[d] = static_cast<uint32_t>(sizes[d]);
      map.box[d] = static_cast<uint16_t>(box[d]);
      if (d > 0)
        map.strides[d] = strides[d - 1];
    }
    if (!isLegal(map))
      return CUDA_ERROR_INVALID_VALUE;
    std::memset(encoded, 0, 128);
    std::memcpy(encoded, &map, sizeof(map));
    return CUDA_SUCCESS;
  });
}
