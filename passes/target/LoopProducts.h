//===- LoopProducts.h - multiply-adds of loops in PTX -----------*- C++ -*-===//

#ifndef BCSSL_PASSES_TARGET_LOOPPRODUCTS_H
#define BCSSL_PASSES_TARGET_LOOPPRODUCTS_H

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"

namespace bcssl {

/// Of each kernel, the multiply-adds of one thread that stand in one turn of
/// the loop with most of them. Where there are products of matrices only these
/// count, shared out among the threads that compute them. Loops that have
/// others inside or store to global memory, and what stands outside of loops,
/// count where no other loop multiplies: turns that were taken out of a loop
/// stand there, too.
llvm::StringMap<int64_t> productsOfLoops(llvm::StringRef ptx);

} // namespace bcssl

#endif // BCSSL_PASSES_TARGET_LOOPPRODUCTS_H
