//===- Shadow.h - who last touched which bytes ------------------*- C++ -*-===//
//
// Beside memory stands a shadow: which bytes were written at all, which are the
// target of an asynchronous copy in flight, and, for each cell of two bytes,
// who wrote and who read it last. Two accesses are ordered when they come from
// one thread, from different launches, or when the later one's warp knows of
// the earlier one (WarpClocks.h): by a barrier that both took part in, by a
// phase of an mbarrier that one arrived at and the other waited for, by a
// barrier of the warp, or by a chain of those.
//
// A writer must be behind all readers. In shared memory the last read of each
// warp is kept where several have read; in global memory, which is too large
// for that, the last reads of two: faults may be missed there, and right
// programs are never blamed.
//
// Matrix products read shared memory asynchronously (through the async proxy):
// they see earlier writes of threads only behind a proxy fence, and nobody may
// write what they still read. A fence counts for the writes of its own warp and
// for all writes that its warp knows of.
//
// Bytes next to each other in one cell are taken for one place: kernels that
// write single bytes from different threads would be blamed wrongly.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_TOOLS_SIMT_EXECUTOR_SHADOW_H
#define BCSSL_TOOLS_SIMT_EXECUTOR_SHADOW_H

#include "tools/simt/executor/WarpClocks.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bcssl::simt {

/// Who accesses, and when.
struct Moment {
  uint32_t run = 0;      ///< number of the block's run, unique, from 1
  uint32_t firstRun = 0; ///< of the launch: earlier runs are over
  uint32_t thread = 0;   ///< in the block
  Author author;
  const Knowledge *known = nullptr; ///< to the author
  uint32_t warpCount = 0;           ///< of the block
  /// The number that the block's next proxy fence gets, from 1; 0 where nobody
  /// reads asynchronously: in global memory.
  uint32_t nextFence = 0;

  /// Warps and warpgroups.
  uint32_t readerCount() const { return warpCount + (warpCount + 3) / 4; }
  uint32_t firstThreadOf(uint32_t reader) const {
    return reader < warpCount ? 32 * reader : 128 * (reader - warpCount);
  }
};

/// The proxy fences of a block.
struct Fences {
  uint32_t count = 0;
  std::vector<uint32_t> lastOfWarp;
  Knowledge covered{}; ///< what was known to warps when they fenced
};

enum class Verdict : uint8_t {
  Fine,
  Uninitialized,
  Pending,        ///< read or written while an asynchronous copy is in flight
  InUse,          ///< written while an asynchronous read is in flight
  Unfenced,       ///< read asynchronously, with no fence since it was written
  ReadAfterWrite, ///< the read races with an earlier write
  WriteAfterRead,
  WriteAfterWrite,
};

/// What is wrong with an access and where, at most one thing.
struct Judgement {
  Verdict verdict = Verdict::Fine;
  uint64_t offset = 0;     ///< of the first bad cell
  uint16_t thread = 0;     ///< the other thread of a race
  bool otherBlock = false; ///< that thread is of another block
};

class Shadow {
public:
  /// Of so many bytes, none of them written. Throws std::bad_alloc.
  /// `keepsReaders`: all warps that have read since the last write.
  explicit Shadow(uint64_t bytes, bool keepsReaders = false);
  Shadow(const Shadow &) = delete;
  Shadow &operator=(const Shadow &) = delete;
  ~Shadow();

  /// Judges a read or write of [offset, offset + bytes), and keeps it in mind.
  Judgement read(uint64_t offset, uint64_t bytes, const Moment &moment);
  Judgement write(uint64_t offset, uint64_t bytes, const Moment &moment);

  /// A copy to these bytes is in flight from now on, and has landed.
  Judgement beginCopy(uint64_t offset, uint64_t bytes, const Moment &moment);
  /// `isAsync`: by the copy engine, not by threads.
  void endCopy(uint64_t offset, uint64_t bytes, const Moment &moment,
               bool isAsync);

  /// Judges a read that is in flight until endAsyncRead, and keeps it in mind.
  Judgement beginAsyncRead(uint64_t offset, uint64_t bytes,
                           const Moment &moment, const Fences &fences);
  void endAsyncRead(uint64_t offset, uint64_t bytes);

  /// The host or an atomic operation writes; what was written is forgotten.
  void markWritten(uint64_t offset, uint64_t bytes);
  void forget(uint64_t offset, uint64_t bytes);
  /// The host copies: bytes that nobody wrote remain so.
  void copyMarks(uint64_t offset, const Shadow &from, uint64_t fromOffset,
                 uint64_t bytes);
  bool isWritten(uint64_t offset) const {
    return (marks[offset / 2] >> (offset % 2)) & 1;
  }

private:
  enum Readers : uint16_t { One, Lanes, Warps, Blocks };
  struct Cell {
    uint32_t writeRun, readRun;
    uint32_t writeStamp;
    uint32_t readStamp : 30, readers : 2;
    uint16_t writeThread : 10, writeActor : 6, readThread : 10, readActor : 6;
  };

  static bool isWriteOrdered(const Cell &cell, const Moment &moment);
  static bool isLastReadOrdered(const Cell &cell, const Moment &moment);
  void noteRead(uint64_t i, const Moment &moment);
  static void noteWrite(Cell &cell, const Moment &moment);
  /// A reader's actor that the author does not know of, or `nobody`.
  uint32_t unknownReader(uint64_t i, const Moment &moment) const;
  void noteEarlierReads(uint64_t i, const Moment &moment) const;
  uint32_t *readsOf(uint64_t i, const Moment &moment) const {
    return reads + i * (keepsReaders ? moment.readerCount() : 2);
  }
  uint64_t readsBytes() const {
    return cellCount * (keepsReaders ? sizeof(Knowledge) : 2 * sizeof(*reads));
  }
  void setMarks(uint64_t offset, uint64_t bytes, bool written);
  Judgement judgeWrite(uint64_t offset, uint64_t bytes, const Moment &moment,
                       bool isCopy);

  uint64_t cellCount;
  Cell *cells;
  uint8_t *marks; ///< a cell: bits 0 and 1 bytes written, bit 2 copy in flight
  uint32_t *nextFences; ///< a cell: of its last write by a thread, or 0
  uint16_t *asyncReads; ///< a cell: how many are in flight
  bool keepsReaders;
  /// A cell with readers `Warps`: for each actor one more than the stamp of its
  /// last read, or 0. Without `keepsReaders` one more than the stamp of the
  /// last read by another warp than the last reader's, and its thread.
  uint32_t *reads;
};

} // namespace bcssl::simt

#endif // BCSSL_TOOLS_SIMT_EXECUTOR_SHADOW_H
