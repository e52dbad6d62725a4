//===- CheckProgram.cpp - what the memory plan can place ------------------===//

#include "passes/schedule/CheckProgram.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace bcssl {
namespace {

/// Bytes of a larger tensor, with their sums, might not fit 64 bits.
constexpr uint64_t mostElements = uint64_t{1} << 40;

/// Whether the tensor's size is known and sensible.
bool isSized(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape() ||
      !tensor.getElementType().isIntOrFloat())
    return false;
  uint64_t elements = 1;
  for (int64_t size : tensor.getShape())
    elements = llvm::SaturatingMultiply(elements, static_cast<uint64_t>(size));
  return elements <= mostElements;
}

/// Whether the artifact also has a name for the element type.
bool isStorable(Type type) {
  if (!isSized(type))
    return false;
  Type element = cast<RankedTensorType>(type).getElementType();
  return element.isF32() || element.isBF16() || element.isInteger(32);
}

LogicalResult reportType(InFlightDiagnostic error, Type type) {
  return error
         << "expects f32, bf16 or i32 elements and at most 2^40 of them, got "
         << type;
}

/// Checks the names of all arguments or of all results.
class PortChecker {
public:
  PortChecker(func::FuncOp function, StringRef kind)
      : function(function), kind(kind) {}

  LogicalResult check(unsigned number, Type type, DictionaryAttr attributes,
                      StringRef portName) {
    StringAttr variable, port;
    if (attributes) {
      variable = attributes.getAs<StringAttr>("bcssl.variable");
      port = attributes.getAs<StringAttr>(portName);
    }
    auto error = [&] {
      return function.emitOpError() << kind << " " << number << " ";
    };
    if (!variable == !port)
      return error() << "expects either `bcssl.variable` or `" << portName
                     << "` with a name";
    StringRef name = variable ? variable.getValue() : port.getValue();
    if (!names[variable != nullptr].insert(name).second)
      return error() << "expects a name that occurs once, got '" << name
                     << "' again";
    if (!variable) {
      // Images may come as bytes; nothing else does.
      bool bytes = portName == "bcssl.input" && isSized(type) &&
                   cast<RankedTensorType>(type).getElementType().isInteger(8);
      return bytes || isStorable(type) ? success() : reportType(error(), type);
    }
    auto declared = dyn_cast_or_null<VariableOp>(
        SymbolTable::lookupSymbolIn(function->getParentOp(), variable));
    if (!declared)
      return error() << "expects the name of a bcssl.variable, got '" << name
                     << "'";
    if (declared.getType() != type)
      return error() << "expects the type of variable '" << name << "', "
                     << declared.getType() << ", got " << type;
    return success();
  }

private:
  func::FuncOp function;
  StringRef kind;
  llvm::StringSet<> names[2]; // ports, variables
};

} // namespace

LogicalResult checkVariable(VariableOp variable) {
  if (isStorable(variable.getType()))
    return success();
  return reportType(variable.emitOpError(), variable.getType());
}

LogicalResult checkKernelsAlone(func::FuncOp function) {
  if (!function.getBody().hasOneBlock())
    return function.emitOpError("expects one block");
  for (Operation &op : function.getBody().front()) {
    if (!isa<KernelOp, ReshapeOp, SliceOp, func::ReturnOp>(op))
      return op.emitOpError(
          "expects kernels, reshapes and slices alone: run bcssl-form-kernels "
          "first");
    for (Type type : op.getResultTypes())
      if (!isSized(type))
        return op.emitOpError()
               << "expects at most 2^40 elements, got " << type;
  }
  return success();
}

LogicalResult checkProgram(func::FuncOp function) {
  if (failed(checkKernelsAlone(function)))
    return failure();
  PortChecker arguments(function, "argument"), results(function, "result");
  for (auto [number, type] : llvm::enumerate(function.getArgumentTypes()))
    if (failed(arguments.check(number, type, function.getArgAttrDict(number),
                               "bcssl.input")))
      return failure();
  for (auto [number, type] : llvm::enumerate(function.getResultTypes()))
    if (failed(results.check(number, type, function.getResultAttrDict(number),
                             "bcssl.output")))
      return failure();
  return success();
}

} // namespace bcssl
