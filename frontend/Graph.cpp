//===- Graph.cpp - recorded programs as plain data ------------------------===//

#include "frontend/Graph.h"

#include <algorithm>
#include <functional>
#include <numeric>

using namespace bcssl::frontend;

int64_t TensorType::elements() const {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1},
                         std::multiplies<>());
}

std::string bcssl::frontend::toString(const Shape &shape) {
  std::string text;
  for (int64_t size : shape)
    text += (text.empty() ? "" : "x") + std::to_string(size);
  return text.empty() ? "scalar" : text;
}

std::string bcssl::frontend::toString(const TensorType &type) {
  static constexpr const char *names[] = {"f32", "bf16", "i32", "i1", "i8"};
  const char *element = names[static_cast<int>(type.element)];
  return type.shape.empty() ? element : toString(type.shape) + "x" + element;
}

const VariableDeclaration *Graph::findVariable(const std::string &name) const {
  auto found = std::ranges::find(variables, name, &VariableDeclaration::name);
  return found == variables.end() ? nullptr : &*found;
}

const Procedure *Graph::findProcedure(const std::string &name) const {
  auto found = std::ranges::find(procedures, name, &Procedure::name);
  return found == procedures.end() ? nullptr : &*found;
}
