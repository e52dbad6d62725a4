//===- LearnerTest.cpp - which programs can be trained --------------------===//

#include "runtime/train/Trainer.h"
#include "test/runtime/executable/TestFile.h"

#include <gtest/gtest.h>

using namespace bcssl;

namespace {

/// A program "step" that does nothing with these inputs.
Result<StepShape> shapeOf(const std::vector<artifact::Port> &inputs,
                          const std::string &output = "loss",
                          const std::string &name = "step") {
  artifact::Contents contents;
  contents.major = 1;
  artifact::Program program;
  program.name = name;
  auto place = [](artifact::Port port, uint64_t &end) {
    port.offset = end;
    end = (end + port.bytes() + 63) / 64 * 64;
    return port;
  };
  for (const artifact::Port &port : inputs)
    program.inputs.push_back(place(port, program.inputBytes));
  program.outputs.push_back(
      place({output, DataType::F32, {1}, 0}, program.outputBytes));
  contents.programs.push_back(program);
  artifact::Variable variable;
  variable.name = "student.head.last_layer.weight_v";
  variable.shape = {64, 8};
  contents.variables.push_back(variable);
  contents.stateBytes = 64 * 8 * 4;
  auto executable = Executable::parse(encode(contents), "test.bcx");
  EXPECT_TRUE(executable.ok()) << executable.error().text();
  return stepShape(**executable);
}

artifact::Port images(const std::string &name, artifact::Shape shape) {
  return {name, DataType::F32, std::move(shape), 0};
}

TEST(StepShapeTest, DinoStep) {
  auto shape = shapeOf({images("images.global", {8, 32, 32, 1}),
                        images("images.local", {12, 16, 16, 1}),
                        images("learning_rate", {1})});
  ASSERT_TRUE(shape.ok()) << shape.error().text();
  EXPECT_FALSE(shape->labelled);
  EXPECT_EQ(shape->batch, 4);
  EXPECT_EQ(shape->globalCrops, 2);
  EXPECT_EQ(shape->globalSize, 32);
  EXPECT_EQ(shape->localCrops, 3);
  EXPECT_EQ(shape->localSize, 16);
  EXPECT_EQ(shape->channels, 1);
  EXPECT_EQ(shape->outputs, 64);
  AugmentOptions augment = augmentFor(*shape, AugmentOptions());
  EXPECT_EQ(augment.crops(), 5);
  EXPECT_EQ(augment.size(4), 16);
}

TEST(StepShapeTest, SupervisedStep) {
  auto shape = shapeOf(
      {images("images", {8, 224, 224, 3}), {"labels", DataType::I32, {8}, 0}});
  ASSERT_TRUE(shape.ok()) << shape.error().text();
  EXPECT_TRUE(shape->labelled);
  EXPECT_EQ(shape->batch, 8);
  EXPECT_EQ(shape->globalCrops, 1);
  EXPECT_EQ(shape->localCrops, 0);
}

TEST(StepShapeTest, BytesComeWithWhatNormalisesThem) {
  auto bytes = [](const std::string &name, artifact::Shape shape) {
    return artifact::Port{name, DataType::U8, std::move(shape), 0};
  };
  artifact::Port global = bytes("images.global", {8, 32, 32, 3});
  artifact::Port local = bytes("images.local", {8, 16, 16, 3});
  artifact::Port mean = images("images.mean", {96});
  artifact::Port deviation = images("images.deviation", {96});
  auto shape = shapeOf({global, local, mean, deviation});
  ASSERT_TRUE(shape.ok()) << shape.error().text();
  EXPECT_TRUE(shape->bytes);
  auto refused = [](const Result<StepShape> &shape) {
    return !shape.ok() && shape.error().id == "program-step";
  };
  EXPECT_TRUE(refused(shapeOf({global, local, mean})));
  EXPECT_TRUE(refused(shapeOf({global, local, deviation})));
  EXPECT_TRUE(
      refused(shapeOf({global, local, images("images.mean", {4}), deviation})));
  EXPECT_TRUE(
      refused(shapeOf({global, local, bytes("images.mean", {96}), deviation})));
  EXPECT_TRUE(refused(shapeOf(
      {global, images("images.local", {8, 16, 16, 3}), mean, deviation})));
  EXPECT_TRUE(refused(
      shapeOf({images("images.global", {8, 32, 32, 3}), mean, deviation})));
}

TEST(StepShapeTest, OtherProgramsAreRefused) {
  auto refused = [](const Result<StepShape> &shape) {
    return !shape.ok() && shape.error().id == "program-step" &&
           shape.error().code == ExitCode::BadData &&
           shape.error().file == "test.bcx";
  };
  artifact::Port good = images("images", {8, 32, 32, 3});
  EXPECT_TRUE(refused(shapeOf({good}, "loss", "features")));
  EXPECT_TRUE(refused(shapeOf({good}, "logits")));
  EXPECT_TRUE(refused(shapeOf({})));
  EXPECT_TRUE(refused(shapeOf({images("pixels", {8, 32, 32, 3})})));
  EXPECT_TRUE(refused(shapeOf({images("images", {8, 32, 16, 3})})));
  EXPECT_TRUE(refused(shapeOf({images("images", {8, 32, 32, 4})})));
  EXPECT_TRUE(refused(shapeOf({images("images.global", {7, 32, 32, 3})})));
  EXPECT_TRUE(refused(shapeOf({images("images.global", {8, 32, 32, 3}),
                               images("images.local", {6, 16, 16, 3})})));
  EXPECT_TRUE(refused(shapeOf({images("images.global", {8, 32, 32, 3}),
                               images("images.local", {8, 16, 16, 1})})));
}

} // namespace
