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

} // namespace

std::string programOf(const DepthwiseCase &test, bool gradient) {
  std::string map = tensorOf(test.map(), test.element);
  std::string filter =
      tensorOf({test.kernel, test.kernel, test.channels}, test.element);
  std::string scale = tensorOf({test.channels}, test.element);
  std::string body =
      gradient
          ? "%y = bcssl.depthwise_conv2d_input_grad %a, %b : " + map + ", " +
                filter + " -> " + map + "\n"
          : "%c0 = bcssl.depthwise_conv2d %a, %b : " + map + ", " + filter +
                " -> " + map + "\n%t = bcssl.broadcast %c dims [3] : " + scale +
                " -> " + map + "\n%m = arith.mulf %c0, %t : " + map +
                "\n%e = math.erf %m : " + map +
                "\n%y = arith.addf %e, %a : " + map + "\n";
  return "func.func @f(%x: " + map + ", %w: " + filter + ", %s: " + scale +
         ") -> " + map +
         " {\n%0 = bcssl.kernel depthwise(%a = %x, %b = %w, %c = %s) " +
         (test.tile.empty() ? "" : "tile {" + test.tile + "} ") + ": (" + map +
         ", " + filter + ", " + scale + ") -> " + map + " {\n" + body +
         "bcssl.yield %y : " + map + "\n}\nreturn %0 : " + map + "\n}\n";
}

std::string faultOf(const DepthwiseCase &test, bool gradient, ThreadOrder order,
                    Fault fault) {
  DialectRegistry registry;
  registerDialects(registry);
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  auto module =
      parseSourceString<ModuleOp>(programOf(test, gradient), &context);
  PassManager emit(&context), lower(&context);
  emit.addNestedPass<func::FuncOp>(createChooseGpuTiles({test.chip}));
  emit.addPass(createEmitGpuKernels({test.chip, MissingGenerator::Error}));
  buildNvvmLowering(lower);
  if (!module || failed(emit.run(*module)))
    return "no kernel";
  CpuLaunch launch = launchOf(*module);
  launch.order = order;
  fault(*module, launch);
  if (failed(lower.run(*module)))
    return "not lowered";

  std::vector<std::vector<std::byte>> buffers(4);
  reference::Tensor input = draw(test.map(), test.element, 0, buffers[0]);
  reference::Tensor filter = draw({test.kernel, test.kernel, test.channels},
                                  test.element, 1, buffers[1]);
  reference::Tensor scale = draw({test.channels}, test.element, 2, buffers[2]);
  buffers[3].assign(buffers[0].size(), std::byte{0xff});
  auto kernels = *module->getOps<gpu::GPUModuleOp>().begin();
  if (std::string problem = runOnCpu(kernels, launch, buffers);
      !problem.empty())
    return problem;

  reference::Tensor expected =
      gradient ? reference::depthwiseConv2dInputGrad(input, filter)
               : reference::depthwiseConv2d(input, filter);
  double largest = 0;
  for (int64_t i = 0; i < expected.size(); ++i) {
    if (!gradient)
      expected[i] = std::erf(expected[i] * scale[i % test.channels]) + input[i];
    largest = std::max(largest, std::abs(expected[i]));
  }
  // Sums of f32 round to 2^-24 each; bf16 keeps eight bits of the result.
  double bound = largest * (test.element == "bf16" ? 1.0 / 256 : 4e-6);
  int64_t wrong = 0;
  for (int64_t i = 0; i < expected.size(); ++i)
    wrong += !(std::abs(valueAt(buffers[3], i, test.element) - expected[i]) <=
               bound);
  return wrong == 0 ? "" : "wrong values";
}

} // namespace bcssl::test
