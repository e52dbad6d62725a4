//===- TensorMap.cpp - what the driver's manual asks of tensor maps -------===//

#include "tools/simt/executor/TensorMap.h"

namespace bcssl::simt {

bool isLegal(const TensorMap &map) {
  if (map.rank < 1 || map.rank > 5 ||
      reinterpret_cast<uintptr_t>(map.base) % 16 != 0)
    return false;
  uint64_t innerBytes = uint64_t{map.box[0]} * map.elementBytes;
  if (innerBytes % 16 != 0 ||
      (map.swizzleBytes != 0 && innerBytes > map.swizzleBytes))
    return false;
  for (unsigned d = 0; d < map.rank; ++d)
    if (map.sizes[d] == 0 || map.box[d] == 0 || map.box[d] > 256 ||
        (d > 0 &&
         (map.strides[d] % 16 != 0 || map.strides[d] >= uint64_t{1} << 40)))
      return false;
  return true;
}

} // namespace bcssl::simt
