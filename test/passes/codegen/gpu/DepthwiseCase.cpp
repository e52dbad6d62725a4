//===- DepthwiseCase.cpp - one depthwise GPU kernel and its run -----------===//

#include "test/passes/codegen/gpu/DepthwiseCase.h"

#include "dialects/bcssl/Bcssl.h"
#include "passes/Pipelines.h"
#include "passes/codegen/gpu/Passes.h"
#include "passes/target/Nvvm.h"
#include "runtime/base/Philox.h"
#include "test/reference/Loops.h"

#include "mlir/Parser/Parser.h"

#include <cmath>
#include <cstring>

using namespace mlir;

namespace bcssl::test {
namespace {

std::string tensorOf(const reference::Shape &shape,
                     const std::string &element) {
  std::string text = "tensor<";
  for (int64_t size : shape)
    text += std::to_string(size) + "x";
  return text + element + ">";
}

uint16_t toBf16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

float fromBf16(uint16_t value) {
  uint32_t bits = static_cast<uint32_t>(value) << 16;
  float result;
  std::memcpy(&result, &bits, sizeof(result));
  return result;
}

/// A random tensor whose values the element type has, and its bytes.
reference::Tensor draw(reference::Shape shape, const std::string &element,
                       uint32_t stream, std::vector<std::byte> &bytes) {
  reference::Tensor tensor(std::move(shape));
  Philox random(/*seed=*/1, stream);
  bool narrow = element == "bf16";
  bytes.resize(tensor.size() * (narrow ? 2 : 4));
  for (int64_t i = 0; i < tensor.size(); ++i) {
    float value = random.uniform(-1, 1);
    if (narrow) {
      uint16_t rounded = toBf16(value);
      value = fromBf16(rounded);
      std::memcpy(&bytes[2 * i], &rounded, 2);
    } else {
      std::memcpy(&bytes[4 * i], &value, 4);
    }
    tensor[i] = value;
  }
  return tensor;
}

double valueAt(const std::vector<std::byte> &bytes, int64_t i,
               const std::string &element) {
  if (element == "bf16") {
    uint16_t value;
    std::memcpy(&value, &bytes[2 * i], 2);
    return fromBf16(value);
  }
  float value;
  std::memcpy(&value, &bytes[4 * i], 4);
  return value;
}

/// The launch that the kernel asks for.
CpuLaunch launchOf(ModuleOp module) {
  CpuLaunch launch;
  module.walk([&](KernelOp kernel) {
    auto number = [&](StringRef name) {
      return kernel->getAttrOfType<IntegerAttr>(name).getInt();
    };
    launch.symbol = kernel->getAttrOfType<StringAttr>("symbol").str();
    launch.blocks = number("tiles");
    launch.threads = number("threads");
    launch.sharedBytes = number("shared_bytes");
  });
  return launch;
}

/// What a kernel computes, as text and as numbers.
struct Kernel {
  std::string family = "depthwise";
  std::vector<std::string> inputs, results; // types
  std::string body;
  std::vector<std::string> yielded;
};

Kernel kernelOf(const DepthwiseCase &test, Computation computation) {
  std::string map = tensorOf(test.map(), test.element),
              floats = tensorOf(test.map(), "f32"),
              filter = tensorOf(test.filter(), test.element),
              row = tensorOf({test.channels}, "f32");
  auto binary = [](const std::string &text, const std::string &type) {
    return text + " : " + type + "\n";
  };
  Kernel kernel;
  kernel.inputs = {map, filter, tensorOf({test.channels}, test.element)};
  kernel.results = {map};
  kernel.yielded = {"%y"};
  switch (computation) {
  case Computation::Forward:
    kernel.body = "%c = bcssl.depthwise_conv2d %a0, %a1 : " + map + ", " +
                  filter + " -> " + map +
                  "\n%t = bcssl.broadcast %a2 dims [3] : " + kernel.inputs[2] +
                  " -> " + map + "\n" + binary("%m = arith.mulf %c, %t", map) +
                  binary("%e = math.erf %m", map) +
                  binary("%y = arith.addf %e, %a0", map);
    break;
  case Computation::InputGradient:
    kernel.body = "%y = bcssl.depthwise_conv2d_input_grad %a0, %a1 : " + map +
                  ", " + filter + " -> " + map + "\n";
    break;
  case Computation::Statistics: {
    std::string keep = tensorOf({test.images}, "f32"),
                sums = tensorOf({test.images, test.channels}, "f32"),
                rows = std::to_string(test.height * test.width);
    kernel.inputs = {map, filter, row, keep};
    kernel.results = {sums, map, sums};
    kernel.yielded = {"%s", "%y", "%q"};
    kernel.body =
        "%c = bcssl.depthwise_conv2d %a0, %a1 : " + map + ", " + filter +
        " -> " + floats + "\n%k = bcssl.broadcast %a3 dims [0] : " + keep +
        " -> " + floats + "\n" + binary("%z = arith.mulf %c, %k", floats) +
        "%t = bcssl.broadcast %a2 dims [3] : " + row + " -> " + floats + "\n" +
        binary("%d = arith.subf %z, %t", floats) +
        binary("%dd = arith.mulf %d, %d", floats) +
        "%s = bcssl.reduce_partial %d rows(" + rows + ") : " + floats + " -> " +
        sums + "\n%q = bcssl.reduce_partial %dd rows(" + rows +
        ") : " + floats + " -> " + sums + "\n";
    if (test.element == "bf16")
      kernel.body += "%y = arith.truncf %z : " + floats + " to " + map + "\n";
    else
      kernel.yielded[1] = "%z";
    break;
  }
  case Computation::FilterGradient: {
    reference::Shape parts = test.filter();
    std::string options;
    if (test.parts != 1) {
      parts.insert(parts.begin(), test.parts);
      options = " {parts = " + std::to_string(test.parts) + " : i64}";
    }
    kernel.family = "depthwise_filter_grad";
    kernel.inputs = {map, map};
    kernel.results = {tensorOf(parts, "f32")};
    kernel.body = "%y = bcssl.depthwise_conv2d_filter_grad %a0, %a1" + options +
                  " : " + map + ", " + map + " -> " + kernel.results[0] + "\n";
  }
  }
  return kernel;
}

std::string join(const std::vector<std::string> &words) {
  std::string text;
  for (const std::string &word : words)
    text += (text.empty() ? "" : ", ") + word;
  return text;
}

/// The images from `first` on, `count` of them.
reference::Tensor imagesOf(const reference::Tensor &map, int64_t first,
                           int64_t count) {
  int64_t size = map.size() / map.shape[0];
  reference::Shape shape = map.shape;
  shape[0] = count;
  return {shape,
          std::vector<double>(map.values.begin() + first * size,
                              map.values.begin() + (first + count) * size)};
}

/// The results, from the inputs.
std::vector<reference::Tensor>
expectedOf(const DepthwiseCase &test, Computation computation,
           const std::vector<reference::Tensor> &inputs) {
  if (computation == Computation::InputGradient)
    return {reference::depthwiseConv2dInputGrad(inputs[0], inputs[1])};
  if (computation == Computation::FilterGradient) {
    reference::Tensor all(reference::Shape{0});
    int64_t each = (test.images + test.parts - 1) / test.parts;
    for (int64_t first = 0; first < test.images; first += each) {
      int64_t count = std::min(each, test.images - first);
      reference::Tensor part = reference::depthwiseConv2dFilterGrad(
          imagesOf(inputs[0], first, count), imagesOf(inputs[1], first, count),
          test.kernel, test.kernel);
      all.values.insert(all.values.end(), part.values.begin(),
                        part.values.end());
    }
    return {all};
  }
  reference::Tensor map = reference::depthwiseConv2d(inputs[0], inputs[1]);
  int64_t channels = test.channels;
  if (computation == Computation::Forward) {
    for (int64_t i = 0; i < map.size(); ++i)
      map[i] = std::erf(map[i] * inputs[2][i % channels]) + inputs[0][i];
    return {map};
  }
  reference::Tensor sums({test.images, channels}), squares = sums;
  int64_t imageSize = map.size() / test.images;
  for (int64_t i = 0; i < map.size(); ++i) {
    int64_t image = i / imageSize, channel = i % channels;
    map[i] *= inputs[3][image];
    double distance = map[i] - inputs[2][channel];
    sums(image, channel) += distance;
    squares(image, channel) += distance * distance;
  }
  return {sums, map, squares};
}

/// Whether a value is far from the expected one; how far sums of f32 and values
/// of bf16 may be off depends on the largest.
bool isWrong(const reference::Tensor &expected,
             const std::vector<std::byte> &bytes, const std::string &element) {
  double largest = 0;
  for (double value : expected.values)
    largest = std::max(largest, std::abs(value));
  double bound = largest * (element == "bf16" ? 1.0 / 256 : 1e-5);
  for (int64_t i = 0; i < expected.size(); ++i)
    if (!(std::abs(valueAt(bytes, i, element) - expected[i]) <= bound))
      return true;
  return false;
}

reference::Shape shapeOf(const std::string &type) {
  reference::Shape shape;
  size_t at = type.find('<') + 1;
  for (size_t end; (end = type.find('x', at)) != std::string::npos;
       at = end + 1)
    shape.push_back(std::stoll(type.substr(at, end - at)));
  return shape;
}

std::string elementOf(const std::string &type) {
  return type.find("bf16") == std::string::npos ? "f32" : "bf16";
}

} // namespace

std::string programOf(const DepthwiseCase &test, Computation computation) {
  Kernel kernel = kernelOf(test, computation);
  std::vector<std::string> arguments, bindings, results;
  for (size_t i = 0; i < kernel.inputs.size(); ++i) {
    std::string number = std::to_string(i);
    arguments.push_back("%x" + number + ": " + kernel.inputs[i]);
    bindings.push_back("%a" + number + " = %x" + number);
  }
  std::string types = "(" + join(kernel.results) + ")";
  std::string count = std::to_string(kernel.results.size());
  for (size_t i = 0; i < kernel.results.size(); ++i)
    results.push_back("%r#" + std::to_string(i));
  return "func.func @f(" + join(arguments) + ") -> " + types +
         " {\n%r:" + count + " = bcssl.kernel " + kernel.family + "(" +
         join(bindings) + ") " +
         (test.tile.empty() ? "" : "tile {" + test.tile + "} ") + ": (" +
         join(kernel.inputs) + ") -> " + types + " {\n" + kernel.body +
         "bcssl.yield " + join(kernel.yielded) + " : " + join(kernel.results) +
         "\n}\nreturn " + join(results) + " : " + join(kernel.results) +
         "\n}\n";
}

std::string faultOf(const DepthwiseCase &test, Computation computation,
                    ThreadOrder order, Fault fault) {
  DialectRegistry registry;
  registerDialects(registry);
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  auto module =
      parseSourceString<ModuleOp>(programOf(test, computation), &context);
  PassManager emit(&context), lower(&context);
  emit.addNestedPass<func::FuncOp>(
      createChooseGpuTiles(ChooseGpuTilesOptions{.chip = test.chip}));
  emit.addPass(createEmitGpuKernels({test.chip, MissingGenerator::Error}));
  buildNvvmLowering(lower);
  if (!module || failed(emit.run(*module)))
    return "no kernel";
  CpuLaunch launch = launchOf(*module);
  launch.order = order;
  fault(*module, launch);
  if (failed(lower.run(*module)))
    return "not lowered";

  Kernel kernel = kernelOf(test, computation);
  std::vector<std::vector<std::byte>> buffers;
  std::vector<reference::Tensor> inputs;
  for (const std::string &type : kernel.inputs)
    inputs.push_back(draw(shapeOf(type), elementOf(type),
                          static_cast<uint32_t>(inputs.size()),
                          buffers.emplace_back()));
  for (const std::string &type : kernel.results)
    buffers.emplace_back(reference::elementCount(shapeOf(type)) *
                             (elementOf(type) == "bf16" ? 2 : 4),
                         std::byte{0xff});
  auto kernels = *module->getOps<gpu::GPUModuleOp>().begin();
  if (std::string problem = runOnCpu(kernels, launch, buffers);
      !problem.empty())
    return problem;

  std::vector<reference::Tensor> expected =
      expectedOf(test, computation, inputs);
  for (size_t i = 0; i < expected.size(); ++i)
    if (isWrong(expected[i], buffers[inputs.size() + i],
                elementOf(kernel.results[i])))
      return "wrong values";
  return "";
}

} // namespace bcssl::test
