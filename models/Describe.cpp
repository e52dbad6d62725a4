//===- Describe.cpp - sizes of models -------------------------------------===//

#include "models/Zoo.h"

using namespace bcssl::models;

static int64_t countParameters(const Graph &graph, std::string_view prefix) {
  int64_t count = 0;
  for (const VariableDeclaration &variable : graph.variables)
    if (variable.name.starts_with(prefix) &&
        (variable.role == Role::Parameter ||
         variable.role == Role::FrozenParameter))
      count += variable.type.elements();
  return count;
}

/// Multiply-adds of one node: outputs times the products summed in each.
static double macsOf(const Procedure &procedure, const Node &node) {
  auto type = [&](ValueId id) -> const TensorType & {
    return procedure.values[id];
  };
  if (node.op != "bcssl.depthwise_conv2d" &&
      node.op != "bcssl.patchify_conv2d" && node.op != "bcssl.linear")
    return 0.0;
  const TensorType &output = type(node.results[0]);
  const TensorType &filter = type(node.operands[1]);
  // Of the filter's numbers, each output channel owns an equal share.
  return static_cast<double>(output.elements()) *
         static_cast<double>(filter.elements() / output.shape.back());
}

static double featureMacs(Options options, int64_t side) {
  options.method = Method::Features;
  options.evalBatch = 1;
  options.image = side;
  options.evalImage = 0;
  Graph graph = buildModule(options);
  const Procedure &features = *graph.findProcedure("features");
  double macs = 0.0;
  for (const Node &node : features.nodes)
    macs += macsOf(features, node);
  return macs;
}

Description bcssl::models::describe(const Options &options) {
  // Parameters do not depend on the crops, whose sizes another method may
  // have left unfit.
  Options dino = options;
  dino.method = Method::Dino;
  dino.localCrops = 0;
  Graph graph = buildModule(dino);
  Description description{};
  description.backboneParameters = countParameters(graph, "student.backbone.");
  description.dinoHeadParameters = countParameters(graph, "student.head.");
  description.classifierParameters =
      description.backboneParameters +
      (options.dims.back() + 1) * options.classes;
  description.imageMacs = featureMacs(options, options.image);
  if (options.method == Method::Dino && options.localCrops > 0)
    description.localMacs = featureMacs(options, options.localImage);
  return description;
}
