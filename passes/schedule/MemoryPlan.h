//===- MemoryPlan.h - what a memory plan says -------------------*- C++ -*-===//

#ifndef BCSSL_PASSES_SCHEDULE_MEMORYPLAN_H
#define BCSSL_PASSES_SCHEDULE_MEMORYPLAN_H

#include "dialects/bcssl/Bcssl.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <optional>

namespace bcssl {

/// Numbers of the schema's Space.
enum class Space : int64_t { Arena = 0, State = 1, Input = 2, Output = 3 };

/// A run of bytes: the attribute [space, offset, bytes].
struct Slot {
  Space space = Space::Arena;
  int64_t offset = 0;
  int64_t bytes = 0;

  int64_t end() const { return offset + bytes; }
  bool overlaps(const Slot &other) const {
    return space == other.space && offset < other.end() && other.offset < end();
  }
  bool operator==(const Slot &) const = default;
};

mlir::ArrayAttr toAttribute(mlir::MLIRContext *context, const Slot &slot);
/// Nothing where the attribute is no slot.
std::optional<Slot> toSlot(mlir::Attribute attribute);

/// Bytes of a tensor.
int64_t bytesOf(mlir::Type type);

/// Byte distance of a value from its memory root (`rootOf`).
int64_t offsetFromRoot(mlir::Value value);

/// Whether a kernel reads its operand only at the element of the result that
/// it writes, so that the two may share a place.
bool readsSameElement(KernelOp kernel, unsigned operand, unsigned result);

/// A plan may come from a file: reports programs that cannot be planned, and
/// attributes of `bcssl-plan-memory` that are not there. What they say is the
/// matter of `bcssl-verify-memory`.
mlir::LogicalResult checkMemoryPlan(mlir::ModuleOp module);

} // namespace bcssl

#endif // BCSSL_PASSES_SCHEDULE_MEMORYPLAN_H
