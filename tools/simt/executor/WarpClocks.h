//===- WarpClocks.h - what each warp knows of the others --------*- C++ -*-===//
//
// Vector clocks. Those who access memory are actors: the warps of a block, the
// products of each warpgroup, and the copies that complete at each mbarrier.
// An actor's accesses are stamped with its clock; what a warp does is behind
// the accesses of an actor that it knows of. A warp hands on what it knows when
// it arrives at a barrier or an mbarrier, its own accesses so far included, and
// learns what has been handed on when it leaves a barrier or has waited for a
// phase. Lanes of a warp share its clock: what one lane learns all know.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_TOOLS_SIMT_EXECUTOR_WARPCLOCKS_H
#define BCSSL_TOOLS_SIMT_EXECUTOR_WARPCLOCKS_H

#include <array>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace bcssl::simt {

/// 32 warps, 8 warpgroups, and mbarriers, of which the last ones share a clock.
constexpr uint32_t actorLimit = 64;

/// For each actor the stamp below which its accesses are known.
using Knowledge = std::array<uint32_t, actorLimit>;

/// Who makes an access that is not of the running thread, and its stamp.
struct Author {
  uint32_t actor = 0, stamp = 0;
};

class WarpClocks {
public:
  /// Before a block of so many threads runs. Without `isOn` nothing is kept.
  void reset(uint32_t threads, bool isOn);

  Author authorOf(uint32_t warp) const { return {warp, clocks[warp]}; }
  const Knowledge &knownTo(uint32_t warp) const { return known[warp]; }

  /// Lanes of the warp have met.
  void synchronize(uint32_t warp);
  /// Adds what the warp knows, and its accesses so far, to what is handed on.
  void release(uint32_t warp, Knowledge &handedOn);
  void acquire(uint32_t warp, const Knowledge &handedOn);
  void join(Knowledge &into, const Knowledge &other) const;

  /// An mbarrier hands on what was handed to it in any phase so far: who
  /// arrives in one phase is behind those of the phases before.
  void beginMBarrier(const void *mbarrier);
  void arrive(uint32_t warp, const void *mbarrier);
  void arrive(const Knowledge &handedOn, const void *mbarrier);
  void completePhase(const void *mbarrier);
  void awaitPhase(uint32_t warp, const void *mbarrier);
  /// Of a copy that lands in the phase under way.
  Author authorAt(const void *mbarrier);

  /// Of the next product of a warpgroup.
  Author beginProduct(uint32_t group);
  /// What all warps of the group know.
  Knowledge knownToGroup(uint32_t group) const;
  void awaitProduct(uint32_t warp, Author product);

private:
  struct MBarrierClocks {
    Knowledge underWay{}, completed{};
    uint32_t actor = 0; ///< 0 until a copy lands: that is a warp
  };

  bool isOn = false;
  uint32_t warpCount = 0;
  uint32_t actorCount = 0; ///< those in use
  Knowledge clocks{};
  std::vector<Knowledge> known; ///< of warps
  std::unordered_map<const void *, MBarrierClocks> mbarriers;
};

} // namespace bcssl::simt

#endif // BCSSL_TOOLS_SIMT_EXECUTOR_WARPCLOCKS_H
