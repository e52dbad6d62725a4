//===- Import.cpp - from a recorded graph to MLIR -------------------------===//

#include "frontend/Import.h"
#include "dialects/bcssl/Bcssl.h"
#include "frontend/Print.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

// Inside the namespace, so that the frontend's names go before MLIR's.
namespace bcssl::frontend {
namespace {

class Importer {
public:
  explicit Importer(MLIRContext &context) : builder(&context) {}

  OwningOpRef<ModuleOp> import(const Graph &graph) {
    OwningOpRef<ModuleOp> module(ModuleOp::create(builder.getUnknownLoc()));
    builder.setInsertionPointToEnd(module->getBody());
    for (const VariableDeclaration &variable : graph.variables)
      importVariable(variable);
    for (const Procedure &procedure : graph.procedures)
      importProcedure(procedure);
    return module;
  }

private:
  Location location(Where where) {
    return FileLineColLoc::get(builder.getContext(), where.file_name(),
                               where.line(), where.column());
  }

  RankedTensorType tensorType(const TensorType &type) {
    switch (type.element) {
    case ElementType::F32:
      return RankedTensorType::get(type.shape, builder.getF32Type());
    case ElementType::BF16:
      return RankedTensorType::get(type.shape, builder.getBF16Type());
    case ElementType::I32:
      return RankedTensorType::get(type.shape, builder.getI32Type());
    case ElementType::I1:
      return RankedTensorType::get(type.shape, builder.getI1Type());
    case ElementType::U8:
      return RankedTensorType::get(type.shape, builder.getI8Type());
    }
    llvm_unreachable("all element types are handled");
  }

  void importVariable(const VariableDeclaration &variable);
  void importProcedure(const Procedure &procedure);
  void importNode(const Procedure &procedure, const Node &node,
                  std::vector<Value> &values);
  mlir::Attribute importAttribute(const Node &node,
                                  const frontend::Attribute &attribute,
                                  Type resultType);
  DictionaryAttr portAttribute(const Port &port, StringRef plainKind) {
    StringRef kind = port.isVariable ? "bcssl.variable" : plainKind;
    return builder.getDictionaryAttr(
        builder.getNamedAttr(kind, builder.getStringAttr(port.name)));
  }

  OpBuilder builder;
};

} // namespace

void Importer::importVariable(const VariableDeclaration &variable) {
  OperationState state(location(variable.where),
                       VariableOp::getOperationName());
  auto add = [&](StringRef name, mlir::Attribute value) {
    state.addAttribute(name, value);
  };
  add("sym_name", builder.getStringAttr(variable.name));
  add("type", TypeAttr::get(tensorType(variable.type)));
  add("initializer",
      builder.getStringAttr(toString(variable.initializer.kind)));
  add("value", builder.getF64FloatAttr(variable.initializer.value));
  if (variable.initializer.kind == Initializer::Kind::Copy)
    add("source", builder.getStringAttr(variable.initializer.source));
  if (!variable.published.shape.empty()) {
    add("published_shape",
        builder.getDenseI64ArrayAttr(variable.published.shape));
    add("permutation",
        builder.getDenseI64ArrayAttr(variable.published.permutation));
  }
  builder.create(state);
}

void Importer::importProcedure(const Procedure &procedure) {
  SmallVector<Type> argumentTypes, resultTypes;
  SmallVector<DictionaryAttr> argumentAttributes, resultAttributes;
  for (const Port &port : procedure.arguments) {
    argumentTypes.push_back(tensorType(procedure.values[port.value]));
    argumentAttributes.push_back(portAttribute(port, "bcssl.input"));
  }
  for (const Port &port : procedure.results) {
    resultTypes.push_back(tensorType(procedure.values[port.value]));
    resultAttributes.push_back(portAttribute(port, "bcssl.output"));
  }
  OpBuilder::InsertionGuard guard(builder);
  auto function =
      func::FuncOp::create(builder, location(procedure.where), procedure.name,
                           builder.getFunctionType(argumentTypes, resultTypes));
  function.setAllArgAttrs(argumentAttributes);
  function.setAllResultAttrs(resultAttributes);
  builder.setInsertionPointToStart(function.addEntryBlock());

  std::vector<Value> values(procedure.values.size());
  for (auto [port, argument] :
       llvm::zip_equal(procedure.arguments, function.getArguments()))
    values[port.value] = argument;
  for (const Node &node : procedure.nodes)
    importNode(procedure, node, values);
  SmallVector<Value> results;
  for (const Port &port : procedure.results)
    results.push_back(values[port.value]);
  func::ReturnOp::create(builder, location(procedure.where), results);
}

void Importer::importNode(const Procedure &procedure, const Node &node,
                          std::vector<Value> &values) {
  OperationState state(location(node.where), node.op);
  for (ValueId operand : node.operands)
    state.operands.push_back(values[operand]);
  for (ValueId result : node.results)
    state.types.push_back(tensorType(procedure.values[result]));
  for (const frontend::Attribute &attribute : node.attributes)
    state.addAttribute(attribute.name,
                       importAttribute(node, attribute, state.types.front()));
  if (!node.segments.empty())
    state.addAttribute("operandSegmentSizes",
                       builder.getDenseI32ArrayAttr(node.segments));
  Operation *operation = builder.create(state);
  for (auto [id, result] :
       llvm::zip_equal(node.results, operation->getResults()))
    values[id] = result;
}

// Three attributes are not of a plain kind: the splat of a constant and the
// enumerations of reductions and comparisons.
mlir::Attribute Importer::importAttribute(const Node &node,
                                          const frontend::Attribute &attribute,
                                          Type resultType) {
  const AttributeValue &value = attribute.value;
  if (node.op == arith::ConstantOp::getOperationName()) {
    auto type = cast<RankedTensorType>(resultType);
    return DenseElementsAttr::get(
        type, mlir::Attribute(builder.getFloatAttr(type.getElementType(),
                                                   std::get<double>(value))));
  }
  if (const auto *text = std::get_if<std::string>(&value)) {
    if (node.op == ReduceOp::getOperationName() && attribute.name == "kind")
      return ReduceKindAttr::get(builder.getContext(),
                                 *symbolizeReduceKind(*text));
    return builder.getStringAttr(*text);
  }
  if (const auto *number = std::get_if<int64_t>(&value)) {
    if (node.op == arith::CmpFOp::getOperationName())
      return arith::CmpFPredicateAttr::get(
          builder.getContext(), static_cast<arith::CmpFPredicate>(*number));
    return builder.getI64IntegerAttr(*number);
  }
  if (const auto *number = std::get_if<double>(&value))
    return builder.getF64FloatAttr(*number);
  return builder.getDenseI64ArrayAttr(std::get<std::vector<int64_t>>(value));
}

OwningOpRef<ModuleOp> importModule(MLIRContext &context, const Graph &graph) {
  context.loadDialect<BcsslDialect, arith::ArithDialect, func::FuncDialect,
                      math::MathDialect>();
  OwningOpRef<ModuleOp> module = Importer(context).import(graph);
  if (failed(verify(*module)))
    return nullptr;
  return module;
}

} // namespace bcssl::frontend
