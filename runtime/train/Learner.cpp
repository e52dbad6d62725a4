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
    return (port.type == DataType::F32 || port.type == DataType::U8) &&
           port.shape.size() == 4 && port.shape[0] > 0 &&
           port.shape[1] == port.shape[2] &&
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
  shape.bytes = main->type == DataType::U8;
  if (shape.batch * shape.globalCrops != main->shape[0])
    return stepError(executable, "'images.global' expects two crops an image");
  if (local) {
    if (!isSquare(*local) || local->shape[0] % shape.batch ||
        local->shape[3] != shape.channels || local->type != main->type)
      return stepError(executable, "'images.local' does not fit the others");
    shape.localCrops = local->shape[0] / shape.batch;
    shape.localSize = local->shape[1];
  }
  for (const char *name : {"images.mean", "images.deviation"}) {
    const artifact::Port *values = findPort(program.inputs, name);
    if (shape.bytes != (values != nullptr) ||
        (values &&
         (values->type != DataType::F32 ||
          values->elements() % static_cast<uint64_t>(shape.channels) != 0)))
      return stepError(executable, "its program 'step' expects 'images.mean' "
                                   "and 'images.deviation' of every channel "
                                   "where images are bytes, and only there");
  }
  return shape;
}

Status Learner::step(const Batch &batch, const StepScalars &scalars,
                     uint64_t seed, int64_t step) {
  BCSSL_RETURN_IF_ERROR(stage(batch));
  BCSSL_RETURN_IF_ERROR(begin(scalars, seed, step));
  return finish();
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

const artifact::Program &SessionLearner::program() const {
  const Executable &executable = session->executable();
  return executable.contents().programs[*executable.findProgram(stepName)];
}

/// Inputs that come from the batch.
static bool isOfBatch(std::string_view port) {
  return port == "labels" || port == "images" || port.starts_with("images.");
}

Status SessionLearner::stage(const Batch &batch) {
  labels.assign(batch.labels.begin(), batch.labels.end());
  std::vector<Input> inputs;
  auto add = [&](const artifact::Port &port, const auto &values) {
    inputs.emplace_back(port.name, port.type, std::as_bytes(std::span(values)));
  };
  auto addRepeated = [&](const artifact::Port &port,
                         const std::array<float, 3> &channels,
                         std::vector<float> &values) {
    values.resize(port.elements());
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = channels[i % static_cast<size_t>(form.channels)];
    add(port, values);
  };
  auto addCrops = [&](const artifact::Port &port,
                      const std::vector<float> &values,
                      const std::vector<uint8_t> &bytes) {
    if (form.bytes)
      add(port, bytes);
    else
      add(port, values);
  };
  for (const artifact::Port &port : program().inputs) {
    if (port.name == "labels")
      add(port, labels);
    else if (port.name == "images.mean")
      addRepeated(port, batch.mean, mean);
    else if (port.name == "images.deviation")
      addRepeated(port, batch.deviation, deviation);
    else if (port.name == "images.local")
      addCrops(port, batch.locals, batch.localBytes);
    else if (isOfBatch(port.name))
      addCrops(port, batch.globals, batch.globalBytes);
  }
  return session->stage(stepName, inputs);
}

Status SessionLearner::begin(const StepScalars &values, uint64_t seed,
                             int64_t step) {
  // What programs may ask for; scalars as the device wants them, in float32.
  constexpr std::array<std::string_view, std::tuple_size_v<decltype(rates)>>
      names = {"learning_rate", "weight_decay", "teacher_momentum",
               "teacher_temperature", "last_layer_active"};
  rates = {static_cast<float>(values.learningRate),
           static_cast<float>(values.weightDecay),
           static_cast<float>(values.teacherMomentum),
           static_cast<float>(values.teacherTemperature),
           values.lastLayerActive ? 1.0f : 0.0f};
  auto number = static_cast<uint64_t>(step);
  random = {static_cast<int32_t>(seed), static_cast<int32_t>(seed >> 32),
            static_cast<int32_t>(number), static_cast<int32_t>(number >> 32)};

  std::vector<Input> inputs;
  for (const artifact::Port &port : program().inputs) {
    auto scalar = std::find(names.begin(), names.end(), port.name);
    if (scalar != names.end())
      inputs.push_back({port.name, std::span<const float>(
                                       &rates[scalar - names.begin()], 1)});
    else if (port.name == "random_state")
      inputs.push_back({port.name, std::span<const int32_t>(random)});
    else if (!isOfBatch(port.name))
      return stepError(session->executable(),
                       "its program 'step' wants an input '" + port.name +
                           "' that training does not have");
  }
  return session->start(stepName, inputs);
}

Status SessionLearner::finish() {
  std::vector<Output> outputs;
  for (StepOutput &output : scalars)
    outputs.push_back({output.name, std::span(&output.value, 1)});
  return session->finish(stepName, outputs);
}

} // namespace bcssl
