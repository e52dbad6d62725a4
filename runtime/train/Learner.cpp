//===- Learner.cpp - compiled programs as learners ------------------------===//

#include "runtime/train/Learner.h"

#include <algorithm>
#include <array>

namespace bcssl {

static constexpr std::string_view stepName = "step";

static Error stepError(const Executable &executable, std::string message) {
  return {ExitCode::BadData,
          "program-step",
          std::move(message),
          executable.file(),
          {},
          "compile with --method=dino or --method=supervised"};
}

static const artifact::Port *findPort(const std::vector<artifact::Port> &ports,
                                      std::string_view name) {
  auto at = std::find_if(ports.begin(), ports.end(),
                         [&](const auto &port) { return port.name == name; });
  return at == ports.end() ? nullptr : &*at;
}

/// Outputs of the DINO head, or classes: the size of a known variable.
static int64_t outputsOf(const Executable &executable) {
  for (const artifact::Variable &variable : executable.variables())
    if (variable.name == "student.head.last_layer.weight_v" ||
        variable.name == "model.head.bias")
      return variable.published().empty() ? 0 : variable.published().front();
  return 0;
}

Result<StepShape> stepShape(const Executable &executable) {
  auto number = executable.findProgram(stepName);
  if (!number)
    return stepError(executable, "has no program 'step', nothing to train");
  const artifact::Program &program = executable.contents().programs[*number];
  if (!findPort(program.outputs, "loss"))
    return stepError(executable, "its program 'step' gives no 'loss'");

  auto isSquare = [](const artifact::Port &port) {
    return port.type == DataType::F32 && port.shape.size() == 4 &&
           port.shape[0] > 0 && port.shape[1] == port.shape[2] &&
           (port.shape[3] == 1 || port.shape[3] == 3);
  };
  StepShape shape;
  shape.outputs = outputsOf(executable);
  const artifact::Port *images = findPort(program.inputs, "images");
  const artifact::Port *global = findPort(program.inputs, "images.global");
  const artifact::Port *local = findPort(program.inputs, "images.local");
  const artifact::Port *main = images ? images : global;
  if (!main || !isSquare(*main))
    return stepError(executable, "its program 'step' expects square images of "
                                 "1 or 3 channels as 'images' or "
                                 "'images.global'");
  shape.labelled = main == images;
  shape.globalCrops = shape.labelled ? 1 : 2;
  shape.batch = main->shape[0] / shape.globalCrops;
  shape.globalSize = main->shape[1];
  shape.channels = main->shape[3];
  if (shape.batch * shape.globalCrops != main->shape[0])
    return stepError(executable, "'images.global' expects two crops an image");
  if (local) {
    if (!isSquare(*local) || local->shape[0] % shape.batch ||
        local->shape[3] != shape.channels)
      return stepError(executable, "'images.local' does not fit the others");
    shape.localCrops = local->shape[0] / shape.batch;
    shape.localSize = local->shape[1];
  }
  return shape;
}

Result<std::unique_ptr<SessionLearner>>
SessionLearner::create(std::unique_ptr<Session> session) {
  BCSSL_ASSIGN_OR_RETURN(shape, stepShape(session->executable()));
  const Executable &executable = session->executable();
  const artifact::Program &program =
      executable.contents().programs[*executable.findProgram(stepName)];
  std::unique_ptr<SessionLearner> learner(
      new SessionLearner(std::move(session), shape));
  for (const artifact::Port &port : program.outputs)
    if (port.type == DataType::F32 && port.elements() == 1)
      learner->scalars.push_back({port.name});
  return learner;
}

Status SessionLearner::step(const Batch &batch, const StepScalars &values,
                            uint64_t seed, int64_t step) {
  // What programs may ask for; scalars as the device wants them, in float32.
  const std::array<std::pair<std::string_view, float>, 5> known = {{
      {"learning_rate", static_cast<float>(values.learningRate)},
      {"weight_decay", static_cast<float>(values.weightDecay)},
      {"teacher_momentum", static_cast<float>(values.teacherMomentum)},
      {"teacher_temperature", static_cast<float>(values.teacherTemperature)},
      {"last_layer_active", values.lastLayerActive ? 1.0f : 0.0f},
  }};
  uint64_t number = static_cast<uint64_t>(step);
  const std::array<int32_t, 4> random = {
      static_cast<int32_t>(seed), static_cast<int32_t>(seed >> 32),
      static_cast<int32_t>(number), static_cast<int32_t>(number >> 32)};
  labels.assign(batch.labels.begin(), batch.labels.end());

  const Executable &executable = session->executable();
  const artifact::Program &program =
      executable.contents().programs[*executable.findProgram(stepName)];
  std::vector<Input> inputs;
  for (const artifact::Port &port : program.inputs) {
    auto scalar =
        std::find_if(known.begin(), known.end(), [&](const auto &entry) {
          return entry.first == port.name;
        });
    if (scalar != known.end())
      inputs.push_back({port.name, std::span(&scalar->second, 1)});
    else if (port.name == "images" || port.name == "images.global")
      inputs.push_back({port.name, std::span(batch.globals)});
    else if (port.name == "images.local")
      inputs.push_back({port.name, std::span(batch.locals)});
    else if (port.name == "labels")
      inputs.push_back({port.name, std::span<const int32_t>(labels)});
    else if (port.name == "random_state")
      inputs.push_back({port.name, std::span<const int32_t>(random)});
    else
      return stepError(executable, "its program 'step' wants an input '" +
                                       port.name +
                                       "' that training does not "
                                       "have");
  }
  std::vector<Output> outputs;
  for (StepOutput &output : scalars)
    outputs.push_back({output.name, std::span(&output.value, 1)});
  return session->run(stepName, inputs, outputs);
}

} // namespace bcssl
