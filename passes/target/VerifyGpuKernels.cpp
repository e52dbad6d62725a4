//===- VerifyGpuKernels.cpp - what lowered GPU kernels must keep ----------===//

#include "passes/target/Passes.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/bit.h"

using namespace mlir;

namespace bcssl {
#define GEN_PASS_DEF_VERIFYGPUKERNELS
#include "passes/target/Passes.h.inc"

namespace {

constexpr unsigned sharedSpace = 3;

/// What every chip gives a block without being asked. More must be dynamic.
constexpr uint64_t mostStaticShared = 48 << 10;

/// The widest access of one thread.
constexpr uint64_t widestAccess = 16;

/// A tensor map is 128 bytes that the copy engine reads in two halves.
constexpr int64_t tensorMapAlignment = 64;

LogicalResult checkDeclaration(LLVM::LLVMFuncOp function) {
  if (!function.isExternal() || function.getName().starts_with("llvm."))
    return success();
  return function.emitOpError()
         << "has no body: expects kernels that call nothing, got a call of "
         << function.getName();
}

/// An internal array without elements gets a place of its own: dynamic shared
/// memory would lie over static one.
LogicalResult checkGlobal(LLVM::GlobalOp global, const DataLayout &layout) {
  if (global.getAddrSpace() != sharedSpace ||
      global.getLinkage() == LLVM::Linkage::External ||
      layout.getTypeSize(global.getType()).getFixedValue() > 0)
    return success();
  return global.emitOpError(
      "expects external linkage of shared memory without a size");
}

LogicalResult checkStaticShared(LLVM::LLVMFuncOp function,
                                gpu::GPUModuleOp module,
                                const DataLayout &layout) {
  llvm::SetVector<LLVM::GlobalOp> used;
  function.walk([&](LLVM::AddressOfOp address) {
    auto global = module.lookupSymbol<LLVM::GlobalOp>(address.getGlobalName());
    if (global && global.getAddrSpace() == sharedSpace)
      used.insert(global);
  });
  uint64_t bytes = 0;
  for (LLVM::GlobalOp global : used)
    bytes += layout.getTypeSize(global.getType()).getFixedValue();
  if (bytes <= mostStaticShared)
    return success();
  return function.emitOpError()
         << "expects at most " << mostStaticShared
         << " bytes of static shared memory, got " << bytes;
}

/// Without its alignment a vector is read element by element.
LogicalResult checkAccess(Operation *op, Type type, Value address,
                          std::optional<uint64_t> alignment) {
  auto vector = dyn_cast<VectorType>(type);
  if (!vector || vector.getNumElements() == 1 ||
      address.getDefiningOp<LLVM::AllocaOp>())
    return success();
  uint64_t bytes =
      vector.getNumElements() * vector.getElementTypeBitWidth() / 8;
  uint64_t wanted = std::min(widestAccess, llvm::bit_floor(bytes));
  if (alignment.value_or(1) >= wanted)
    return success();
  return op->emitOpError() << "expects an alignment of " << wanted
                           << " bytes for " << type << ", got "
                           << alignment.value_or(1);
}

/// Whether control can come from behind `from` to `to` without a wait for all
/// products of the warp group.
bool reachesWithoutWait(Operation *from, Operation *to) {
  llvm::SetVector<Block *> blocks;
  auto scan = [&](Block::iterator at, Block *block) {
    for (; at != block->end(); ++at) {
      if (&*at == to)
        return true;
      auto wait = dyn_cast<NVVM::WgmmaWaitGroupSyncOp>(*at);
      if (wait && wait.getGroup() == 0)
        return false;
    }
    blocks.insert(block->succ_begin(), block->succ_end());
    return false;
  };
  if (scan(std::next(from->getIterator()), from->getBlock()))
    return true;
  for (size_t i = 0; i < blocks.size(); ++i)
    if (scan(blocks[i]->begin(), blocks[i]))
      return true;
  return false;
}

/// The product is written while the warp group goes on: until a wait its
/// registers may only be handed to the next product.
LogicalResult checkProduct(NVVM::WgmmaMmaAsyncOp product) {
  llvm::SetVector<Value> values;
  values.insert(product.getResult());
  for (size_t i = 0; i < values.size(); ++i)
    for (OpOperand &use : values[i].getUses()) {
      Operation *user = use.getOwner();
      if (isa<NVVM::WgmmaMmaAsyncOp>(user))
        continue;
      if (auto branch = dyn_cast<BranchOpInterface>(user)) {
        if (auto argument =
                branch.getSuccessorBlockArgument(use.getOperandNumber()))
          values.insert(*argument);
        continue;
      }
      if (reachesWithoutWait(product, user))
        return user->emitOpError()
                   .append("reads a product of matrices that may not be there "
                           "yet: expects wgmma.wait.group 0 before")
                   .attachNote(product.getLoc())
               << "the product";
    }
  return success();
}

/// A tensor map that is passed by value must stay where the driver put it.
LogicalResult
checkTensorMap(NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp copy,
               LLVM::LLVMFuncOp function) {
  auto map = dyn_cast<BlockArgument>(copy.getTmaDescriptor());
  if (!map || map.getOwner() != &function.getBody().front())
    return success();
  unsigned number = map.getArgNumber();
  if (!function.getArgAttr(number, LLVM::LLVMDialect::getByValAttrName()))
    return success(); // an address in global memory
  auto alignment = function.getArgAttrOfType<IntegerAttr>(
      number, LLVM::LLVMDialect::getAlignAttrName());
  if (alignment && alignment.getInt() >= tensorMapAlignment &&
      function.getArgAttr(number, NVVM::NVVMDialect::getGridConstantAttrName()))
    return success();
  return copy.emitOpError()
         << "expects a tensor map that is a constant of the "
            "grid, aligned to "
         << tensorMapAlignment << " bytes, in argument " << number;
}

struct VerifyGpuKernels : impl::VerifyGpuKernelsBase<VerifyGpuKernels> {
  void runOnOperation() override {
    gpu::GPUModuleOp module = getOperation();
    DataLayout layout(module);
    bool isSound = true;
    auto note = [&](LogicalResult result) { isSound &= succeeded(result); };
    for (Operation &op : module.getBodyRegion().front()) {
      if (auto global = dyn_cast<LLVM::GlobalOp>(op))
        note(checkGlobal(global, layout));
      if (auto function = dyn_cast<LLVM::LLVMFuncOp>(op)) {
        note(checkDeclaration(function));
        note(checkStaticShared(function, module, layout));
        function.walk([&](Operation *inner) { note(check(inner, function)); });
      }
    }
    if (!isSound)
      return signalPassFailure();
    markAllAnalysesPreserved();
  }

  LogicalResult check(Operation *op, LLVM::LLVMFuncOp function) {
    if (auto load = dyn_cast<LLVM::LoadOp>(op))
      return checkAccess(op, load.getType(), load.getAddr(),
                         load.getAlignment());
    if (auto store = dyn_cast<LLVM::StoreOp>(op))
      return checkAccess(op, store.getValue().getType(), store.getAddr(),
                         store.getAlignment());
    if (auto product = dyn_cast<NVVM::WgmmaMmaAsyncOp>(op))
      return checkProduct(product);
    if (auto copy =
            dyn_cast<NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp>(op))
      return checkTensorMap(copy, function);
    return success();
  }
};

} // namespace
} // namespace bcssl
