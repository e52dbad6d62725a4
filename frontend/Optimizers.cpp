//===- Optimizers.cpp - updates of parameters -----------------------------===//

#include "frontend/Optimizers.h"
#include "frontend/OpsInternal.h"

using namespace bcssl::frontend;

bool bcssl::frontend::hasWeightDecay(const VariableDeclaration &parameter) {
  return !parameter.name.ends_with(".bias") && parameter.publishedRank() != 1;
}

/// A tensor of the parameter's form that starts at zero.
static Variable momentOf(const Scope &scope, const Variable &parameter,
                         Where where) {
  const VariableDeclaration &declaration = parameter.declaration();
  return Variable(scope / declaration.name,
                  {.shape = declaration.type.shape,
                   .published = declaration.published,
                   .role = Role::OptimizerState},
                  where);
}

static void expectGradients(const UpdateGroup &group, Where where) {
  if (group.gradients.size() != group.parameters.size())
    fail(where, "an optimizer expects one gradient per parameter, got ",
         group.gradients.size(), " for ", group.parameters.size());
}

static std::optional<Tensor> decayOf(const UpdateGroup &group,
                                     const Variable &parameter) {
  if (hasWeightDecay(parameter.declaration()))
    return group.weightDecay;
  return std::nullopt;
}

void AdamW::operator()(const UpdateGroup &group, Where where) const {
  expectGradients(group, where);
  Program &program = group.learningRate.program();
  Variable counter(state / group.counter,
                   {.shape = {}, .role = Role::OptimizerState}, where);
  Tensor done = program.read(counter);
  // An inactive update is still numbered, so that its discarded result is
  // finite; only the stored count stands still.
  Tensor count = Located(done, where) + 1.0;
  program.assign(counter,
                 group.active ? Located(done, where) + *group.active : count,
                 where);
  for (size_t i = 0; i < group.parameters.size(); ++i) {
    const Variable &parameter = group.parameters[i];
    Variable mean = momentOf(state / "exp_avg", parameter, where);
    Variable square = momentOf(state / "exp_avg_sq", parameter, where);
    std::optional<Tensor> decay = decayOf(group, parameter);
    std::vector<Tensor> operands{program.read(parameter),
                                 group.gradients[i],
                                 program.read(mean),
                                 program.read(square),
                                 count,
                                 group.learningRate};
    if (decay)
      operands.push_back(*decay);
    if (group.active)
      operands.push_back(*group.active);
    expectOneElementType(where, "adamw", operands);
    Node node;
    node.op = "bcssl.adamw";
    node.where = where;
    node.attributes = {
        {"beta1", beta1}, {"beta2", beta2}, {"epsilon", epsilon}};
    node.segments = {1, 1, 1, 1, 1, 1, decay ? 1 : 0, group.active ? 1 : 0};
    const TensorType &type = parameter.declaration().type;
    std::vector<Tensor> results =
        program.record(std::move(node), operands, {type, type, type});
    program.assign(parameter, results[0], where);
    program.assign(mean, results[1], where);
    program.assign(square, results[2], where);
  }
}

/// The update of Sgd and Lars, which share operands and memory.
static void updateWithVelocity(const char *op,
                               const std::vector<Attribute> &attributes,
                               const Scope &state, const UpdateGroup &group,
                               Where where) {
  expectGradients(group, where);
  Program &program = group.learningRate.program();
  for (size_t i = 0; i < group.parameters.size(); ++i) {
    const Variable &parameter = group.parameters[i];
    Variable velocity = momentOf(state / "momentum_buffer", parameter, where);
    Tensor oldValue = program.read(parameter);
    Tensor oldVelocity = program.read(velocity);
    std::vector<Tensor> operands{oldValue, group.gradients[i], oldVelocity,
                                 group.learningRate};
    if (std::optional<Tensor> decay = decayOf(group, parameter))
      operands.push_back(*decay);
    expectOneElementType(where, op, operands);
    Node node;
    node.op = op;
    node.where = where;
    node.attributes = attributes;
    const TensorType &type = parameter.declaration().type;
    std::vector<Tensor> results =
        program.record(std::move(node), operands, {type, type});
    if (group.active) {
      results[0] = select(*group.active, results[0], oldValue, where);
      results[1] = select(*group.active, results[1], oldVelocity, where);
    }
    program.assign(parameter, results[0], where);
    program.assign(velocity, results[1], where);
  }
}

void Sgd::operator()(const UpdateGroup &group, Where where) const {
  updateWithVelocity("bcssl.sgd", {{"momentum", momentum}}, state, group,
                     where);
}

void Lars::operator()(const UpdateGroup &group, Where where) const {
  updateWithVelocity("bcssl.lars", {{"momentum", momentum}, {"eta", eta}},
                     state, group, where);
}
