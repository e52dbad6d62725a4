//===- Dialect.td - the bcssl dialect --------------------------*- tablegen -*-===//
//
// Shared definitions of the bcssl dialect: the dialect itself, the types its
// operations take, and the base class of its operations.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_DIALECT_TD
#define BCSSL_DIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/CommonAttrConstraints.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "dialects/bcssl/Interfaces.td"

def Bcssl_Dialect : Dialect {
  let name = "bcssl";
  let cppNamespace = "::bcssl";
  let summary = "Training steps of vision models on tensors";
  let description = [{
    Operations of convolutional self-supervised and supervised train steps on
    tensors of static shape. Feature maps are NHWC. No memory and no device
    occurs here; pointwise arithmetic is written with `arith` and `math`
    operations on tensors.
  }];
  let usePropertiesForAttributes = 1;
  let useDefaultAttributePrinterParser = 1;
}

// Every size is known and at least 1, so that means, quotients and kernels
// need no case for empty tensors.
def Bcssl_HasPositiveSizes : CPred<
    "::llvm::all_of(::llvm::cast<::mlir::ShapedType>($_self).getShape(), "
    "[](int64_t size) { return size > 0; })">;

class Bcssl_TensorOf<list<Type> elements, string what, list<Pred> preds = []>
    : RankedTensorOf<elements, !listconcat([Bcssl_HasPositiveSizes], preds), what>;
class Bcssl_FloatTensor<string what, list<Pred> preds = []>
    : Bcssl_TensorOf<[F32, BF16, F64], what, preds>;

def Bcssl_AnyTensor : Bcssl_TensorOf<[AnyType], "tensor of positive sizes">;
def Bcssl_Tensor : Bcssl_FloatTensor<"tensor of positive sizes">;
def Bcssl_Rows : Bcssl_FloatTensor<"tensor of positive sizes and rank 1 or more",
                                   [HasRankGreaterOrEqualPred<1>]>;
def Bcssl_FeatureMap : Bcssl_FloatTensor<"4D tensor of positive sizes", [HasAnyRankOfPred<[4]>]>;
def Bcssl_Filter : Bcssl_FloatTensor<"3D tensor of positive sizes", [HasAnyRankOfPred<[3]>]>;
def Bcssl_Matrix : Bcssl_FloatTensor<"2D tensor of positive sizes", [HasAnyRankOfPred<[2]>]>;
def Bcssl_Vector : Bcssl_FloatTensor<"1D tensor of positive sizes", [HasAnyRankOfPred<[1]>]>;
def Bcssl_Scalar : Bcssl_FloatTensor<"0D tensor", [HasAnyRankOfPred<[0]>]>;
def Bcssl_IntVector : Bcssl_TensorOf<[I32], "1D tensor of positive sizes", [HasAnyRankOfPred<[1]>]>;

class Bcssl_Op<string mnemonic, list<Trait> traits = []>
    : Op<Bcssl_Dialect, mnemonic, traits>;

// A pure operation with a derivative (dialects/bcssl/Interfaces.td).
class Bcssl_DifferentiableOp<string mnemonic, list<Trait> traits = []>
    : Bcssl_Op<mnemonic, !listconcat([Pure,
        DeclareOpInterfaceMethods<Bcssl_DifferentiableInterface>], traits)>;

#endif // BCSSL_DIALECT_TD
