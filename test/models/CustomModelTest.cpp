//===- CustomModelTest.cpp - a backbone from outside the zoo --------------===//

#include "models/Bcssl.h"
#include "models/Dino.h"
#include "models/Evaluation.h"
#include "models/Supervised.h"

#include <gtest/gtest.h>

using namespace bcssl::models;

namespace {

/// What a user writes: anything made from a scope and the trunk's options that
/// turns images into features can be trained.
struct Pyramid {
  Scope scope;
  TrunkOptions options;

  PatchifyConv2d stem{scope / "stem",
                      {.in = options.inChannels,
                       .out = options.dims[0],
                       .patch = options.patch}};
  BatchNorm bn{scope / "bn", {.channels = options.dims[0]}};

  Tensor operator()(Tensor x) const {
    return globalAveragePool(relu(bn(stem(x))));
  }
};

const TrunkOptions kTrunk{.inChannels = 3, .dims = {24}, .depths = {0}};

} // namespace

TEST(CustomModelTest, TrainsWithDino) {
  Module module;
  Dino<Pyramid> dino{module,
                     {.backbone = kTrunk,
                      .head = {.in = 24, .outDim = 64},
                      .batch = 2,
                      .image = 32,
                      .localImage = 16,
                      .localCrops = 2}};
  dino.recordStep();
  recordEvaluation(module, "features", "features", {2, 32, 32, 3},
                   dino.teacher.backbone);
  Graph graph = module.graph();
  EXPECT_NE(graph.findProcedure("features"), nullptr);
  EXPECT_NE(graph.findVariable("teacher.backbone.stem.weight"), nullptr);
  EXPECT_NE(graph.findVariable("optimizer.exp_avg.student.backbone.bn.weight"),
            nullptr);
}

TEST(CustomModelTest, ACopyStandsOnItsOwn) {
  Module module;
  Dino<Pyramid> original{module,
                         {.backbone = kTrunk,
                          .head = {.in = 24, .outDim = 64},
                          .batch = 2,
                          .image = 32,
                          .localImage = 16,
                          .localCrops = 2}};
  Dino<Pyramid> copy = original;
  // A loss of the copy with the original's crops would not fit.
  original.options.localCrops = 7;
  EXPECT_NO_THROW(copy.recordStep());
}

TEST(CustomModelTest, TrainsWithLabels) {
  Module module;
  Supervised<Pyramid> supervised{
      module, {.backbone = kTrunk, .batch = 2, .image = 32, .classes = 10}};
  supervised.recordStep();
  EXPECT_NE(module.graph().findVariable("optimizer.exp_avg.model.head.bias"),
            nullptr);
}

TEST(CustomModelTest, StagesWithoutBlocksAreAnError) {
  Module module;
  auto errorOf = [&](TrunkOptions options) -> std::string {
    try {
      Bcssl network{Scope(module, "net"), std::move(options)};
    } catch (const ModelError &error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(errorOf({.dims = {8, 16}, .depths = {1}})
                .find("a trunk expects channels and blocks of at least one "
                      "stage, got 2 dims and 1 depths"),
            std::string::npos);
  EXPECT_NE(errorOf({.dims = {}, .depths = {}}), "");
}
