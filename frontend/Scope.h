//===- Scope.h - the tree of variables --------------------------*- C++ -*-===//

#ifndef BCSSL_FRONTEND_SCOPE_H
#define BCSSL_FRONTEND_SCOPE_H

#include "frontend/Program.h"

namespace bcssl::frontend {

/// Default initial weights of convolutions and linear layers: normal draws
/// cut at two deviations, of deviation 0.02 as published, or 1/sqrt(fan in),
/// which suits narrow networks.
enum class Initialization { Published, FanIn };

/// A place in the tree of variables; "/" descends with a dot between names.
class Scope {
public:
  Scope(Module &module, std::string path,
        Initialization initialization = Initialization::Published)
      : owner(&module), prefix(std::move(path)),
        initialization(initialization) {}

  Scope operator/(std::string_view name) const;
  Scope operator/(int64_t index) const {
    return *this / std::string_view(std::to_string(index));
  }

  /// The same place, where variables start as copies of those of equal name
  /// below `other`.
  Scope copyOf(const Scope &other) const;

  Module &module() const { return *owner; }
  const std::string &path() const { return prefix; }
  /// Where variables are copied from; empty where they are not.
  const std::string &source() const { return copied; }

  /// The default for weights whose outputs sum over `fanIn` products.
  Initializer weights(int64_t fanIn) const;

private:
  Module *owner;
  std::string prefix;
  std::string copied;
  Initialization initialization;
};

/// A handle on a tensor that lives across programs.
class Variable {
public:
  /// What a declaration may say besides name and type.
  struct Options {
    Shape shape;
    Initializer initializer = Initializer::zeros();
    PublishedForm published = {};
    Role role = Role::Parameter;
  };

  /// Declares a variable named as the scope.
  Variable(const Scope &scope, Options options, Where where = Where::current());
  Variable(Module &module, size_t index) : owner(&module), position(index) {}

  const VariableDeclaration &declaration() const {
    return owner->variable(position);
  }
  const std::string &name() const { return declaration().name; }
  Module &module() const { return *owner; }
  size_t index() const { return position; }

  /// Its present value in the program that `user` belongs to.
  Tensor in(Tensor user) const { return user.program().read(*this); }

private:
  Module *owner;
  size_t position;
};

} // namespace bcssl::frontend

#endif // BCSSL_FRONTEND_SCOPE_H
