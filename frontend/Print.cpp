//===- Print.cpp - a recorded graph as MLIR text --------------------------===//

#include "frontend/Print.h"

#include <cstdio>
#include <ostream>

using namespace bcssl::frontend;

namespace {

std::string quoted(const std::string &text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      result += '\\';
    result += c;
  }
  return result + "\"";
}

/// All digits of a double, with the point that MLIR asks for.
std::string decimal(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.16e", value);
  return text;
}

std::string array(const char *element, const auto &values) {
  std::string text = std::string("array<") + element;
  const char *separator = ": ";
  for (auto value : values) {
    text += separator + std::to_string(value);
    separator = ", ";
  }
  return text + ">";
}

std::string tensor(const TensorType &type) {
  return "tensor<" + toString(type) + ">";
}

/// The items' texts with commas between them.
std::string joined(const auto &items, const auto &write) {
  std::string text;
  for (const auto &item : items)
    text += (text.empty() ? "" : ", ") + write(item);
  return text;
}

std::string location(Where where) {
  return " loc(" + quoted(where.file_name()) + ":" +
         std::to_string(where.line()) + ":" + std::to_string(where.column()) +
         ")";
}

/// Three attributes are not of a plain kind: the splat of a constant and the
/// enumerations of reductions and comparisons.
std::string attributeText(const Node &node, const Attribute &attribute,
                          const TensorType &result) {
  const AttributeValue &value = attribute.value;
  if (node.op == "arith.constant")
    return "dense<" + decimal(std::get<double>(value)) +
           "> : " + tensor(result);
  if (node.op == "bcssl.reduce" && attribute.name == "kind")
    return "#bcssl<kind " + std::get<std::string>(value) + ">";
  if (const auto *text = std::get_if<std::string>(&value))
    return quoted(*text);
  if (const auto *number = std::get_if<int64_t>(&value))
    return std::to_string(*number) + " : i64";
  if (const auto *number = std::get_if<double>(&value))
    return decimal(*number) + " : f64";
  return array("i64", std::get<std::vector<int64_t>>(value));
}

void printVariable(std::ostream &out, const VariableDeclaration &variable) {
  const Initializer &initializer = variable.initializer;
  out << "  \"bcssl.variable\"() {sym_name = " << quoted(variable.name)
      << ", type = " << tensor(variable.type)
      << ", initializer = " << quoted(toString(initializer.kind))
      << ", value = " << decimal(initializer.value) << " : f64";
  if (initializer.kind == Initializer::Kind::Copy)
    out << ", source = " << quoted(initializer.source);
  if (!variable.published.shape.empty())
    out << ", published_shape = " << array("i64", variable.published.shape)
        << ", permutation = " << array("i64", variable.published.permutation);
  out << "} : () -> ()" << location(variable.where) << "\n";
}

class ProcedurePrinter {
public:
  ProcedurePrinter(std::ostream &out, const Procedure &procedure)
      : out(out), procedure(procedure) {}

  void print() {
    auto type = [&](const Port &port) { return typeOf(port.value); };
    out << "  func.func @" << procedure.name << "("
        << joined(procedure.arguments,
                  [&](const Port &port) {
                    return value(port.value) + ": " + type(port) +
                           attributes(port, "bcssl.input") +
                           location(procedure.where);
                  })
        << ") -> ("
        << joined(procedure.results,
                  [&](const Port &port) {
                    return type(port) + attributes(port, "bcssl.output");
                  })
        << ") {\n";
    for (const Node &node : procedure.nodes)
      printNode(node);
    out << "    return";
    if (!procedure.results.empty())
      out << " "
          << joined(procedure.results,
                    [&](const Port &port) { return value(port.value); })
          << " : " << joined(procedure.results, type);
    out << location(procedure.where) << "\n  }" << location(procedure.where)
        << "\n";
  }

private:
  std::string value(ValueId id) const { return "%v" + std::to_string(id); }
  std::string typeOf(ValueId id) const { return tensor(procedure.values[id]); }

  static std::string attributes(const Port &port, const char *plainKind) {
    return std::string(" {") +
           (port.isVariable ? "bcssl.variable" : plainKind) + " = " +
           quoted(port.name) + "}";
  }

  void printNode(const Node &node) {
    auto name = [&](ValueId id) { return value(id); };
    auto type = [&](ValueId id) { return typeOf(id); };
    out << "    " << joined(node.results, name) << " = " << quoted(node.op)
        << "(" << joined(node.operands, name) << ") {"
        << joined(node.attributes, [&](const Attribute &attribute) {
             return attribute.name + " = " +
                    attributeText(node, attribute,
                                  procedure.values[node.results[0]]);
           });
    if (!node.segments.empty())
      out << (node.attributes.empty() ? "" : ", ")
          << "operandSegmentSizes = " << array("i32", node.segments);
    out << "} : (" << joined(node.operands, type) << ") -> ("
        << joined(node.results, type) << ")" << location(node.where) << "\n";
  }

  std::ostream &out;
  const Procedure &procedure;
};

} // namespace

const char *bcssl::frontend::toString(Initializer::Kind kind) {
  static constexpr const char *names[] = {"zeros",        "ones",    "constant",
                                          "trunc_normal", "uniform", "copy"};
  return names[static_cast<int>(kind)];
}

void bcssl::frontend::printMlir(std::ostream &out, const Graph &graph) {
  out << "module {\n";
  for (const VariableDeclaration &variable : graph.variables)
    printVariable(out, variable);
  for (const Procedure &procedure : graph.procedures)
    ProcedurePrinter(out, procedure).print();
  out << "}\n";
}
