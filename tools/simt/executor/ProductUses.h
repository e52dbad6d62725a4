//===- ProductUses.h - who uses results of matrix products ------*- C++ -*-===//

#ifndef BCSSL_TOOLS_SIMT_EXECUTOR_PRODUCTUSES_H
#define BCSSL_TOOLS_SIMT_EXECUTOR_PRODUCTUSES_H

#include "llvm/IR/Function.h"
#include "llvm/IR/Instructions.h"

#include <vector>

namespace bcssl::simt {

/// An instruction before which products must be done.
struct ProductUse {
  llvm::Instruction *user;
  std::vector<llvm::CallInst *> products;
};

/// The uses of the results of `products`, wherever they are handed on: by
/// fields of a struct, by phi nodes, and from one product to the next, which
/// needs no wait. Of several uses of a product with no call between, the first.
std::vector<ProductUse>
findProductUses(llvm::Function &function,
                llvm::ArrayRef<llvm::CallInst *> products);

} // namespace bcssl::simt

#endif // BCSSL_TOOLS_SIMT_EXECUTOR_PRODUCTUSES_H
