//===- Dino.cpp - self-distillation without labels ------------------------===//

#include "models/Dino.h"

#include <cmath>

using namespace bcssl::models;

/// Below any probability that matters; keeps logarithms of zero finite.
static constexpr double kTinyProbability = 1e-30;

DinoObjective::DinoObjective(Module &module, const DinoOptions &options)
    : options(options) {
  int64_t size = options.head.outDim;
  if (options.centring == Centring::Mean)
    center.emplace(Scope(module, "dino_loss") / "center",
                   Variable::Options{.shape = {size},
                                     .published = {{1, size}, {-1, 0}},
                                     .role = Role::Buffer});
}

Tensor DinoObjective::operator()(Tensor student, Tensor teacher) const {
  Tensor probabilities = stopGradient(targets(teacher));
  Tensor loss = crossViewCrossEntropy(
      student * (1.0 / options.studentTemperature), probabilities,
      kGlobalCrops + options.localCrops, kGlobalCrops);
  monitor(probabilities);
  if (center)
    moveCenter(teacher);
  return loss;
}

Tensor DinoObjective::targets(Tensor teacher) const {
  Tensor temperature = teacher.program().input("teacher_temperature");
  if (center)
    return softmax((teacher - center->in(teacher)) / temperature);
  return sinkhorn(teacher / temperature, options.sinkhornIterations);
}

static Tensor plogp(Tensor p) {
  Tensor tiny = constant(p.program(), p.type(), kTinyProbability);
  return p * log(maximum(p, tiny));
}

void DinoObjective::monitor(Tensor targets) const {
  Program &program = targets.program();
  double rows = static_cast<double>(targets.size(0));
  double columns = static_cast<double>(targets.size(1));
  Tensor entropies = reduceSum(plogp(targets), {1});
  program.output("teacher_entropy", reduceSum(entropies, {0}) * (-1.0 / rows));
  Tensor mean = reduceSum(targets, {0}) * (1.0 / rows);
  program.output("teacher_kl", reduceSum(plogp(mean), {0}) + std::log(columns));
}

void DinoObjective::moveCenter(Tensor teacher) const {
  Program &program = teacher.program();
  Tensor rows = constant(program, {{}, teacher.type().element},
                         static_cast<double>(teacher.size(0)));
  Tensor mean = allReduce(reduceSum(teacher, {0})) / allReduce(rows);
  Tensor moved =
      runningAverage(center->in(teacher), mean, 1.0 - options.centerMomentum);
  program.assign(*center, moved);
  program.output("center_norm", sqrt(reduceSum(moved * moved, {0})));
}

void bcssl::models::updateTeacher(Program &program, const Scope &teacher,
                                  const Scope &student) {
  Tensor momentum = program.input("teacher_momentum");
  Module &module = student.module();
  std::vector<Variable> averages =
      module.variablesBelow(teacher.path(), Role::Parameter);
  std::vector<Variable> parameters =
      module.variablesBelow(student.path(), Role::Parameter);
  // Both networks are made by the same code, so their lists run in step.
  for (size_t i = 0; i < averages.size(); ++i)
    program.assign(averages[i], ema(program.read(averages[i]),
                                    program.read(parameters[i]), momentum));
}
