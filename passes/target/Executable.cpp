//===- Executable.cpp - a planned module to a .bcx file -------------------===//

#include "passes/target/Executable.h"

#include "dialects/bcssl/Bcssl.h"
#include "passes/schedule/MemoryPlan.h"
#include "runtime/schema/Executable_generated.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/MapVector.h"

#include <array>
#include <set>

#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace mlir;

namespace bcssl {
namespace {

namespace fb = flatbuffers;

/// Floating-point operations of one kernel's launch: two per product, one per
/// other element.
uint64_t flopsOf(KernelOp kernel) {
  uint64_t flops = 0;
  auto elements = [](Value value) -> uint64_t {
    return cast<RankedTensorType>(value.getType()).getNumElements();
  };
  for (Operation &op : kernel.getBody().front()) {
    if (auto conv = dyn_cast<DepthwiseConv2dFilterGradOp>(op)) {
      // Of [height, width, channels], with parts in front where it has some.
      auto taps = cast<RankedTensorType>(conv.getFilterGrad().getType())
                      .getShape()
                      .take_back(3);
      flops += 2 * elements(conv.getInput()) * taps[0] * taps[1];
    } else if (isa<DepthwiseConv2dOp, DepthwiseConv2dInputGradOp>(op)) {
      auto taps = cast<RankedTensorType>(op.getOperand(1).getType()).getShape();
      flops += 2 * elements(op.getResult(0)) * taps[0] * taps[1];
    } else if (auto contract = dyn_cast<PackedContractOp>(op)) {
      flops +=
          2 * elements(contract.getOutput()) *
          cast<RankedTensorType>(contract.getPacked().getType()).getDimSize(1);
    } else if (auto contract = dyn_cast<ContractOp>(op)) {
      auto left = cast<RankedTensorType>(contract.getLhs().getType());
      auto right = cast<RankedTensorType>(contract.getRhs().getType());
      // The result of parts is longer than what is multiplied.
      flops += 2 * (contract.getForm() == ContractForm::TN
                        ? elements(contract.getLhs()) * right.getShape().back()
                        : elements(contract.getOutput()) / contract.getParts() *
                              left.getShape().back());
    } else if (auto part = dyn_cast<KernelOp>(op)) {
      flops += flopsOf(part);
    } else if (!isa<YieldOp>(op)) {
      for (Value operand : op.getOperands())
        if (isa<RankedTensorType>(operand.getType())) {
          flops += elements(operand);
          break;
        }
    }
  }
  return flops;
}

schema::DataType dataTypeOf(Type type) {
  Type element = cast<RankedTensorType>(type).getElementType();
  if (element.isBF16())
    return schema::DataType::BF16;
  if (element.isInteger(8))
    return schema::DataType::U8;
  return element.isInteger(32) ? schema::DataType::I32 : schema::DataType::F32;
}

std::vector<int64_t> shapeOf(Type type) {
  return cast<RankedTensorType>(type).getShape().vec();
}

schema::Slot slotOf(Attribute attribute) {
  Slot slot = *toSlot(attribute);
  return schema::Slot(static_cast<schema::Space>(slot.space), slot.offset,
                      slot.bytes);
}

/// Whether the generators have left what a kernel's launch needs.
bool isEmitted(KernelOp kernel, Operation *code) {
  auto symbol = kernel->getAttrOfType<StringAttr>("symbol");
  auto tiles = kernel->getAttrOfType<IntegerAttr>("tiles");
  if (!symbol || !tiles || !tiles.getType().isInteger(64) ||
      tiles.getValue().isNegative())
    return false;
  unsigned buffers = kernel->getNumOperands() + kernel->getNumResults();
  Operation *function = SymbolTable::lookupSymbolIn(code, symbol);
  if (auto ofCpu = dyn_cast_or_null<func::FuncOp>(function))
    return ofCpu.getNumArguments() == buffers + 1; // and the tile
  auto ofGpu = dyn_cast_or_null<gpu::GPUFuncOp>(function);
  if (!ofGpu)
    return false;
  // A tensor map each beside them. What they say is read with the code.
  auto maps = ofGpu->getAttrOfType<ArrayAttr>(tensorMapsAttrName);
  return ofGpu.getNumArguments() == buffers + (maps ? maps.size() : 0);
}

class Serializer {
public:
  explicit Serializer(ModuleOp module) : module(module) {}

  FailureOr<std::string>
  run(const std::vector<KernelImage> &images,
      const std::vector<std::pair<std::string, std::string>> &properties);

private:
  uint64_t number(Operation *op, StringRef name) {
    return op->getAttrOfType<IntegerAttr>(name).getInt();
  }
  std::vector<fb::Offset<schema::Variable>> variables();
  fb::Offset<schema::Program> program(func::FuncOp function);
  fb::Offset<schema::Port> port(StringRef name, Type type, uint64_t offset);
  fb::Offset<schema::Instruction> launch(KernelOp kernel);
  fb::Offset<schema::Image> image(const KernelImage &from);
  fb::Offset<schema::LaunchTable> launchTable(const KernelImage &from);

  ModuleOp module;
  fb::FlatBufferBuilder builder;
  llvm::MapVector<StringAttr, uint32_t> kernels; // symbol -> index
  std::vector<uint32_t> argumentCounts;
};

std::vector<fb::Offset<schema::Variable>> Serializer::variables() {
  std::vector<fb::Offset<schema::Variable>> result;
  llvm::StringMap<schema::Initializer> initializers{
      {"zeros", schema::Initializer::Zeros},
      {"ones", schema::Initializer::Ones},
      {"constant", schema::Initializer::Constant},
      {"trunc_normal", schema::Initializer::TruncNormal},
      {"uniform", schema::Initializer::Uniform},
      {"copy", schema::Initializer::Copy}};
  for (auto variable : module.getOps<VariableOp>()) {
    std::vector<int64_t> published;
    std::vector<int32_t> permutation;
    if (auto shape = variable.getPublishedShape())
      published = shape->vec();
    if (auto order = variable.getPermutation())
      permutation.assign(order->begin(), order->end());
    std::vector<int64_t> shape = shapeOf(variable.getType());
    std::string source = variable.getSource().value_or("").str();
    result.push_back(schema::CreateVariableDirect(
        builder, variable.getSymName().str().c_str(),
        dataTypeOf(variable.getType()), &shape,
        published.empty() ? nullptr : &published,
        permutation.empty() ? nullptr : &permutation,
        initializers.lookup(variable.getInitializer()),
        variable.getValue().convertToDouble(),
        source.empty() ? nullptr : source.c_str(),
        number(variable, "bcssl.offset")));
  }
  return result;
}

fb::Offset<schema::Port> Serializer::port(StringRef name, Type type,
                                          uint64_t offset) {
  std::vector<int64_t> shape = shapeOf(type);
  return schema::CreatePortDirect(builder, name.str().c_str(), dataTypeOf(type),
                                  &shape, offset);
}

fb::Offset<schema::Instruction> Serializer::launch(KernelOp kernel) {
  std::vector<schema::Slot> slots;
  for (Attribute slot : kernel->getAttrOfType<ArrayAttr>("slots"))
    slots.push_back(slotOf(slot));
  auto symbol = kernel->getAttrOfType<StringAttr>("symbol");
  auto [entry, isNew] = kernels.insert({symbol, kernels.size()});
  if (isNew)
    argumentCounts.push_back(slots.size());
  auto step = schema::CreateLaunchDirect(builder, entry->second, &slots,
                                         number(kernel, "tiles"),
                                         flopsOf(kernel), symbol.str().c_str());
  return schema::CreateInstruction(builder, schema::Step::Launch, step.Union());
}

fb::Offset<schema::Program> Serializer::program(func::FuncOp function) {
  std::vector<fb::Offset<schema::Port>> inputs, outputs;
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (auto name = function.getArgAttrOfType<StringAttr>(i, "bcssl.input"))
      inputs.push_back(port(
          name, function.getArgumentTypes()[i],
          function.getArgAttrOfType<IntegerAttr>(i, "bcssl.offset").getInt()));
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    if (auto name = function.getResultAttrOfType<StringAttr>(i, "bcssl.output"))
      outputs.push_back(
          port(name, function.getResultTypes()[i],
               function.getResultAttrOfType<IntegerAttr>(i, "bcssl.offset")
                   .getInt()));
  std::vector<fb::Offset<schema::Instruction>> instructions;
  for (auto kernel : function.getBody().front().getOps<KernelOp>())
    instructions.push_back(launch(kernel));
  for (Attribute move : function->getAttrOfType<ArrayAttr>("bcssl.moves")) {
    std::vector<schema::Slot> slots;
    for (Attribute slot : cast<ArrayAttr>(move))
      slots.push_back(slotOf(slot));
    auto step = schema::CreateMoveDirect(builder, &slots);
    instructions.push_back(
        schema::CreateInstruction(builder, schema::Step::Move, step.Union()));
  }
  return schema::CreateProgramDirect(builder, function.getName().str().c_str(),
                                     &inputs, &outputs, &instructions,
                                     number(function, "bcssl.arena_bytes"),
                                     number(function, "bcssl.input_bytes"),
                                     number(function, "bcssl.output_bytes"));
}

fb::Offset<schema::Image> Serializer::image(const KernelImage &from) {
  XXH128_hash_t hash = XXH3_128bits(from.bytes.data(), from.bytes.size());
  auto bytes = builder.CreateVector(
      reinterpret_cast<const uint8_t *>(from.bytes.data()), from.bytes.size());
  return schema::CreateImage(builder, builder.CreateString(from.target),
                             builder.CreateString(from.format), hash.low64,
                             hash.high64, bytes);
}

schema::TensorMap tensorMapOf(const GpuTensorMap &map, uint32_t kernel) {
  std::array<uint16_t, 5> box{};
  std::array<uint64_t, 5> sizes{};
  std::array<uint64_t, 4> strides{};
  llvm::copy(map.box, box.begin());
  llvm::copy(map.sizes, sizes.begin());
  for (auto [to, elements] : llvm::zip(strides, map.strides))
    to = elements * map.elementBytes;
  return {kernel,
          static_cast<uint32_t>(map.buffer),
          static_cast<uint8_t>(map.sizes.size()),
          static_cast<uint8_t>(map.elementBytes),
          static_cast<uint8_t>(map.swizzleBytes),
          box,
          sizes,
          strides};
}

fb::Offset<schema::LaunchTable>
Serializer::launchTable(const KernelImage &from) {
  std::vector<schema::Geometry> geometry;
  std::vector<schema::TensorMap> tensorMaps;
  for (auto &[symbol, index] : kernels) {
    KernelLaunch start = from.launches.lookup(symbol.getValue());
    geometry.emplace_back(start.blocks, start.threads, start.sharedBytes);
    for (const GpuTensorMap &map : start.tensorMaps)
      tensorMaps.push_back(tensorMapOf(map, index));
  }
  return schema::CreateLaunchTableDirect(
      builder, from.target.c_str(), from.format.c_str(), &geometry,
      tensorMaps.empty() ? nullptr : &tensorMaps);
}

FailureOr<std::string> Serializer::run(
    const std::vector<KernelImage> &images,
    const std::vector<std::pair<std::string, std::string>> &properties) {
  std::vector<fb::Offset<schema::Property>> propertyTable;
  for (const auto &[key, value] : properties)
    propertyTable.push_back(
        schema::CreatePropertyDirect(builder, key.c_str(), value.c_str()));
  auto variableTable = variables();
  std::vector<fb::Offset<schema::Program>> programs;
  for (auto function : module.getOps<func::FuncOp>())
    if (!function.isDeclaration())
      programs.push_back(program(function));
  std::vector<fb::Offset<schema::Kernel>> kernelTable;
  for (auto &[symbol, index] : kernels)
    kernelTable.push_back(schema::CreateKernelDirect(
        builder, symbol.str().c_str(), argumentCounts[index]));
  std::vector<fb::Offset<schema::Image>> imageTable;
  std::vector<fb::Offset<schema::LaunchTable>> launchTables;
  std::set<std::pair<StringRef, StringRef>> known;
  for (const KernelImage &from : images) {
    imageTable.push_back(image(from));
    if (!from.launches.empty() &&
        known.insert({from.target, from.format}).second)
      launchTables.push_back(launchTable(from));
  }
  constexpr uint32_t major = 1, minor = 1;
  auto root = schema::CreateExecutableDirect(
      builder, major, minor, &propertyTable, &variableTable,
      number(module, "bcssl.state_bytes"), &programs, &kernelTable, &imageTable,
      launchTables.empty() ? nullptr : &launchTables);
  builder.Finish(root, schema::ExecutableIdentifier());
  return std::string(reinterpret_cast<const char *>(builder.GetBufferPointer()),
                     builder.GetSize());
}

} // namespace

LogicalResult checkPlanned(ModuleOp module) {
  if (failed(checkMemoryPlan(module)))
    return failure();
  auto report = [](Operation *op) {
    return op->emitOpError("expects a planned program: run the stages before");
  };
  Operation *code = module.lookupSymbol("kernels");
  if (!isa_and_nonnull<ModuleOp, gpu::GPUModuleOp>(code))
    return report(module);
  for (auto function : module.getOps<func::FuncOp>())
    if (!function.isDeclaration())
      for (auto kernel : function.getBody().front().getOps<KernelOp>())
        if (!isEmitted(kernel, code))
          return report(kernel);
  return success();
}

FailureOr<std::string> serializeExecutable(
    ModuleOp module, const std::vector<KernelImage> &images,
    const std::vector<std::pair<std::string, std::string>> &properties) {
  return Serializer(module).run(images, properties);
}

} // namespace bcssl
