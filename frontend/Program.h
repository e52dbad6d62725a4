//===- Program.h - recording of programs ------------------------*- C++ -*-===//
//
// A Module holds the variables of a model and its programs. A Program records
// the operations of one of them: inputs and the values of variables go in,
// outputs and new values of variables come out.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_FRONTEND_PROGRAM_H
#define BCSSL_FRONTEND_PROGRAM_H

#include "frontend/Tensor.h"

#include <deque>
#include <map>
#include <string_view>

namespace bcssl::frontend {

class Module;
class Variable;

/// Training: batch normalisation uses the batch and moves its running
/// statistics, paths are dropped. Calibration: only the running mean and
/// variance move, with the weight given by the scalar input "momentum", and no
/// path is dropped. Evaluation: running statistics are used and kept.
enum class Mode { Training, Calibration, Evaluation };

class Program {
public:
  Program(Module &module, std::string name, Mode mode, Where where)
      : mode(mode), owner(&module) {
    procedure.name = std::move(name);
    procedure.where = where;
  }
  Program(const Program &) = delete;
  Program &operator=(const Program &) = delete;

  const Mode mode;

  /// An input of the program; asking twice for a name gives the same value,
  /// and is an error where the types differ.
  Tensor input(const std::string &name, Shape shape = {},
               ElementType element = ElementType::F32,
               Where where = Where::current());

  /// Names a value that the program gives back.
  void output(const std::string &name, Tensor value,
              Where where = Where::current());

  /// The variable's present value in this program: what was assigned last, or
  /// what it held at the start.
  Tensor read(const Variable &variable);

  /// Gives the variable a new value, seen by later reads.
  void assign(const Variable &variable, Tensor value,
              Where where = Where::current());

  /// Uniform draws in [0, 1) that differ between calls, steps and seeds
  /// (input "random_state": seed low, seed high, step low, step high).
  Tensor randomUniform(int64_t count, Where where);

  /// Records an operation with one result.
  Tensor record(std::string op, const std::vector<Tensor> &operands,
                TensorType result, std::vector<Attribute> attributes,
                Where where);
  /// Records an operation with several results or optional operand groups.
  std::vector<Tensor> record(Node node, const std::vector<Tensor> &operands,
                             std::vector<TensorType> results);

  const TensorType &typeOf(ValueId value) const {
    return procedure.values[value];
  }

  /// The recorded procedure, complete with its results.
  Procedure finish() const;

private:
  ValueId addValue(TensorType type);

  Module *owner;
  Procedure procedure;
  int64_t streams = 0;
  /// Present values by variable; those in `assigned` become results.
  std::map<size_t, ValueId> current;
  std::map<size_t, ValueId> assigned;
};

/// Variables and programs of one model, in order of their declaration.
class Module {
public:
  Program &program(std::string name, Mode mode, Where where = Where::current());

  /// Returns the new variable's index; a name can be declared once.
  size_t declare(VariableDeclaration declaration);
  const VariableDeclaration &variable(size_t index) const {
    return variables[index];
  }

  /// The variables of one role below `path`, in order of declaration.
  std::vector<Variable> variablesBelow(std::string_view path, Role role);

  /// Everything recorded so far.
  Graph graph() const;

private:
  std::vector<VariableDeclaration> variables;
  std::map<std::string, size_t> byName;
  std::deque<Program> programs;
};

} // namespace bcssl::frontend

#endif // BCSSL_FRONTEND_PROGRAM_H
