//===- Operations.cpp - instructions that are called ----------------------===//

#include "tools/simt/executor/Operations.h"

namespace bcssl::simt {
namespace {

void doNothing(Thread &, uint64_t *, const uint64_t *, uint64_t) {}

OperationTable makeTable() {
  OperationTable table;
  addBarriers(table);
  addWarpOperations(table);
  addMatrixOperations(table);
  addAsyncCopies(table);
  addMBarriers(table);
  addTensorCopies(table);
  addProducts(table);
  // Threads of a block share one thread of the host, blocks share no cell.
  for (const char *fence :
       {"membar.cta", "membar.gl", "membar.sys",
        "fence.mbarrier_init.release.cluster", "prefetch.tensormap",
        "setmaxnreg.inc.sync.aligned.u32", "setmaxnreg.dec.sync.aligned.u32"})
    table["llvm.nvvm." + std::string(fence)] = {doNothing};
  return table;
}

} // namespace

const Operation *findOperation(std::string_view intrinsic) {
  static const OperationTable table = makeTable();
  auto place = table.find(intrinsic);
  if (place == table.end()) {
    size_t dot = intrinsic.rfind(".p");
    if (dot != intrinsic.npos && dot + 3 == intrinsic.size())
      place = table.find(intrinsic.substr(0, dot));
  }
  return place == table.end() ? nullptr : &place->second;
}

std::optional<Assembly> findAssembly(std::string_view text,
                                     size_t operandCount) {
  if (auto product = findProduct(text, operandCount))
    return product;
  return findPhaseWait(text, operandCount);
}

} // namespace bcssl::simt
