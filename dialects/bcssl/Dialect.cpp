//===- Dialect.cpp - registration of the bcssl dialect --------------------===//

#include "dialects/bcssl/Bcssl.h"

#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace bcssl;

#include "dialects/bcssl/Dialect.cpp.inc"
#include "dialects/bcssl/Enums.cpp.inc"
#include "dialects/bcssl/Interfaces.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/bcssl/Attributes.cpp.inc"

void BcsslDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/bcssl/Attributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/bcssl/Ops.cpp.inc"
      >();
}

#define GET_OP_CLASSES
#include "dialects/bcssl/Ops.cpp.inc"
