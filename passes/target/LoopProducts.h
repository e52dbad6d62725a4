//===- LoopProducts.h - multiply-adds of loops in PTX -----------*- C++ -*-===//

#ifndef BCSSL_PASSES_TARGET_LOOPPRODUCTS_H
#define BCSSL_PASSES_TARGET_LOOPPRODUCTS_H

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"

namespace bcssl {

/// Of each kernel, the multiply-adds that stand in one turn of the loop with
/// most of them, loops inside it not counted, or outside of all loops if there
/// are more: those of one thread, a product of matrices being shared out among
/// the threads that compute it.
llvm::StringMap<int64_t> productsOfLoops(llvm::StringRef ptx);

} // namespace bcssl

#endif // BCSSL_PASSES_TARGET_LOOPPRODUCTS_H
