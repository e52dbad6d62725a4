//===- Graph.h - recorded programs as plain data ----------------*- C++ -*-===//
//
// What the DSL records and the importer reads: variables and procedures in
// single-assignment form. Plain data, no MLIR.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_FRONTEND_GRAPH_H
#define BCSSL_FRONTEND_GRAPH_H

#include <cstdint>
#include <source_location>
#include <string>
#include <variant>
#include <vector>

namespace bcssl::frontend {

using Shape = std::vector<int64_t>;

/// A place in a model's source; `Where::current()` as a default argument is
/// the place of the call.
using Where = std::source_location;

/// U8 holds whole numbers without a sign.
enum class ElementType { F32, BF16, I32, I1, U8 };

struct TensorType {
  Shape shape;
  ElementType element = ElementType::F32;

  bool operator==(const TensorType &) const = default;
  int64_t elements() const;
};

/// "64x32x32x96xf32", as MLIR writes a tensor's shape and type.
std::string toString(const TensorType &type);
std::string toString(const Shape &shape);

/// Index into Procedure::values.
using ValueId = uint32_t;

using AttributeValue =
    std::variant<int64_t, double, std::string, std::vector<int64_t>>;

struct Attribute {
  std::string name;
  AttributeValue value;
};

/// One operation. `op` is its full MLIR name, attributes carry the names of
/// the operation's definition (dialects/bcssl/*.td).
struct Node {
  std::string op;
  std::vector<ValueId> operands;
  std::vector<ValueId> results;
  std::vector<Attribute> attributes;
  /// Sizes of the operand groups, for operations with several optional ones.
  std::vector<int32_t> segments;
  Where where;
};

/// How a variable gets its first value. `value` is the constant, the standard
/// deviation (truncated at two of them) or the bound of the uniform draw;
/// `source` names the variable that a copy is made of.
struct Initializer {
  enum class Kind { Zeros, Ones, Constant, TruncNormal, Uniform, Copy };
  Kind kind = Kind::Zeros;
  double value = 0.0;
  std::string source;

  static Initializer zeros() { return {}; }
  static Initializer ones() { return {Kind::Ones, 0.0, {}}; }
  static Initializer constant(double value) {
    return {Kind::Constant, value, {}};
  }
  static Initializer truncNormal(double deviation) {
    return {Kind::TruncNormal, deviation, {}};
  }
  static Initializer uniform(double bound) {
    return {Kind::Uniform, bound, {}};
  }
  static Initializer copy(std::string source) {
    return {Kind::Copy, 0.0, std::move(source)};
  }
};

/// A tensor's form in PyTorch: published dimension i is dimension
/// permutation[i] here; -1 stands for a dimension of size 1 that exists only
/// there. Empty where both forms are equal.
struct PublishedForm {
  Shape shape;
  std::vector<int64_t> permutation;
};

/// What a variable is for: learned, held still by configuration, a statistic
/// of the forward pass, or an optimizer's memory.
enum class Role { Parameter, FrozenParameter, Buffer, OptimizerState };

/// A tensor that lives across programs.
struct VariableDeclaration {
  std::string name;
  TensorType type;
  Initializer initializer;
  PublishedForm published;
  Role role = Role::Parameter;
  Where where;

  /// Rank of the published tensor, which decides over weight decay.
  size_t publishedRank() const {
    return published.shape.empty() ? type.shape.size() : published.shape.size();
  }
};

/// An argument or a result of a procedure: a variable's value, or an input or
/// output of that name.
struct Port {
  std::string name;
  ValueId value;
  bool isVariable;
};

/// One program.
struct Procedure {
  std::string name;
  std::vector<TensorType> values;
  std::vector<Port> arguments;
  std::vector<Node> nodes;
  std::vector<Port> results;
  Where where;
};

/// A model's variables and programs.
struct Graph {
  std::vector<VariableDeclaration> variables;
  std::vector<Procedure> procedures;

  /// Null where there is none of that name.
  const VariableDeclaration *findVariable(const std::string &name) const;
  const Procedure *findProcedure(const std::string &name) const;
};

} // namespace bcssl::frontend

#endif // BCSSL_FRONTEND_GRAPH_H
