//===- record-block.cpp - the program of docs/Pipeline.md -----------------===//
//
// Prints what the frontend records for one block of BC-SSL in training: its
// forward pass on two maps of 8x8x16, a loss, the gradient of the depthwise
// filter and a step against it.
//
//===----------------------------------------------------------------------===//

#include "frontend/Print.h"
#include "models/Bcssl.h"

#include <iostream>

using namespace bcssl::models;

int main() {
  Module module;
  BcsslBlock block{Scope(module, "block"),
                   {.dim = 16,
                    .kernel = kBcsslKernel,
                    .layerScale = 1e-6,
                    .dropRate = 0.1,
                    .bnActivation = BnActivation::None}};
  Program &step = module.program("step", Mode::Training);
  Tensor y = block(step.input("x", {2, 8, 8, block.dim}));
  Tensor loss = reduceSum(y * y, {0, 1, 2, 3});
  step.output("loss", loss);

  Variable filter =
      module.variablesBelow("block.dwconv", Role::Parameter).front();
  Tensor gradient = gradients(loss, {step.read(filter)}).front();
  step.assign(filter, step.read(filter) - gradient * 1e-3);
  printMlir(std::cout, module.graph());
  return std::cout.good() ? 0 : 74;
}
