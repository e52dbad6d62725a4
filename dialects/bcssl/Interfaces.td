//===- Interfaces.td - interfaces of bcssl operations ----------*- tablegen -*-===//

#ifndef BCSSL_INTERFACES_TD
#define BCSSL_INTERFACES_TD

include "mlir/IR/OpBase.td"

def Bcssl_DifferentiableInterface : OpInterface<"DifferentiableInterface"> {
  let cppNamespace = "::bcssl";
  let description = [{
    An operation that knows its derivative. `bcssl-differentiate` calls
    `buildGradient` once per operation, in reverse order.
  }];
  let methods = [
    InterfaceMethod<[{
      Builds the gradients of the operands. `resultGradients` holds one value
      per result, null where no gradient flows. Returns one value per operand,
      null where the operand has no gradient (integers, constants, state), or
      nothing at all if this form of the operation has no derivative.
    }], "::llvm::SmallVector<::mlir::Value>", "buildGradient",
    (ins "::mlir::OpBuilder &":$builder,
         "::mlir::ValueRange":$resultGradients)>,
    InterfaceMethod<[{
      Whether the derivative by this operand is left out although it is not
      zero. Where it would be wanted, the model has to say `bcssl.stop_gradient`.
    }], "bool", "leavesOutGradient", (ins "unsigned":$operand), "",
    /*defaultImplementation=*/"(void)operand; return false;">
  ];
}

def Bcssl_ExpandableInterface : OpInterface<"ExpandableInterface"> {
  let cppNamespace = "::bcssl";
  let description = [{
    A coarse operation that can be written with `arith`, `math`,
    `bcssl.broadcast`, `bcssl.reduce` and the anchors (convolutions and
    contractions). `bcssl-expand` calls `expand` and replaces the operation.
  }];
  let methods = [
    InterfaceMethod<"Builds the expansion; returns one value per result.",
    "::llvm::SmallVector<::mlir::Value>", "expand",
    (ins "::mlir::OpBuilder &":$builder)>
  ];
}

#endif // BCSSL_INTERFACES_TD
