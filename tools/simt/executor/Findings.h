//===- Findings.h - what a run did wrong ------------------------*- C++ -*-===//

#ifndef BCSSL_TOOLS_SIMT_EXECUTOR_FINDINGS_H
#define BCSSL_TOOLS_SIMT_EXECUTOR_FINDINGS_H

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

namespace bcssl::simt {

enum class FindingKind : uint8_t {
  OutOfBounds,   ///< an access outside allocations or the block's shared memory
  Misaligned,    ///< an address that the width of the access does not allow
  Uninitialized, ///< a read of bytes that nobody wrote
  Race,          ///< two accesses that nothing orders, one of them a write
  MissingWait,   ///< what an asynchronous instruction makes or reads is used
                 ///< before its wait
  MissingFence,  ///< asynchronous reads that do not see earlier writes
  Deadlock,      ///< threads that wait for others that never come
  Divergence,    ///< lanes or threads that meet at different instructions
  BadOperand,    ///< an operand that the instruction does not allow
  Unsupported,   ///< an instruction that the executor does not know
};

/// The name of the kind, as reports print it: "out-of-bounds", "race", ...
const char *nameOf(FindingKind kind);

struct Finding {
  FindingKind kind = FindingKind::BadOperand;
  std::string kernel;             ///< empty where no kernel is concerned
  std::string location;           ///< "model.cpp:12 load of 16 bytes", or empty
  std::string detail;             ///< what is wrong; equal for equal faults
  uint32_t block = 0, thread = 0; ///< linear indices of the first occurrence
  int64_t otherThread = -1;       ///< of the same block, in a race; -1: none
  uint64_t address = 0;           ///< of the first occurrence; 0: none
  uint64_t count = 1;             ///< occurrences

  /// One line: kind, kernel, location, block, thread, address, detail.
  std::string text() const;
};

/// Collects findings of all threads; equal ones are counted, not repeated.
class Findings {
public:
  using Listener = std::function<void(const Finding &)>;

  /// `listener` sees each new finding once.
  explicit Findings(Listener listener = {}) : listener(std::move(listener)) {}

  void add(Finding finding);
  /// Occurrences of all findings together.
  uint64_t count() const;
  uint64_t count(FindingKind kind) const;
  /// Distinct findings in the order in which they occurred.
  std::vector<Finding> all() const;
  void clear();

private:
  mutable std::mutex mutex;
  Listener listener;
  std::vector<Finding> found;
  std::map<std::tuple<FindingKind, std::string, std::string, std::string>,
           size_t>
      places;
  std::map<FindingKind, uint64_t> totals;
};

} // namespace bcssl::simt

#endif // BCSSL_TOOLS_SIMT_EXECUTOR_FINDINGS_H
