//===- record-model.cpp - prints the programs of a user's model -----------===//
//
//   record-model [KERNEL] > model.mlir
//
// An even kernel is a mistake, which is reported at the line of the model.
//
//===----------------------------------------------------------------------===//

#include "Marble.h"

#include "frontend/Print.h"
#include "models/Dino.h"
#include "models/Evaluation.h"

#include <cstdlib>
#include <iostream>

using namespace bcssl::models;

int main(int argc, char **argv) try {
  Module module;
  TrunkOptions backbone{.inChannels = 1,
                        .patch = 2,
                        .dims = {16},
                        .kernel = argc > 1 ? std::atoll(argv[1]) : 5};
  Dino<Marble> dino{
      module,
      {.backbone = backbone,
       .head = {.in = 16, .hidden = 32, .bottleneck = 16, .outDim = 64},
       .initialization = Initialization::FanIn,
       .batch = 8,
       .image = 16,
       .localImage = 8,
       .localCrops = 2,
       .centring = Centring::Sinkhorn}};
  dino.recordStep();
  recordEvaluation(module, "features", "features", {4, 16, 16, 1},
                   dino.teacher.backbone);
  printMlir(std::cout, module.graph());
  return std::cout.good() ? 0 : 74;
} catch (const ModelError &error) {
  std::cerr << error.what() << "\n";
  return 2;
}
