//===- MBarrier.h - barriers that are words of shared memory ----*- C++ -*-===//

#ifndef BCSSL_TOOLS_SIMT_EXECUTOR_MBARRIER_H
#define BCSSL_TOOLS_SIMT_EXECUTOR_MBARRIER_H

#include "tools/simt/executor/Operations.h"

namespace bcssl::simt {

/// Whether an initialised barrier lies at the address, which may be read.
bool isMBarrier(const void *address);

/// A transaction of so many bytes on the barrier is done.
void completeBytes(Block &block, void *barrier, uint64_t bytes);

/// One arrival more is expected in this phase; one of them has come.
void expectArrival(void *barrier);
void completeArrival(Block &block, void *barrier);

} // namespace bcssl::simt

#endif // BCSSL_TOOLS_SIMT_EXECUTOR_MBARRIER_H
