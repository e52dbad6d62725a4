//===- Shadow.h - who last touched which bytes ------------------*- C++ -*-===//
//
// Beside memory stands a shadow: which bytes were written at all, which are the
// target of an asynchronous copy in flight, and, for each cell of two bytes,
// who wrote and who read it last. Two accesses are ordered when they come from
// one thread, from different launches, or have a barrier of the block (threads
// of a block) or of the warp (lanes of a warp) between them. A barrier of some
// threads and a completed mbarrier count as one of the whole block, so that
// faults may be missed there, and right programs are never blamed.
//
// Matrix products read shared memory asynchronously (through the async proxy):
// they see earlier writes of threads only behind a proxy fence, and nobody may
// write what they still read. A fence counts for the writes of its own warp and
// for all writes before the barrier that it stands behind.
//
// Bytes next to each other in one cell are taken for one place: kernels that
// write single bytes from different threads would be blamed wrongly.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_TOOLS_SIMT_EXECUTOR_SHADOW_H
#define BCSSL_TOOLS_SIMT_EXECUTOR_SHADOW_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bcssl::simt {

/// Who accesses, and when.
struct Moment {
  uint32_t run = 0;       ///< number of the block's run, unique, from 1
  uint32_t firstRun = 0;  ///< of the launch: earlier runs are over
  uint16_t thread = 0;    ///< in the block
  uint16_t epoch = 0;     ///< barriers of the block so far
  uint16_t warpEpoch = 0; ///< barriers of the warp so far
  /// The number that the block's next proxy fence gets, from 1; 0 where nobody
  /// reads asynchronously: in global memory.
  uint32_t nextFence = 0;
};

/// The proxy fences of a block.
struct Fences {
  uint32_t count = 0;
  uint16_t lastEpoch = 0;
  std::vector<uint32_t> lastOfWarp;
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
  explicit Shadow(uint64_t bytes);
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
    uint16_t writeEpoch, readEpoch, writeWarpEpoch, readWarpEpoch;
    uint16_t writeThread;
    uint16_t readThread : 11, readers : 2;
  };

  static bool isOrdered(uint32_t run, uint16_t thread, uint16_t epoch,
                        uint16_t warpEpoch, const Moment &moment);
  static void noteRead(Cell &cell, const Moment &moment);
  static void noteWrite(Cell &cell, const Moment &moment);
  static bool readsAreOrdered(const Cell &cell, const Moment &moment);
  void setMarks(uint64_t offset, uint64_t bytes, bool written);
  Judgement judgeWrite(uint64_t offset, uint64_t bytes, const Moment &moment,
                       bool isCopy);

  uint64_t cellCount;
  Cell *cells;
  uint8_t *marks; ///< a cell: bits 0 and 1 bytes written, bit 2 copy in flight
  uint32_t *nextFences; ///< a cell: of its last write by a thread, or 0
  uint16_t *asyncReads; ///< a cell: how many are in flight
};

} // namespace bcssl::simt

#endif // BCSSL_TOOLS_SIMT_EXECUTOR_SHADOW_H
