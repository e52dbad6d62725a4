//===- ProductUses.cpp - who uses results of matrix products --------------===//

#include "tools/simt/executor/ProductUses.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallPtrSet.h"

#include <algorithm>

using namespace llvm;

namespace bcssl::simt {
namespace {

/// Whether the instruction only hands the registers on.
bool isHandover(const Instruction &instruction) {
  return isa<ExtractValueInst, InsertValueInst, PHINode, FreezeInst>(
      instruction);
}

} // namespace

std::vector<ProductUse> findProductUses(Function &function,
                                        ArrayRef<CallInst *> products) {
  SmallPtrSet<const Instruction *, 8> isProduct(products.begin(),
                                                products.end());
  DenseMap<Instruction *, SmallVector<CallInst *, 2>> used;
  for (CallInst *product : products) {
    SetVector<Instruction *> holders;
    SmallPtrSet<Instruction *, 16> users;
    holders.insert(product);
    for (size_t i = 0; i < holders.size(); ++i)
      for (User *user : holders[i]->users()) {
        auto *instruction = cast<Instruction>(user);
        if (isProduct.contains(instruction))
          continue;
        if (isHandover(*instruction))
          holders.insert(instruction);
        else if (users.insert(instruction).second)
          used[instruction].push_back(product);
      }
  }
  std::vector<ProductUse> uses;
  for (BasicBlock &block : function) {
    SmallPtrSet<CallInst *, 4> checked;
    for (Instruction &instruction : block) {
      if (auto place = used.find(&instruction); place != used.end()) {
        ProductUse use{&instruction, {}};
        for (CallInst *product : place->second)
          if (checked.insert(product).second)
            use.products.push_back(product);
        if (!use.products.empty())
          uses.push_back(std::move(use));
      }
      if (isa<CallInst>(instruction))
        checked.clear();
    }
  }
  return uses;
}

} // namespace bcssl::simt
