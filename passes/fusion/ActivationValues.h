//===- ActivationValues.h - what a value has to do with images --*- C++ -*-===//

#ifndef BCSSL_PASSES_FUSION_ACTIVATIONVALUES_H
#define BCSSL_PASSES_FUSION_ACTIVATIONVALUES_H

#include "passes/fusion/OpKinds.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/EquivalenceClasses.h"

namespace bcssl {

/// Tells feature maps and their gradients from parameters, statistics and
/// losses in a program of kernels.
class ActivationValues {
public:
  explicit ActivationValues(mlir::Block &program);

  /// Whether the value has channels of images (or their gradients) for elements
  /// and is no part of a probability distribution. Sums over images are none,
  /// thus neither gradients of parameters nor what an optimizer makes of them;
  /// nor are the statistics of rows.
  bool isActivation(mlir::Value value) const;

private:
  /// What of the images a value has.
  enum class Extent {
    None, ///< nothing: parameters, sums over images
    Rows, ///< one value for each row of channels
    Full, ///< channels
  };

  void visit(mlir::Operation *op);
  Extent extentOf(mlir::Operation *op) const;
  void assign(mlir::Value value, mlir::Value from);

  llvm::DenseMap<mlir::Value, Extent> extents;
  /// Values joined by pointwise arithmetic and by changes of place.
  llvm::EquivalenceClasses<void *> joined;
  /// Members of classes that a maximum over rows is taken of: softmax.
  llvm::SmallVector<mlir::Value> logits;
};

} // namespace bcssl

#endif // BCSSL_PASSES_FUSION_ACTIVATIONVALUES_H
