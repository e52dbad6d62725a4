//===- Grouping.h - which operation belongs to which kernel -----*- C++ -*-===//

#ifndef BCSSL_PASSES_FUSION_GROUPING_H
#define BCSSL_PASSES_FUSION_GROUPING_H

#include "passes/fusion/OpKinds.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"

namespace bcssl {

/// One kernel-to-be.
struct Group {
  KernelFamily family;
  llvm::SmallVector<int64_t> space; ///< iteration space; rank 0 for scalars
  llvm::SmallVector<mlir::Operation *>
      members; ///< in program order, without constants and broadcasts
  /// Operations of other groups that this one computes again.
  llvm::SetVector<mlir::Operation *> recomputed;
};

struct GroupingOptions {
  bool fuse = true;
  int64_t contractionRows = 56; ///< of one partial sum beside a contraction
  int64_t partialSums = 64;     ///< of a column reduction in a rowwise kernel
};

/// A kernel takes no more operations than this: each may bring an operand, and
/// address registers run out.
inline constexpr size_t maxMembers = 64;

/// The partition of one block. Operations are added in program order.
class Grouping {
public:
  Grouping(mlir::Block &block, const GroupingOptions &options)
      : block(block), options(options) {}

  /// Partitions the block; splits column reductions on the way.
  void run();

  std::vector<Group> &getGroups() { return groups; }
  /// The group of an operation, or -1.
  int groupOf(mlir::Operation *op) const;
  /// Whether the value lies in memory: it crosses from one kernel to another,
  /// or is an argument or a result of the program.
  bool isStored(mlir::Value value) const;
  /// Calls `visit` for the values that an operation's operands stand for once
  /// broadcasts are looked through.
  static void forOperands(mlir::Operation *op,
                          llvm::function_ref<void(mlir::Value)> visit);

private:
  void add(mlir::Operation *op);
  void addColumnReduce(ReduceOp op);
  int newGroup(mlir::Operation *op, KernelFamily family,
               llvm::ArrayRef<int64_t> space);
  void join(mlir::Operation *op, int group);
  llvm::SmallVector<int> candidates(mlir::Operation *op);
  llvm::SmallVector<int> columnwiseCandidates(ReduceOp op);
  int readerOfBoth(mlir::Operation *op);
  bool mayJoin(mlir::Operation *op, int group);
  bool createsCycle(mlir::Operation *op, int group);
  bool reaches(int from, int to);
  int64_t partialRows(int group) const;
  void joinFlatGroups();
  bool mayBeOne(int from, int into);
  bool readsDirectly(mlir::Operation *op, int group);
  void moveMembers(int from, int into);
  void removeEmptyGroups();

  mlir::Block &block;
  GroupingOptions options;
  std::vector<Group> groups;
  std::vector<llvm::SetVector<int>>
      producers; ///< per group, the groups it reads from
  llvm::DenseMap<mlir::Operation *, int> groupOfOp;
};

/// The memory root of a value: reshapes and slices looked through.
mlir::Value rootOf(mlir::Value value);

/// Lets every reader compute conditions (tensors of i1) again: bits are never
/// stored.
void recomputeConditions(Grouping &grouping);

/// Lets readers compute cheap pointwise values again where they read no more
/// memory for it.
void recomputeCheapValues(Grouping &grouping);

/// Replaces the groups by `bcssl.kernel` operations in a valid order.
void outlineGroups(mlir::Block &block, Grouping &grouping);

} // namespace bcssl

#endif // BCSSL_PASSES_FUSION_GROUPING_H
