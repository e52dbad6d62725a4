//===- KernelRun.cpp - one GPU kernel against the reference ---------------===//

#include "test/passes/codegen/gpu/KernelRun.h"

#include "dialects/bcssl/Bcssl.h"
#include "passes/Pipelines.h"
#include "passes/codegen/gpu/Passes.h"
#include "passes/codegen/gpu/TensorMap.h"
#include "passes/target/Nvvm.h"
#include "runtime/base/Philox.h"
#include "test/reference/ErrorBound.h"
#include "test/reference/Interpreter.h"

#include "mlir/Parser/Parser.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace mlir;

namespace bcssl::test {
namespace {

size_t bytesOf(Type type) {
  return cast<RankedTensorType>(type).getElementTypeBitWidth() / 8;
}

/// A random tensor whose values the element type has, and its bytes.
reference::Tensor draw(Type type, uint32_t stream,
                       std::vector<std::byte> &bytes) {
  reference::Tensor tensor(reference::shapeOf(type));
  Philox random(/*seed=*/1, stream);
  size_t size = bytesOf(type);
  bytes.resize(tensor.size() * size);
  for (int64_t i = 0; i < tensor.size(); ++i) {
    float value = random.uniform(-1, 1);
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    // The upper half of a float is a bf16, little end first.
    if (size == 2)
      bits &= 0xffff0000;
    std::memcpy(&value, &bits, sizeof(bits));
    tensor[i] = value;
    std::memcpy(&bytes[i * size],
                reinterpret_cast<const std::byte *>(&bits) + 4 - size, size);
  }
  return tensor;
}

float valueAt(const std::vector<std::byte> &bytes, int64_t i, size_t size) {
  uint32_t bits = 0;
  std::memcpy(reinterpret_cast<std::byte *>(&bits) + 4 - size, &bytes[i * size],
              size);
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

/// The launch that the kernel asks for.
CpuLaunch launchOf(KernelOp kernel) {
  auto number = [&](StringRef name) {
    return kernel->getAttrOfType<IntegerAttr>(name).getInt();
  };
  CpuLaunch launch;
  launch.symbol = kernel->getAttrOfType<StringAttr>("symbol").str();
  launch.blocks = number("tiles");
  launch.threads = number("threads");
  launch.sharedBytes = number("shared_bytes");
  return launch;
}

std::string compare(const std::vector<std::byte> &computed, size_t size,
                    const reference::Tensor &expected,
                    const reference::Tensor &bounds) {
  std::vector<double> sorted = bounds.values;
  auto median = sorted.begin() + sorted.size() / 2;
  std::nth_element(sorted.begin(), median, sorted.end());
  double largest = 1e-2;
  for (double value : expected.values)
    largest = std::max(largest, std::abs(value));
  if (!(*median <= 1e-2 * largest))
    return "a bound that shows nothing";
  for (int64_t i = 0; i < expected.size(); ++i)
    if (double value = valueAt(computed, i, size);
        !(std::abs(value - expected[i]) <= bounds[i]))
      return "wrong values";
  return "";
}

} // namespace

std::string runKernel(const std::string &text,
                      const KernelRunOptions &options) {
  DialectRegistry registry;
  registerDialects(registry);
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  auto module = parseSourceString<ModuleOp>(text, &context);
  if (!module)
    return "no program";
  OwningOpRef<ModuleOp> original = module->clone();
  PassManager emit(&context), lower(&context);
  emit.addNestedPass<func::FuncOp>(
      createChooseGpuTiles(ChooseGpuTilesOptions{.chip = options.chip}));
  emit.addPass(createEmitGpuKernels({options.chip, MissingGenerator::Error}));
  buildNvvmLowering(lower);
  if (failed(emit.run(*module)))
    return "no kernel";
  KernelOp kernel;
  module->walk([&](KernelOp op) { kernel = op; });
  CpuLaunch launch = launchOf(kernel);
  launch.order = options.order;
  auto kernels = *module->getOps<gpu::GPUModuleOp>().begin();
  auto maps = tensorMapsOf(kernels.lookupSymbol<gpu::GPUFuncOp>(launch.symbol));
  if (failed(maps))
    return "no tensor maps";
  launch.tensorMaps = std::move(*maps);
  if (options.fault)
    options.fault(*module, launch);
  if (failed(lower.run(*module)))
    return "not lowered";

  auto function = original->lookupSymbol<func::FuncOp>("f");
  std::vector<std::vector<std::byte>> buffers;
  std::vector<reference::Tensor> arguments;
  for (Type type : function.getArgumentTypes())
    arguments.push_back(draw(type, static_cast<uint32_t>(arguments.size()),
                             buffers.emplace_back()));
  auto expected = reference::interpret(function, arguments);
  auto bounds = reference::boundErrors(function, arguments);
  if (failed(expected) || failed(bounds))
    return "no reference";
  for (Type type : function.getResultTypes())
    buffers.emplace_back(cast<RankedTensorType>(type).getNumElements() *
                             bytesOf(type),
                         std::byte{0xff});
  if (std::string problem = runOnCpu(kernels, launch, buffers);
      !problem.empty())
    return problem;
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    if (std::string problem = compare(buffers[arguments.size() + i],
                                      bytesOf(function.getResultTypes()[i]),
                                      (*expected)[i], (*bounds)[i]);
        !problem.empty())
      return problem + " in result " + std::to_string(i);
  return "";
}

} // namespace bcssl::test
