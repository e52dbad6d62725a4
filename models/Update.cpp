//===- Update.cpp - the second half of a training step --------------------===//

#include "models/Update.h"

using namespace bcssl::models;

static void apply(const UpdateGroup &group, const Scope &state,
                  const UpdateOptions &options, Where where) {
  switch (options.optimizer) {
  case OptimizerKind::AdamW:
    return AdamW{.state = state,
                 .beta1 = options.beta1,
                 .beta2 = options.beta2}(group, where);
  case OptimizerKind::Sgd:
    return Sgd{.state = state}(group, where);
  case OptimizerKind::Lars:
    return Lars{.state = state}(group, where);
  }
}

void bcssl::models::updateParameters(const Scope &model, Tensor loss,
                                     const UpdateOptions &options,
                                     Where where) {
  Program &program = loss.program();
  std::vector<Variable> parameters =
      model.module().variablesBelow(model.path(), Role::Parameter);
  std::vector<Tensor> values;
  for (const Variable &parameter : parameters)
    values.push_back(program.read(parameter));
  std::vector<Tensor> all = gradients(loss, values, where);

  UpdateGroup body{
      {}, {}, program.input("learning_rate"), program.input("weight_decay")};
  UpdateGroup last = body;
  last.counter = "step_last_layer";
  for (size_t i = 0; i < parameters.size(); ++i) {
    bool isLast = parameters[i].name().find("last_layer") != std::string::npos;
    UpdateGroup &group = isLast ? last : body;
    group.parameters.push_back(parameters[i]);
    group.gradients.push_back(
        options.clip > 0.0 ? clipByNorm(all[i], options.clip, where) : all[i]);
  }
  Scope state(model.module(), "optimizer");
  apply(body, state, options, where);
  if (last.parameters.empty())
    return;
  last.active = program.input("last_layer_active");
  apply(last, state, options, where);
}
