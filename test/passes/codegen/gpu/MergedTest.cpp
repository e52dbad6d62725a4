//===- MergedTest.cpp - several kernels in one launch, on the CPU ---------===//

#include "test/passes/codegen/gpu/KernelRun.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bcssl::test {
namespace {

/// A program whose one kernel is merged of parts: updates of one shape for
/// three tensors and of another for one, sums along rows and over rows (with
/// barriers of all threads and of half), and a movement. All updates read one
/// scalar; odd sizes.
class Program {
public:
  Program() {
    rate = input("tensor<f32>");
    for (const char *shape : {"1100x", "1100x", "7x5x", "1100x"})
      addUpdate(shape);
    addNorm("3x37x", "3x");
    addColumnSum("70x33x", "33x");
    addColumnSum("70x33x", "33x");
    addNorm("2x252x", "2x");
    addColumnSum("40x33x", "33x");
    addPatches();
  }

  std::string text() const {
    std::string arguments, operands, types, results, names;
    for (size_t i = 0; i < inputs.size(); ++i) {
      std::string number = std::to_string(i), comma = i ? ", " : "";
      arguments += comma + "%i" + number + ": " + inputs[i];
      operands += comma + "%a" + number + " = %i" + number;
      types += comma + inputs[i];
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      std::string comma = i ? ", " : "";
      results += comma + outputs[i];
      names += comma + "%r#" + std::to_string(i);
    }
    std::string yielded;
    for (size_t i = 0; i < outputs.size(); ++i)
      yielded += (i ? ", %p" : "%p") + std::to_string(i);
    return "func.func @f(" + arguments + ") -> (" + results +
           ") {\n  %r:" + std::to_string(outputs.size()) +
           " = bcssl.kernel rowwise(" + operands + ") : (" + types + ") -> (" +
           results + ") {\n" + parts + "    bcssl.yield " + yielded + " : " +
           results + "\n  }\n  return " + names + " : " + results + "\n}\n";
  }

private:
  std::string input(const std::string &type) {
    inputs.push_back(type);
    return "%a" + std::to_string(inputs.size() - 1);
  }

  void add(const std::string &family, const std::string &operands,
           const std::string &types, const std::string &result,
           const std::string &body) {
    parts += "    %p" + std::to_string(outputs.size()) + " = bcssl.kernel " +
             family + "(" + operands + ") : (" + types + ") -> " + result +
             " {\n" + body + "      bcssl.yield %y : " + result + "\n    }\n";
    outputs.push_back(result);
  }

  void addUpdate(const std::string &sizes) {
    std::string type = "tensor<" + sizes + "f32>";
    std::string a = input(type), b = input(type);
    add("rowwise", "%x = " + a + ", %g = " + b + ", %r = " + rate,
        type + ", " + type + ", tensor<f32>", type,
        "      %t = bcssl.broadcast %r dims [] : tensor<f32> -> " + type +
            "\n      %m = arith.mulf %g, %t : " + type +
            "\n      %y = arith.subf %x, %m : " + type + "\n");
  }

  void addNorm(const std::string &sizes, const std::string &rows) {
    std::string type = "tensor<" + sizes + "f32>",
                result = "tensor<" + rows + "f32>";
    add("rowwise", "%x = " + input(type), type, result,
        "      %s = arith.mulf %x, %x : " + type +
            "\n      %y = bcssl.reduce sum %s dims [1] : " + type + " -> " +
            result + "\n");
  }

  void addColumnSum(const std::string &sizes, const std::string &columns) {
    std::string type = "tensor<" + sizes + "f32>",
                result = "tensor<" + columns + "f32>";
    add("columnwise", "%x = " + input(type), type, result,
        "      %y = bcssl.reduce sum %x dims [0] : " + type + " -> " + result +
            "\n");
  }

  void addPatches() {
    std::string type = "tensor<2x8x8x3xbf16>", result = "tensor<2x2x2x48xbf16>";
    add("movement", "%x = " + input(type), type, result,
        "      %y = bcssl.space_to_depth %x block(4) : " + type + " -> " +
            result + "\n");
  }

  std::string rate, parts;
  std::vector<std::string> inputs, outputs;
};

TEST(GpuMerged, PartsOfManyShapesEqualReference) {
  std::string text = Program().text();
  for (ThreadOrder order : {ThreadOrder::Rising, ThreadOrder::Falling})
    EXPECT_EQ(runKernel(text, {.order = order}), "") << text;
}

/// A block that lost its way works on another part's buffers.
TEST(GpuMerged, LaunchWithoutTheLastPartIsWrong) {
  auto shorten = [](mlir::ModuleOp, CpuLaunch &launch) { --launch.blocks; };
  EXPECT_THAT(runKernel(Program().text(), {.fault = shorten}),
              testing::HasSubstr("result 9"));
}

} // namespace
} // namespace bcssl::test
