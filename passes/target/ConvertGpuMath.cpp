//===- ConvertGpuMath.cpp - roots and the like for NVPTX ------------------===//
//
// PTX has instructions for these, which LLVM selects for its own intrinsics;
// the conversion of the GPU dialect, though, takes their operations for calls
// of libdevice and refuses them. Calls of intrinsics by name pass.
//
//===----------------------------------------------------------------------===//

#include "passes/target/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"

using namespace mlir;

namespace bcssl {
#define GEN_PASS_DEF_CONVERTGPUMATH
#include "passes/target/Passes.h.inc"

namespace {

Value callIntrinsic(OpBuilder &builder, Operation *op, StringRef name) {
  Type type = op->getResult(0).getType();
  std::string suffix = "f32";
  if (auto vector = dyn_cast<VectorType>(type))
    suffix = "v" + std::to_string(vector.getNumElements()) + suffix;
  auto call = LLVM::CallIntrinsicOp::create(
      builder, op->getLoc(), type,
      builder.getStringAttr("llvm." + name.str() + "." + suffix),
      op->getOperands());
  return call.getResult(0);
}

struct ConvertGpuMath : impl::ConvertGpuMathBase<ConvertGpuMath> {
  void runOnOperation() override {
    getOperation()->walk([](Operation *op) {
      if (!isa<math::SqrtOp, math::RsqrtOp, math::AbsFOp, math::FloorOp>(op) ||
          !getElementTypeOrSelf(op->getResult(0)).isF32())
        return;
      OpBuilder builder(op);
      StringRef name = isa<math::AbsFOp>(op)    ? "fabs"
                       : isa<math::FloorOp>(op) ? "floor"
                                                : "sqrt";
      Value result = callIntrinsic(builder, op, name);
      if (isa<math::RsqrtOp>(op)) {
        // The approximation of PTX is two units in the last place off.
        TypedAttr one = builder.getF32FloatAttr(1.0f);
        if (auto vector = dyn_cast<VectorType>(result.getType()))
          one = DenseElementsAttr::get(vector, Attribute(one));
        Value numerator = arith::ConstantOp::create(builder, op->getLoc(), one);
        result =
            arith::DivFOp::create(builder, op->getLoc(), numerator, result);
      }
      op->getResult(0).replaceAllUsesWith(result);
      op->erase();
    });
  }
};

} // namespace
} // namespace bcssl
