//===- Executable.h - a compiled file, verified -----------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_EXECUTABLE_EXECUTABLE_H
#define BCSSL_RUNTIME_EXECUTABLE_EXECUTABLE_H

#include "runtime/base/Status.h"
#include "runtime/executable/Contents.h"

#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace bcssl {

/// A .bcx file in memory. Its tables have passed artifact::verify(); its
/// machine code has the right hash and is otherwise trusted. Never changes.
class Executable {
public:
  /// Reads a file of less than 2 GiB.
  /// Errors: those of readFile(), artifact::decode() and artifact::verify().
  static Result<std::shared_ptr<const Executable>>
  open(const std::string &path);

  /// Takes the bytes of a file; `file` stands in messages.
  static Result<std::shared_ptr<const Executable>>
  parse(std::vector<std::byte> bytes, const std::string &file);

  const artifact::Contents &contents() const { return tables; }
  const std::vector<artifact::Variable> &variables() const {
    return tables.variables;
  }
  /// Where it came from, for messages.
  const std::string &file() const { return origin; }
  /// XXH3-128 of the whole file, 32 hexadecimal digits.
  const std::string &hash() const { return digest; }

  /// The number of a variable or a program, if there is one of that name.
  std::optional<size_t> findVariable(std::string_view name) const;
  std::optional<size_t> findProgram(std::string_view name) const;
  /// A property's value, empty where there is none.
  std::string property(std::string_view key) const;

private:
  Executable() = default;

  std::vector<std::byte> bytes;
  std::string origin;
  std::string digest;
  artifact::Contents tables;
  std::unordered_map<std::string_view, size_t> variableNumbers;
};

} // namespace bcssl

#endif // BCSSL_RUNTIME_EXECUTABLE_EXECUTABLE_H
