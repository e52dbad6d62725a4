//===- Shadow.cpp - who last touched which bytes --------------------------===//

#include "tools/simt/executor/Shadow.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace bcssl::simt {
namespace {

constexpr uint8_t bothBytes = 3, pendingCopy = 4;
constexpr uint32_t nobody = actorLimit;

/// Pages of zeros that take memory only where they are touched.
void *mapZeros(uint64_t bytes) {
  void *pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED)
    throw std::bad_alloc();
  return pages;
}

/// The bits of the bytes of `cell` that lie in [begin, end).
uint8_t bytesOf(uint64_t cell, uint64_t begin, uint64_t end) {
  uint8_t low = 2 * cell >= begin && 2 * cell < end;
  uint8_t high = 2 * cell + 1 >= begin && 2 * cell + 1 < end;
  return low | (high << 1);
}

} // namespace

Shadow::Shadow(uint64_t bytes, bool keepsReaders)
    : cellCount(bytes / 2 + 1),
      cells(static_cast<Cell *>(mapZeros(cellCount * sizeof(Cell)))),
      marks(static_cast<uint8_t *>(mapZeros(cellCount))),
      nextFences(
          static_cast<uint32_t *>(mapZeros(cellCount * sizeof(uint32_t)))),
      asyncReads(
          static_cast<uint16_t *>(mapZeros(cellCount * sizeof(uint16_t)))),
      keepsReaders(keepsReaders),
      reads(static_cast<uint32_t *>(mapZeros(readsBytes()))) {}

Shadow::~Shadow() {
  munmap(cells, cellCount * sizeof(Cell));
  munmap(marks, cellCount);
  munmap(nextFences, cellCount * sizeof(uint32_t));
  munmap(asyncReads, cellCount * sizeof(uint16_t));
  munmap(reads, readsBytes());
}

bool Shadow::isWriteOrdered(const Cell &cell, const Moment &moment) {
  if (cell.writeRun < moment.firstRun)
    return true;
  if (cell.writeRun != moment.run)
    return false;
  return cell.writeStamp < (*moment.known)[cell.writeActor] ||
         (cell.writeThread == moment.thread &&
          cell.writeActor == moment.author.actor);
}

bool Shadow::isLastReadOrdered(const Cell &cell, const Moment &moment) {
  if (cell.readRun < moment.firstRun)
    return true;
  if (cell.readRun != moment.run || cell.readers == Blocks)
    return false;
  return cell.readStamp < (*moment.known)[cell.readActor] ||
         (cell.readThread == moment.thread &&
          cell.readActor == moment.author.actor && cell.readers != Lanes);
}

uint32_t Shadow::unknownReader(uint64_t i, const Moment &moment) const {
  const Cell &cell = cells[i];
  if (!isLastReadOrdered(cell, moment))
    return cell.readActor;
  if (cell.readers != Warps || cell.readRun < moment.firstRun)
    return nobody;
  // Which lanes of the author's own warp have read is not kept, but for the
  // last one.
  auto isUnknown = [&](uint32_t actor, uint32_t stamp) {
    return stamp > (*moment.known)[actor] && actor != moment.author.actor;
  };
  const uint32_t *stamps = readsOf(i, moment);
  if (!keepsReaders)
    return isUnknown(stamps[1] / 32, stamps[0]) ? stamps[1] / 32 : nobody;
  for (uint32_t actor = 0; actor < moment.readerCount(); ++actor)
    if (isUnknown(actor, stamps[actor]))
      return actor;
  return nobody;
}

void Shadow::noteEarlierReads(uint64_t i, const Moment &moment) const {
  const Cell &cell = cells[i];
  uint32_t *stamps = readsOf(i, moment);
  if (!keepsReaders) {
    if (cell.readActor != moment.author.actor) {
      stamps[0] = cell.readStamp + 1;
      stamps[1] = cell.readThread;
    }
    return;
  }
  if (cell.readers != Warps) {
    std::fill_n(stamps, moment.readerCount(), 0);
    stamps[cell.readActor] = cell.readStamp + 1;
  }
  stamps[moment.author.actor] = moment.author.stamp + 1;
}

void Shadow::noteRead(uint64_t i, const Moment &moment) {
  // Several readers are kept as the widest group that a later writer may not
  // know of.
  Cell &cell = cells[i];
  auto before = static_cast<Readers>(cell.readers);
  Readers readers = One;
  if (cell.readRun >= moment.firstRun) {
    if (cell.readRun != moment.run || before == Blocks)
      readers = Blocks;
    else if (before == Warps && keepsReaders)
      readers = Warps;
    else if (!isLastReadOrdered(cell, moment))
      readers = before != Warps && cell.readActor == moment.author.actor
                    ? Lanes
                    : Warps;
  }
  if (readers == Warps)
    noteEarlierReads(i, moment);
  cell.readRun = moment.run;
  cell.readStamp = moment.author.stamp;
  cell.readThread = moment.thread;
  cell.readActor = moment.author.actor;
  cell.readers = readers;
}

void Shadow::noteWrite(Cell &cell, const Moment &moment) {
  cell.writeRun = moment.run;
  cell.writeStamp = moment.author.stamp;
  cell.writeThread = moment.thread;
  cell.writeActor = moment.author.actor;
  // Who knows of this write knows of the reads that it is behind.
  cell.readRun = 0;
}

Judgement Shadow::read(uint64_t offset, uint64_t bytes, const Moment &moment) {
  Judgement result;
  uint64_t end = offset + bytes;
  auto blame = [&](Verdict verdict, uint64_t i) {
    if (result.verdict == Verdict::Fine)
      result = {verdict, 2 * i < offset ? offset : 2 * i, cells[i].writeThread,
                cells[i].writeRun != moment.run};
  };
  for (uint64_t i = offset / 2; i < (end + 1) / 2; ++i) {
    uint8_t wanted = bytesOf(i, offset, end);
    if (marks[i] & pendingCopy)
      blame(Verdict::Pending, i);
    else if ((marks[i] & wanted) != wanted)
      blame(Verdict::Uninitialized, i);
    else if (!isWriteOrdered(cells[i], moment))
      blame(Verdict::ReadAfterWrite, i);
    noteRead(i, moment);
  }
  return result;
}

Judgement Shadow::judgeWrite(uint64_t offset, uint64_t bytes,
                             const Moment &moment, bool isCopy) {
  Judgement result;
  uint64_t end = offset + bytes;
  for (uint64_t i = offset / 2; i < (end + 1) / 2; ++i) {
    Cell &cell = cells[i];
    if (result.verdict == Verdict::Fine) {
      uint64_t at = 2 * i < offset ? offset : 2 * i;
      if (marks[i] & pendingCopy)
        result = {Verdict::Pending, at, cell.writeThread, false};
      else if (moment.nextFence != 0 && asyncReads[i] != 0)
        result = {Verdict::InUse, at, cell.readThread, false};
      else if (!isWriteOrdered(cell, moment))
        result = {Verdict::WriteAfterWrite, at, cell.writeThread,
                  cell.writeRun != moment.run};
      else if (uint32_t actor = unknownReader(i, moment); actor != nobody)
        // Of an earlier reader only the warp is kept.
        result = {Verdict::WriteAfterRead, at,
                  static_cast<uint16_t>(actor == cell.readActor
                                            ? cell.readThread
                                            : moment.firstThreadOf(actor)),
                  cell.readers == Blocks || cell.readRun != moment.run};
    }
    noteWrite(cell, moment);
    if (moment.nextFence != 0)
      nextFences[i] = moment.nextFence;
    if (isCopy)
      marks[i] = (marks[i] & ~bytesOf(i, offset, end)) | pendingCopy;
    else
      marks[i] |= bytesOf(i, offset, end);
  }
  return result;
}

Judgement Shadow::write(uint64_t offset, uint64_t bytes, const Moment &moment) {
  return judgeWrite(offset, bytes, moment, /*isCopy=*/false);
}

Judgement Shadow::beginCopy(uint64_t offset, uint64_t bytes,
                            const Moment &moment) {
  return judgeWrite(offset, bytes, moment, /*isCopy=*/true);
}

void Shadow::endCopy(uint64_t offset, uint64_t bytes, const Moment &moment,
                     bool isAsync) {
  uint64_t end = offset + bytes;
  for (uint64_t i = offset / 2; i < (end + 1) / 2; ++i) {
    noteWrite(cells[i], moment);
    if (moment.nextFence != 0)
      nextFences[i] = isAsync ? 0 : moment.nextFence;
    marks[i] = (marks[i] & ~pendingCopy) | bytesOf(i, offset, end);
  }
}

Judgement Shadow::beginAsyncRead(uint64_t offset, uint64_t bytes,
                                 const Moment &moment, const Fences &fences) {
  Judgement result = read(offset, bytes, moment);
  uint64_t end = offset + bytes;
  for (uint64_t i = offset / 2; i < (end + 1) / 2; ++i) {
    ++asyncReads[i];
    const Cell &cell = cells[i];
    uint32_t wanted = nextFences[i];
    bool isFenced = fences.lastOfWarp[cell.writeThread / 32] >= wanted ||
                    (fences.count >= wanted &&
                     fences.covered[cell.writeActor] > cell.writeStamp);
    if (result.verdict == Verdict::Fine && !isFenced)
      result = {Verdict::Unfenced, 2 * i, cell.writeThread, false};
  }
  return result;
}

void Shadow::endAsyncRead(uint64_t offset, uint64_t bytes) {
  for (uint64_t i = offset / 2; i < (offset + bytes + 1) / 2; ++i)
    --asyncReads[i];
}

void Shadow::setMarks(uint64_t offset, uint64_t bytes, bool written) {
  if (bytes == 0)
    return;
  uint64_t end = offset + bytes, first = (offset + 1) / 2, last = end / 2;
  auto setOne = [&](uint64_t i) {
    uint8_t bits = bytesOf(i, offset, end);
    marks[i] = written ? marks[i] | bits : marks[i] & ~(bits | pendingCopy);
  };
  if (offset % 2)
    setOne(offset / 2);
  if (last > first)
    std::memset(marks + first, written ? bothBytes : 0, last - first);
  if (end % 2 && end / 2 >= first)
    setOne(end / 2);
}

void Shadow::markWritten(uint64_t offset, uint64_t bytes) {
  setMarks(offset, bytes, true);
}

void Shadow::forget(uint64_t offset, uint64_t bytes) {
  setMarks(offset, bytes, false);
}

void Shadow::copyMarks(uint64_t offset, const Shadow &from, uint64_t fromOffset,
                       uint64_t bytes) {
  for (uint64_t i = 0; i < bytes; ++i)
    setMarks(offset + i, 1, from.isWritten(fromOffset + i));
}

} // namespace bcssl::simt
