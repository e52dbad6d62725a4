//===- Operations.h - instructions that are called --------------*- C++ -*-===//
//
// NVVM intrinsics that need more than the thread itself are called: barriers,
// collectives of a warp, matrix products, asynchronous copies. Every one has a
// line in a table of the file that holds it.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_TOOLS_SIMT_EXECUTOR_OPERATIONS_H
#define BCSSL_TOOLS_SIMT_EXECUTOR_OPERATIONS_H

#include "tools/simt/executor/Block.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace bcssl::simt {

/// Does an instruction for one thread. Operands and results are widened to 64
/// bits each: floats by their bits, pointers as generic addresses.
using Handler = void (*)(Thread &thread, uint64_t *results,
                         const uint64_t *operands, uint64_t parameter);

struct Operation {
  Handler handler = nullptr;
  uint64_t parameter = 0; ///< what the name says beyond the handler: a width
};

/// By the name of the intrinsic, without the address spaces at its end.
using OperationTable = std::map<std::string, Operation, std::less<>>;

void addBarriers(OperationTable &table);
void addWarpOperations(OperationTable &table);
void addMatrixOperations(OperationTable &table);
void addAsyncCopies(OperationTable &table);
void addMBarriers(OperationTable &table);
void addTensorCopies(OperationTable &table);
void addProducts(OperationTable &table);

/// The operation of an intrinsic ("llvm.nvvm.shfl.sync.bfly.i32"), or null.
const Operation *findOperation(std::string_view intrinsic);

/// What a use of a product's result checks: that none of the products of the
/// site is in flight.
extern const Operation productUse;

/// Inline PTX that is known.
struct Assembly {
  std::string name; ///< in findings
  Operation operation;
  bool isProduct = false; ///< its results are there after a wait
};

/// A product of matrices with so many operands, or nothing.
std::optional<Assembly> findProduct(std::string_view text, size_t operandCount);
/// A loop that waits for a phase of an mbarrier, or nothing.
std::optional<Assembly> findPhaseWait(std::string_view text,
                                      size_t operandCount);
/// Either.
std::optional<Assembly> findAssembly(std::string_view text,
                                     size_t operandCount);

} // namespace bcssl::simt

#endif // BCSSL_TOOLS_SIMT_EXECUTOR_OPERATIONS_H
