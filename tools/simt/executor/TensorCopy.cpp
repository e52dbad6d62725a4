//===- TensorCopy.cpp - boxes of tensors to shared memory -----------------===//
//
// A copy is in flight until no thread of the block can run otherwise: programs
// that use its bytes too early are found out.
//
//===----------------------------------------------------------------------===//

#include "tools/simt/executor/MBarrier.h"
#include "tools/simt/executor/TensorMap.h"

#include <cstring>

namespace bcssl::simt {
namespace {

struct TensorCopy {
  std::byte *to;
  void *barrier;
  TensorMap map;
  int32_t start[5] = {};
  Knowledge handedOn{}; ///< by the warp that asked

  /// Calls `function(element's address or null, place in the box)`.
  template <typename Function> void forElements(Function function) const {
    uint16_t at[5] = {};
    uint64_t count = map.boxBytes() / map.elementBytes;
    for (uint64_t i = 0; i < count; ++i) {
      bool isInside = true;
      const std::byte *from = map.base;
      for (unsigned d = 0; d < map.rank; ++d) {
        int64_t place = int64_t{start[d]} + at[d];
        isInside &= place >= 0 && place < int64_t{map.sizes[d]};
        from += place * static_cast<int64_t>(map.strides[d]);
      }
      function(isInside ? from : nullptr, i * map.elementBytes);
      for (unsigned d = 0; d < map.rank && ++at[d] == map.box[d]; ++d)
        at[d] = 0;
    }
  }

  void land(Block &block, Thread &thread) const {
    forElements([&](const std::byte *from, uint64_t place) {
      auto *target = reinterpret_cast<std::byte *>(
          swizzled(reinterpret_cast<uint64_t>(to + place), map.swizzleBytes));
      if (from)
        std::memcpy(target, from, map.elementBytes);
      else
        std::memset(target, 0, map.elementBytes);
    });
    WarpClocks &clocks = block.clocks();
    block.checkCopyEnd(thread, to, map.boxBytes(), clocks.authorAt(barrier),
                       /*isAsync=*/true);
    clocks.arrive(handedOn, barrier);
    completeBytes(block, barrier, map.boxBytes());
  }
};

/// Operands: target, barrier, map, coordinates, and what is not used here.
void beginTensorCopy(Thread &thread, uint64_t *, const uint64_t *operands,
                     uint64_t rank) {
  Block &block = *thread.block;
  TensorCopy copy;
  copy.to = reinterpret_cast<std::byte *>(operands[0]);
  copy.barrier = reinterpret_cast<void *>(operands[1]);
  std::memcpy(&copy.map, reinterpret_cast<const void *>(operands[2]),
              sizeof(TensorMap));
  if (copy.map.mark != TensorMap::validMark || copy.map.rank != rank)
    return block.report(thread, FindingKind::BadOperand,
                        "expects a tensor map of " + std::to_string(rank) +
                            " dimensions");
  for (uint64_t d = 0; d < rank; ++d)
    copy.start[d] = static_cast<int32_t>(operands[3 + d]);
  if (!block.checkRead(thread, copy.barrier, 8, 8))
    return;
  if (!isMBarrier(copy.barrier))
    return block.report(thread, FindingKind::BadOperand,
                        "expects an mbarrier that was initialised",
                        copy.barrier);
  if (block.isChecked())
    copy.forElements([&](const std::byte *from, uint64_t) {
      if (from)
        block.checkRead(thread, from, copy.map.elementBytes, 1);
    });
  if (!block.checkCopyBegin(thread, copy.to, copy.map.boxBytes(), 128))
    return;
  block.clocks().release(thread.warp, copy.handedOn);
  block.defer([copy, &block, &thread] { copy.land(block, thread); });
}

} // namespace

void addTensorCopies(OperationTable &table) {
  const std::string prefix = "llvm.nvvm.cp.async.bulk.tensor.g2s.";
  for (uint64_t rank = 1; rank <= 5; ++rank)
    for (const char *target : {"", "cta."})
      table[prefix + target + "tile." + std::to_string(rank) + "d"] = {
          beginTensorCopy, rank};
}

} // namespace bcssl::simt
