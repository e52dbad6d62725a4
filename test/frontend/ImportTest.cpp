//===- ImportTest.cpp - from a recorded graph to MLIR ---------------------===//

#include "frontend/Import.h"
#include "dialects/bcssl/Bcssl.h"
#include "frontend/Dsl.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <gtest/gtest.h>

#include <set>

namespace fe = bcssl::frontend;
using namespace bcssl::frontend;

namespace {

class ImportTest : public testing::Test {
protected:
  void import() {
    imported = importModule(context, module.graph());
    ASSERT_TRUE(imported);
    function = *imported->getOps<mlir::func::FuncOp>().begin();
  }
  template <class Op> Op first() { return *function.getOps<Op>().begin(); }

  mlir::MLIRContext context;
  fe::Module module;
  Program &program = module.program("step", Mode::Training);
  mlir::OwningOpRef<mlir::ModuleOp> imported;
  mlir::func::FuncOp function;
};

} // namespace

TEST_F(ImportTest, PortsCarryTheirNames) {
  Variable weight(Scope(module, "net") / "weight",
                  {.shape = {3, 3, 4},
                   .initializer = Initializer::truncNormal(0.02),
                   .published = {{4, 1, 3, 3}, {2, -1, 0, 1}}});
  Tensor x = program.input("x", {2, 5, 5, 4});
  Tensor y = depthwiseConv2d(x, weight.in(x));
  program.output("y", y);
  program.assign(weight, weight.in(x) * 2.0);
  import();
  auto name = [](mlir::Attribute attribute) {
    return llvm::cast<mlir::StringAttr>(attribute).getValue();
  };
  EXPECT_EQ(name(function.getArgAttr(0, "bcssl.input")), "x");
  EXPECT_EQ(name(function.getArgAttr(1, "bcssl.variable")), "net.weight");
  EXPECT_EQ(name(function.getResultAttr(0, "bcssl.output")), "y");
  EXPECT_EQ(name(function.getResultAttr(1, "bcssl.variable")), "net.weight");

  auto variable = *imported->getOps<bcssl::VariableOp>().begin();
  EXPECT_EQ(variable.getSymName(), "net.weight");
  EXPECT_EQ(variable.getInitializer(), "trunc_normal");
  EXPECT_EQ(variable.getValue().convertToDouble(), 0.02);
  EXPECT_EQ(variable.getPublishedShape()->vec(),
            (std::vector<int64_t>{4, 1, 3, 3}));
  EXPECT_EQ(variable.getPermutation()->vec(),
            (std::vector<int64_t>{2, -1, 0, 1}));
}

TEST_F(ImportTest, LocationsAreTheModelsLines) {
  Tensor x = program.input("x", {2, 4});
  unsigned line = __LINE__ + 1;
  gelu(x);
  import();
  auto location =
      llvm::cast<mlir::FileLineColLoc>(first<bcssl::GeluOp>().getLoc());
  EXPECT_EQ(location.getFilename(), "test/frontend/ImportTest.cpp");
  EXPECT_EQ(location.getLine(), line);
}

TEST_F(ImportTest, AttributesBecomeProperties) {
  Tensor x = program.input("x", {6, 4});
  Tensor active = program.input("active");
  reduceSum(x, {0});
  select(active, x, x);
  sinkhorn(x * 0.5, 3);
  import();
  EXPECT_EQ(first<bcssl::ReduceOp>().getKind(), bcssl::ReduceKind::Sum);
  EXPECT_EQ(first<bcssl::ReduceOp>().getDims().vec(),
            (std::vector<int64_t>{0}));
  EXPECT_EQ(first<mlir::arith::CmpFOp>().getPredicate(),
            mlir::arith::CmpFPredicate::OGT);
  EXPECT_EQ(first<bcssl::SinkhornOp>().getIterations(), 3u);
  std::set<double> constants;
  for (auto constant : function.getOps<mlir::arith::ConstantOp>())
    constants.insert(llvm::cast<mlir::DenseFPElementsAttr>(constant.getValue())
                         .getSplatValue<mlir::APFloat>()
                         .convertToDouble());
  EXPECT_EQ(constants, (std::set<double>{0.0, 0.5}));
}

// Every recording function builds an operation that the dialect's verifier
// accepts.
TEST_F(ImportTest, EveryOperationVerifies) {
  Scope net(module, "net");
  Tensor images = program.input("images", {4, 8, 8, 3});
  Tensor labels = program.input("labels", {4}, ElementType::I32);
  Tensor lr = program.input("learning_rate");
  Tensor wd = program.input("weight_decay");
  PatchifyConv2d stem{net / "stem", {.in = 3, .out = 8, .patch = 2}};
  DepthwiseConv2d dwconv{net / "dwconv", {.channels = 8, .kernel = 5}};
  BatchNorm bn{net / "bn", {.channels = 8}};
  LayerNorm norm{net / "norm", {.channels = 8}};
  LayerScale gamma{net / "gamma", {.channels = 8}};
  Linear head{net / "head", {.in = 8, .out = 6}};
  WeightNormLinear last{net / "last", {.in = 6, .out = 5}};
  DropPath drop{0.5};

  Tensor x = stem(images);
  x = relu(x + drop(gamma(norm(bn(dwconv(x))))));
  Tensor z = l2Normalize(gelu(head(globalAveragePool(x))));
  Tensor logits = last(concat({z, z}));
  Tensor first = slice(logits, 0, 4);
  Tensor targets = stopGradient(softmax(first) + (-Located(first)) / 2.0);
  Tensor loss = crossViewCrossEntropy(concat({logits, first}), targets, 3, 1) +
                crossEntropy(first, labels, 0.1) -
                reduceSum(logSoftmax(first), {0, 1});
  loss = loss + allReduce(sqrt(log(maximum(lr, wd))));
  loss = loss + reshape(cast(cast(reduceSum(reshape(x, {64, 8}), {0, 1}),
                                  ElementType::BF16),
                             ElementType::F32),
                        {});
  program.output("loss", loss);
  import();
}

TEST_F(ImportTest, EveryOptimizerVerifies) {
  Scope net(module, "net");
  Linear head{net / "head", {.in = 8, .out = 6}};
  Tensor x = program.input("x", {4, 8});
  Tensor loss = reduceSum(head(x), {0, 1});
  std::vector<Variable> parameters =
      module.variablesBelow("net", Role::Parameter);
  ASSERT_EQ(parameters.size(), 2u);
  std::vector<Tensor> values;
  for (const Variable &parameter : parameters)
    values.push_back(program.read(parameter));
  std::vector<Tensor> all = gradients(loss, values);
  for (Tensor &gradient : all)
    gradient = clipByNorm(gradient, 3.0);
  UpdateGroup group{parameters, all, program.input("learning_rate"),
                    program.input("weight_decay"), program.input("active")};
  AdamW{.state = Scope(module, "adamw")}(group);
  Sgd{.state = Scope(module, "sgd")}(group);
  Lars{.state = Scope(module, "lars")}(group);
  program.assign(parameters[0], ema(program.read(parameters[0]), values[0],
                                    program.input("momentum")));
  import();
}
