//===- Shadow.cpp - who last touched which bytes --------------------------===//

#include "tools/simt/executor/Shadow.h"

#include <sys/mman.h>

#include <cstring>
#include <new>

namespace bcssl::simt {
namespace {

constexpr uint8_t bothBytes = 3, pendingCopy = 4;

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

Shadow::Shadow(uint64_t bytes)
    : cellCount(bytes / 2 + 1),
      cells(static_cast<Cell *>(mapZeros(cellCount * sizeof(Cell)))),
      marks(static_cast<uint8_t *>(mapZeros(cellCount))),
      nextFences(
          static_cast<uint32_t *>(mapZeros(cellCount * sizeof(uint32_t)))),
      asyncReads(
          static_cast<uint16_t *>(mapZeros(cellCount * sizeof(uint16_t)))) {}

Shadow::~Shadow() {
  munmap(cells, cellCount * sizeof(Cell));
  munmap(marks, cellCount);
  munmap(nextFences, cellCount * sizeof(uint32_t));
  munmap(asyncReads, cellCount * sizeof(uint16_t));
}

bool Shadow::isOrdered(uint32_t run, uint16_t thread, uint16_t epoch,
                       uint16_t warpEpoch, const Moment &moment) {
  if (run < moment.firstRun)
    return true;
  if (run != moment.run)
    return false;
  if (thread == moment.thread || epoch != moment.epoch)
    return true;
  return thread / 32 == moment.thread / 32 && warpEpoch != moment.warpEpoch;
}

bool Shadow::readsAreOrdered(const Cell &cell, const Moment &moment) {
  if (cell.readRun < moment.firstRun)
    return true;
  switch (cell.readers) {
  case Blocks:
    return false;
  case Warps:
    return cell.readRun == moment.run && cell.readEpoch != moment.epoch;
  case Lanes:
    return cell.readRun == moment.run &&
           (cell.readEpoch != moment.epoch ||
            (cell.readThread / 32 == moment.thread / 32 &&
             cell.readWarpEpoch != moment.warpEpoch));
  default:
    return isOrdered(cell.readRun, cell.readThread, cell.readEpoch,
                     cell.readWarpEpoch, moment);
  }
}

void Shadow::noteRead(Cell &cell, const Moment &moment) {
  // Several readers are kept as the widest group that a later writer may not
  // know of.
  Readers readers = One;
  if (cell.readRun >= moment.firstRun) {
    if (cell.readRun != moment.run || cell.readers == Blocks)
      readers = Blocks;
    else if (!readsAreOrdered(cell, moment))
      readers =
          cell.readers != Warps && cell.readThread / 32 == moment.thread / 32
              ? Lanes
              : Warps;
  }
  cell.readRun = moment.run;
  cell.readEpoch = moment.epoch;
  cell.readWarpEpoch = moment.warpEpoch;
  cell.readThread = moment.thread;
  cell.readers = readers;
}

void Shadow::noteWrite(Cell &cell, const Moment &moment) {
  cell.writeRun = moment.run;
  cell.writeEpoch = moment.epoch;
  cell.writeWarpEpoch = moment.warpEpoch;
  cell.writeThread = moment.thread;
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
    Cell &cell = cells[i];
    if (marks[i] & pendingCopy)
      blame(Verdict::Pending, i);
    else if ((marks[i] & wanted) != wanted)
      blame(Verdict::Uninitialized, i);
    else if (!isOrdered(cell.writeRun, cell.writeThread, cell.writeEpoch,
                        cell.writeWarpEpoch, moment))
      blame(Verdict::ReadAfterWrite, i);
    noteRead(cell, moment);
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
      else if (!isOrdered(cell.writeRun, cell.writeThread, cell.writeEpoch,
                          cell.writeWarpEpoch, moment))
        result = {Verdict::WriteAfterWrite, at, cell.writeThread,
                  cell.writeRun != moment.run};
      else if (!readsAreOrdered(cell, moment))
        result = {Verdict::WriteAfterRead, at, cell.readThread,
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
    bool isFenced =
        fences.lastOfWarp[cell.writeThread / 32] >= wanted ||
        (fences.count >= wanted && fences.lastEpoch != cell.writeEpoch);
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
