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
}

def Bcssl_Float : AnyTypeOf<[F32, BF16, F64]>;
def Bcssl_Tensor : StaticShapeTensorOf<[F32, BF16, F64]>;
def Bcssl_IntTensor : StaticShapeTensorOf<[I32]>;
def Bcssl_FeatureMap : 4DTensorOf<[F32, BF16, F64]>;
def Bcssl_Filter : 3DTensorOf<[F32, BF16, F64]>;
def Bcssl_Matrix : 2DTensorOf<[F32, BF16, F64]>;
def Bcssl_Vector : 1DTensorOf<[F32, BF16, F64]>;
def Bcssl_Scalar : 0DTensorOf<[F32, BF16, F64]>;

class Bcssl_Op<string mnemonic, list<Trait> traits = []>
    : Op<Bcssl_Dialect, mnemonic, traits>;

// A pure operation with a derivative (dialects/bcssl/Interfaces.td).
class Bcssl_DifferentiableOp<string mnemonic, list<Trait> traits = []>
    : Bcssl_Op<mnemonic, !listconcat([Pure,
        DeclareOpInterfaceMethods<Bcssl_DifferentiableInterface>], traits)>;

#endif // BCSSL_DIALECT_TD
