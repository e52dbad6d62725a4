//===- TensorMap.h - tensors for the GPU's copy engine ----------*- C++ -*-===//
//
// Chips from sm_90 on copy boxes of a tensor to shared memory by themselves
// (TMA). They read what the tensor is from a tensor map of 128 bytes, which the
// driver makes where the address is known: a kernel's function has one pointer
// to each behind its buffers, and the attribute `bcssl.tensor_maps` that says
// what they hold.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_PASSES_CODEGEN_GPU_TENSORMAP_H
#define BCSSL_PASSES_CODEGEN_GPU_TENSORMAP_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/SmallVector.h"

#include <string>

namespace bcssl {

/// A view of one buffer of a kernel, from its first element on. Dimension 0 is
/// the innermost: its elements are neighbours. What a copy asks for outside the
/// sizes becomes zero.
struct GpuTensorMap {
  int64_t buffer = 0;                    ///< number among the kernel's buffers
  int64_t elementBytes = 2;              ///< of the buffer
  llvm::SmallVector<int64_t, 5> sizes;   ///< elements, 1 to 5 dimensions
  llvm::SmallVector<int64_t, 4> strides; ///< elements, of dimensions 1 ...
  llvm::SmallVector<int64_t, 5> box;     ///< elements that one copy brings
  /// Rows of so many bytes have their pieces of 16 bytes exchanged in shared
  /// memory: 32, 64 or 128; 0 for as they lie.
  int64_t swizzleBytes = 0;

  int64_t boxBytes() const;
  bool operator==(const GpuTensorMap &) const = default;
};

/// The function attribute, an array of dictionaries.
inline constexpr llvm::StringLiteral tensorMapsAttrName = "bcssl.tensor_maps";

/// Why the driver would refuse the map or a copy would leave a buffer of so
/// many bytes, whose address is a multiple of 16; empty if neither.
std::string problemOf(const GpuTensorMap &map, int64_t bufferBytes);

mlir::ArrayAttr toAttribute(mlir::MLIRContext *context,
                            llvm::ArrayRef<GpuTensorMap> maps);

/// The maps of a kernel's function, none where it has no attribute. The module
/// may come from a file: reports an attribute that is none of ours.
mlir::FailureOr<llvm::SmallVector<GpuTensorMap, 0>>
tensorMapsOf(mlir::FunctionOpInterface function);

} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_GPU_TENSORMAP_H
