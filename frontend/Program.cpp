//===- Program.cpp - recording of programs --------------------------------===//

#include "frontend/Program.h"
#include "frontend/Error.h"
#include "frontend/Scope.h"

#include <algorithm>

using namespace bcssl::frontend;

const TensorType &Tensor::type() const { return owner->typeOf(id); }

int64_t Tensor::size(int64_t axis, Where where) const {
  if (axis < -rank() || axis >= rank())
    fail(where, "size expects a dimension of ", toString(type()), ", got ",
         axis);
  return shape()[axis < 0 ? axis + rank() : axis];
}

ValueId Program::addValue(TensorType type) {
  procedure.values.push_back(std::move(type));
  return static_cast<ValueId>(procedure.values.size() - 1);
}

Tensor Program::input(const std::string &name, Shape shape, ElementType element,
                      Where where) {
  TensorType type{std::move(shape), element};
  for (const Port &port : procedure.arguments)
    if (!port.isVariable && port.name == name) {
      if (typeOf(port.value) != type)
        fail(where, "input \"", name, "\" expects one type, got ",
             toString(typeOf(port.value)), " and ", toString(type));
      return {*this, port.value};
    }
  ValueId value = addValue(std::move(type));
  procedure.arguments.push_back({name, value, false});
  return {*this, value};
}

void Program::output(const std::string &name, Tensor value, Where where) {
  if (&value.program() != this)
    fail(where, "output \"", name, "\" expects a value of this program");
  auto sameName = [&](const Port &port) { return port.name == name; };
  if (std::ranges::any_of(procedure.results, sameName))
    fail(where, "output \"", name, "\" expects to be named once");
  procedure.results.push_back({name, value.value(), false});
}

Tensor Program::read(const Variable &variable) {
  auto [entry, isNew] = current.try_emplace(variable.index());
  if (isNew) {
    const VariableDeclaration &declaration = variable.declaration();
    entry->second = addValue(declaration.type);
    procedure.arguments.push_back({declaration.name, entry->second, true});
  }
  return {*this, entry->second};
}

void Program::assign(const Variable &variable, Tensor value, Where where) {
  const VariableDeclaration &declaration = variable.declaration();
  if (&value.program() != this)
    fail(where, "assign to ", declaration.name,
         " expects a value of this program");
  if (value.type() != declaration.type)
    fail(where, "assign to ", declaration.name, " expects ",
         toString(declaration.type), ", got ", toString(value.type()));
  current[variable.index()] = value.value();
  assigned[variable.index()] = value.value();
}

Tensor Program::randomUniform(int64_t count, Where where) {
  Tensor state = input("random_state", {4}, ElementType::I32, where);
  return record("bcssl.random_uniform", {state}, {{count}},
                {{"stream", streams++}}, where);
}

Tensor Program::record(std::string op, const std::vector<Tensor> &operands,
                       TensorType result, std::vector<Attribute> attributes,
                       Where where) {
  Node node;
  node.op = std::move(op);
  node.attributes = std::move(attributes);
  node.where = where;
  return record(std::move(node), operands, {std::move(result)}).front();
}

std::vector<Tensor> Program::record(Node node,
                                    const std::vector<Tensor> &operands,
                                    std::vector<TensorType> results) {
  for (Tensor operand : operands) {
    if (&operand.program() != this)
      fail(node.where, node.op,
           " expects operands of one program, got one of \"",
           operand.program().procedure.name, "\" in \"", procedure.name, "\"");
    node.operands.push_back(operand.value());
  }
  std::vector<Tensor> values;
  for (TensorType &type : results) {
    node.results.push_back(addValue(std::move(type)));
    values.emplace_back(*this, node.results.back());
  }
  procedure.nodes.push_back(std::move(node));
  return values;
}

Procedure Program::finish() const {
  Procedure finished = procedure;
  for (auto [variable, value] : assigned)
    finished.results.push_back({owner->variable(variable).name, value, true});
  return finished;
}

Program &Module::program(std::string name, Mode mode, Where where) {
  return programs.emplace_back(*this, std::move(name), mode, where);
}

size_t Module::declare(VariableDeclaration declaration) {
  auto [entry, isNew] = byName.try_emplace(declaration.name, variables.size());
  if (!isNew)
    fail(declaration.where, "variable ", declaration.name,
         " expects one declaration, got a second one; to share weights, call "
         "one layer twice");
  for (int64_t size : declaration.type.shape)
    if (size < 1)
      fail(declaration.where, "variable ", declaration.name,
           " expects sizes of at least 1, got ",
           toString(declaration.type.shape));
  variables.push_back(std::move(declaration));
  return entry->second;
}

std::vector<Variable> Module::variablesBelow(std::string_view path, Role role) {
  std::vector<Variable> found;
  std::string prefix = path.empty() ? "" : std::string(path) + ".";
  for (size_t i = 0; i < variables.size(); ++i)
    if (variables[i].role == role && variables[i].name.starts_with(prefix))
      found.emplace_back(*this, i);
  return found;
}

Graph Module::graph() const {
  Graph graph{variables, {}};
  for (const Program &program : programs)
    graph.procedures.push_back(program.finish());
  return graph;
}
