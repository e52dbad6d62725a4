//===- MemoryContents.h - which bytes lie where -----------------*- C++ -*-===//

#ifndef BCSSL_PASSES_SCHEDULE_MEMORYCONTENTS_H
#define BCSSL_PASSES_SCHEDULE_MEMORYCONTENTS_H

#include "passes/schedule/MemoryPlan.h"

#include <map>

namespace bcssl {

/// Bytes of a value: a variable's or input's old value, or a kernel's result.
struct Content {
  mlir::Value value;   ///< null for a variable that the program does not read
  VariableOp variable; ///< only then
  int64_t from = 0;    ///< the first of the value's bytes
  mlir::Operation *writer = nullptr; ///< null before the program runs

  bool operator==(const Content &other) const {
    return value == other.value && variable == other.variable &&
           from == other.from;
  }
};

/// The contents of all spaces at one moment of a program.
class MemoryContents {
public:
  /// The slot's bytes become those of a value, from `content.from` on.
  void write(const Slot &slot, const Content &content);

  /// Moves bytes; what was unknown stays so.
  void move(const Slot &from, const Slot &to);

  /// What stands in the way of reading `content` from the slot.
  struct Mismatch {
    mlir::Operation *writer; ///< null where nothing was written
  };
  std::optional<Mismatch> mismatch(const Slot &slot,
                                   const Content &content) const;

private:
  struct Run {
    int64_t end;
    Content content;
  };
  using Runs = std::map<int64_t, Run>; // by first byte; disjoint

  static Content at(const Runs::value_type &run, int64_t offset);
  static void cutAt(Runs &runs, int64_t offset);
  Runs &runsOf(const Slot &slot) {
    return spaces[static_cast<size_t>(slot.space)];
  }

  Runs spaces[4];
};

} // namespace bcssl

#endif // BCSSL_PASSES_SCHEDULE_MEMORYCONTENTS_H
