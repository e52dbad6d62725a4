//===- Scope.cpp - the tree of variables ----------------------------------===//

#include "frontend/Scope.h"

#include <cmath>

using namespace bcssl::frontend;

/// Deviation of the published recipes' weights.
static constexpr double kPublishedDeviation = 0.02;

static std::string below(const std::string &path, std::string_view name) {
  return path.empty() ? std::string(name) : path + "." + std::string(name);
}

Scope Scope::operator/(std::string_view name) const {
  Scope child = *this;
  child.prefix = below(prefix, name);
  if (!copied.empty())
    child.copied = below(copied, name);
  return child;
}

Scope Scope::copyOf(const Scope &other) const {
  Scope result = *this;
  result.copied = other.prefix;
  return result;
}

Initializer Scope::weights(int64_t fanIn) const {
  return Initializer::truncNormal(
      initialization == Initialization::Published
          ? kPublishedDeviation
          : 1.0 / std::sqrt(static_cast<double>(fanIn)));
}

Variable::Variable(const Scope &scope, Options options, Where where)
    : owner(&scope.module()) {
  VariableDeclaration declaration;
  declaration.name = scope.path();
  declaration.type = {std::move(options.shape), ElementType::F32};
  declaration.initializer = scope.source().empty()
                                ? std::move(options.initializer)
                                : Initializer::copy(scope.source());
  declaration.published = std::move(options.published);
  declaration.role = options.role;
  declaration.where = where;
  position = owner->declare(std::move(declaration));
}
