//===- CheckAccess.cpp - may a thread touch these bytes? ------------------===//

#include "tools/simt/executor/Block.h"

#include <algorithm>

namespace bcssl::simt {

/// Bytes that a matrix product reads at a time.
static constexpr uint64_t productPiece = 16;

bool Block::locate(Thread &thread, const void *address, uint64_t bytes,
                   uint64_t alignment, Place &place) {
  auto number = reinterpret_cast<uintptr_t>(address);
  if (number % alignment != 0) {
    report(thread, FindingKind::Misaligned,
           "expects a multiple of " + std::to_string(alignment) + " bytes",
           address);
    return false;
  }
  Moment now{runNumber,
             current->firstRun,
             thread.index,
             warpClocks.authorOf(thread.warp),
             &warpClocks.knownTo(thread.warp),
             static_cast<uint32_t>(warps.size())};
  uint64_t offset = number - reinterpret_cast<uintptr_t>(shared);
  if (offset < sharedCapacity) {
    // What other blocks did with their shared memory is over.
    now.firstRun = now.run;
    now.nextFence = fences.count + 1;
    place = {sharedShadow.get(), offset, now};
    if (offset + bytes <= current->sharedBytes)
      return true;
    report(thread, FindingKind::OutOfBounds,
           "ends behind the block's " + std::to_string(current->sharedBytes) +
               " bytes of shared memory",
           address);
    return false;
  }
  if (!lastAllocation || !lastAllocation->contains(address, bytes))
    lastAllocation = current->memory->find(address, bytes);
  if (lastAllocation) {
    auto holds = [&](const Extent &extent) {
      return extent.contains(address, bytes);
    };
    if (!current->extents.empty() &&
        std::ranges::none_of(current->extents, holds)) {
      report(thread, FindingKind::OutOfBounds,
             "is outside what the launch's arguments point to", address);
      return false;
    }
    place = {lastAllocation->shadow.get(),
             number - reinterpret_cast<uintptr_t>(lastAllocation->base), now};
    return true;
  }
  report(thread, FindingKind::OutOfBounds, "is in no allocation", address);
  return false;
}

void Block::judge(Thread &thread, const void *address,
                  const Judgement &judgement) {
  if (judgement.verdict == Verdict::Fine)
    return;
  auto race = [&](const char *deed) {
    report(thread, FindingKind::Race,
           std::string("nothing orders it with an earlier ") + deed +
               (judgement.otherBlock ? " by another block"
                                     : " by another thread of the block"),
           address, judgement.otherBlock ? -1 : judgement.thread);
  };
  switch (judgement.verdict) {
  case Verdict::Uninitialized:
    return report(thread, FindingKind::Uninitialized,
                  "reads bytes that nobody wrote", address);
  case Verdict::Pending:
    return report(thread, FindingKind::MissingWait,
                  "touches the target of an asynchronous copy that nobody has "
                  "waited for",
                  address);
  case Verdict::InUse:
    return report(thread, FindingKind::MissingWait,
                  "writes what a product of matrices may still read: expects "
                  "wgmma.wait_group before",
                  address);
  case Verdict::Unfenced:
    return report(thread, FindingKind::MissingFence,
                  "reads asynchronously what a thread wrote: expects "
                  "fence.proxy.async between",
                  address, judgement.thread);
  case Verdict::ReadAfterWrite:
  case Verdict::WriteAfterWrite:
    return race("write");
  case Verdict::WriteAfterRead:
    return race("read");
  case Verdict::Fine:
    return;
  }
}

bool Block::check(Thread &thread, const void *address, uint64_t bytes,
                  uint64_t alignment, Access access) {
  Place place;
  if (!isChecked())
    return true;
  if (!locate(thread, address, bytes, alignment, place))
    return false;
  judge(thread, address,
        (place.shadow->*access)(place.offset, bytes, place.moment));
  return true;
}

bool Block::checkRead(Thread &thread, const void *address, uint64_t bytes,
                      uint64_t alignment) {
  return check(thread, address, bytes, alignment, &Shadow::read);
}

bool Block::checkWrite(Thread &thread, const void *address, uint64_t bytes,
                       uint64_t alignment) {
  return check(thread, address, bytes, alignment, &Shadow::write);
}

bool Block::checkCopyBegin(Thread &thread, const void *address, uint64_t bytes,
                           uint64_t alignment) {
  return check(thread, address, bytes, alignment, &Shadow::beginCopy);
}

bool Block::checkAtomic(Thread &thread, const void *address, uint64_t bytes) {
  Place place;
  if (!isChecked())
    return true;
  if (!locate(thread, address, bytes, bytes, place))
    return false;
  place.shadow->markWritten(place.offset, bytes); // it races with nothing
  return true;
}

void Block::checkCopyEnd(Thread &thread, const void *address, uint64_t bytes,
                         Author author, bool isAsync) {
  Place place;
  if (!isChecked() || !locate(thread, address, bytes, 1, place))
    return;
  place.moment.author = author;
  place.shadow->endCopy(place.offset, bytes, place.moment, isAsync);
}

bool Block::checkProductRead(Thread &thread, const std::byte *address,
                             Product &product) {
  Place place;
  if (!isChecked())
    return true;
  if (!locate(thread, address, productPiece, productPiece, place))
    return false;
  place.moment.thread = thread.warp / 4 * 128;
  place.moment.author = product.author;
  place.moment.known = &product.known;
  judge(thread, address,
        place.shadow->beginAsyncRead(place.offset, productPiece, place.moment,
                                     fences));
  product.pieces.push_back(address);
  return true;
}

void Block::finish(Product &product) {
  for (const std::byte *piece : product.pieces)
    sharedShadow->endAsyncRead(piece - shared, productPiece);
  product.pieces.clear();
  product.isDone = true;
}

void Block::fenceProxies(const Thread &thread) {
  fences.lastOfWarp[thread.warp] = ++fences.count;
  warpClocks.join(fences.covered, warpClocks.knownTo(thread.warp));
}

} // namespace bcssl::simt
