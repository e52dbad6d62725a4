//===- Bcssl.h - the bcssl dialect ------------------------------*- C++ -*-===//
//
// Declares the dialect, its attributes, interfaces and operations.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_DIALECTS_BCSSL_BCSSL_H
#define BCSSL_DIALECTS_BCSSL_BCSSL_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/bcssl/Dialect.h.inc"
#include "dialects/bcssl/Enums.h.inc"
#include "dialects/bcssl/Interfaces.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/bcssl/Attributes.h.inc"
#define GET_OP_CLASSES
#include "dialects/bcssl/Ops.h.inc"

#endif // BCSSL_DIALECTS_BCSSL_BCSSL_H
