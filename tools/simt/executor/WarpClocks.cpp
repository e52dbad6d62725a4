//===- WarpClocks.cpp - what each warp knows of the others ----------------===//

#include "tools/simt/executor/WarpClocks.h"

#include <algorithm>

namespace bcssl::simt {

void WarpClocks::reset(uint32_t threads, bool checks) {
  isOn = checks;
  warpCount = (threads + 31) / 32;
  actorCount = warpCount + (warpCount + 3) / 4; // warps and warpgroups
  clocks.fill(0);
  known.assign(warpCount, Knowledge{});
  mbarriers.clear();
}

void WarpClocks::synchronize(uint32_t warp) {
  known[warp][warp] = ++clocks[warp];
}

void WarpClocks::join(Knowledge &into, const Knowledge &other) const {
  for (uint32_t i = 0; i < actorCount; ++i)
    into[i] = std::max(into[i], other[i]);
}

void WarpClocks::release(uint32_t warp, Knowledge &handedOn) {
  if (!isOn)
    return;
  join(handedOn, known[warp]);
  handedOn[warp] = ++clocks[warp];
}

void WarpClocks::acquire(uint32_t warp, const Knowledge &handedOn) {
  if (isOn)
    join(known[warp], handedOn);
}

void WarpClocks::beginMBarrier(const void *mbarrier) {
  if (!isOn)
    return;
  MBarrierClocks &it = mbarriers[mbarrier];
  it.underWay.fill(0);
  it.completed.fill(0);
}

void WarpClocks::arrive(uint32_t warp, const void *mbarrier) {
  if (isOn)
    release(warp, mbarriers[mbarrier].underWay);
}

void WarpClocks::arrive(const Knowledge &handedOn, const void *mbarrier) {
  if (isOn)
    join(mbarriers[mbarrier].underWay, handedOn);
}

void WarpClocks::completePhase(const void *mbarrier) {
  if (!isOn)
    return;
  MBarrierClocks &it = mbarriers[mbarrier];
  if (it.actor != 0)
    it.underWay[it.actor] = ++clocks[it.actor];
  it.completed = it.underWay;
}

void WarpClocks::awaitPhase(uint32_t warp, const void *mbarrier) {
  if (isOn)
    acquire(warp, mbarriers[mbarrier].completed);
}

Author WarpClocks::authorAt(const void *mbarrier) {
  if (!isOn)
    return {};
  uint32_t &actor = mbarriers[mbarrier].actor;
  if (actor == 0) {
    actorCount = std::min(actorCount + 1, actorLimit);
    actor = actorCount - 1;
  }
  return {actor, clocks[actor]};
}

Author WarpClocks::beginProduct(uint32_t group) {
  uint32_t actor = warpCount + group;
  return {actor, clocks[actor]++};
}

Knowledge WarpClocks::knownToGroup(uint32_t group) const {
  Knowledge common = known[4 * group];
  for (uint32_t warp = 4 * group + 1; warp < 4 * group + 4; ++warp)
    for (uint32_t i = 0; i < actorCount; ++i)
      common[i] = std::min(common[i], known[warp][i]);
  return common;
}

void WarpClocks::awaitProduct(uint32_t warp, Author product) {
  uint32_t &below = known[warp][product.actor];
  below = std::max(below, product.stamp + 1);
}

} // namespace bcssl::simt
