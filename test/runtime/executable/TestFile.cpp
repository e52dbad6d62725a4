//===- TestFile.cpp -------------------------------------------------------===//

#include "test/runtime/executable/TestFile.h"
#include "runtime/executable/Decode.h"
#include "runtime/schema/Executable_generated.h"

#include <algorithm>
#include <array>
#include <xxhash.h>

namespace bcssl {

using namespace artifact;

static Variable variable(std::string name, Shape shape, Initializer initializer,
                         double value, uint64_t offset,
                         DataType type = DataType::F32) {
  Variable made;
  made.name = std::move(name);
  made.type = type;
  made.shape = std::move(shape);
  made.initializer = initializer;
  made.value = value;
  made.offset = offset;
  return made;
}

static Program stepProgram() {
  Program step;
  step.name = "step";
  step.inputs = {{"x", DataType::F32, {1024}, 0},
                 {"rate", DataType::F32, {}, 4096}};
  step.outputs = {{"loss", DataType::F32, {}, 0},
                  {"y", DataType::F32, {32, 32}, 64},
                  {"echo", DataType::F32, {64}, 4160}};
  step.inputBytes = 4160;
  step.outputBytes = 4416;
  step.arenaBytes = 256;
  Slot x{Space::Input, 0, 4096}, rate{Space::Input, 4096, 4};
  Slot partial{Space::Arena, 0, 256}, w{Space::State, 0, 256};
  Slot loss{Space::Output, 0, 4}, y{Space::Output, 64, 4096};
  Slot echo{Space::Output, 4160, 256};
  step.instructions = {Move{{partial}},
                       Launch{1, {x, partial}, 64, 1024, "sums"},
                       Launch{2, {partial, loss}, 1, 64, "total"},
                       AllReduce{loss, 1},
                       Launch{3, {w, rate, loss}, 4, 1'000'000, "update"},
                       Launch{0, {x, y}, 64, 1'000'000, ""},
                       Move{{w, echo}}};
  return step;
}

static Program scaleProgram() {
  Program scale;
  scale.name = "scale";
  scale.inputs = {{"x", DataType::F32, {32}, 0}};
  scale.outputs = {{"y", DataType::F32, {32}, 0}};
  scale.inputBytes = scale.outputBytes = 128;
  scale.arenaBytes = 128;
  Slot x{Space::Input, 0, 128}, between{Space::Arena, 0, 128},
      y{Space::Output, 0, 128};
  scale.instructions = {Launch{0, {x, between}, 2, 0, "first"},
                        Launch{0, {between, y}, 2, 32, "second"}};
  return scale;
}

Contents goodContents(std::span<const std::byte> image) {
  Contents contents;
  contents.major = formatMajor;
  contents.minor = 1;
  contents.properties = {{"model", "test"}, {"batch", "2"}};
  Variable w = variable("w", {64}, Initializer::Constant, 0.5, 0);
  // Stored (kh, kw, channels), published (channels, 1, kh, kw).
  Variable filter =
      variable("filter", {3, 2, 5}, Initializer::TruncNormal, 0.02, 256);
  filter.publishedShape = {5, 1, 3, 2};
  filter.permutation = {2, -1, 0, 1};
  Variable copy = filter;
  copy.name = "ema.filter";
  copy.initializer = Initializer::Copy;
  copy.value = 0;
  copy.source = "filter";
  copy.offset = 384;
  contents.variables = {
      w,
      filter,
      copy,
      variable("gamma", {7}, Initializer::Ones, 0, 512),
      variable("bias", {3, 3}, Initializer::Uniform, 0.25, 576, DataType::BF16),
      variable("steps", {}, Initializer::Zeros, 0, 640, DataType::I32)};
  contents.stateBytes = 704;
  contents.kernels = {
      {"scale", 2}, {"partial_sums", 2}, {"total", 2}, {"update", 3}};
  contents.programs = {stepProgram(), scaleProgram()};
  contents.images = {{"cpu:x86-64-v3", "elf", 0, 0, image}};
  return contents;
}

Contents gpuContents(std::span<const std::byte> image,
                     const std::string &target, const std::string &format) {
  Contents contents = goodContents(image);
  // Blocks of the kernels in order; each has a thread for each element of a
  // tile.
  contents.images = {{target, format, 0, 0, image}};
  LaunchTable &table = contents.launchTables.emplace_back();
  table.target = target;
  table.format = format;
  for (uint64_t blocks : {64, 64, 1, 4})
    table.geometry.push_back({blocks, 16, 0});
  // A kernel of fewer blocks than one of its launches has a name of its own.
  contents.kernels.push_back({"scale_two", 2});
  table.geometry.push_back({2, 16, 0});
  for (Instruction &instruction : contents.programs[1].instructions)
    std::get<Launch>(instruction).kernel = 4;
  return contents;
}

KernelTensorMap someTensorMap() {
  return {0,
          {.argument = 1,
           .rank = 2,
           .elementBytes = 4,
           .swizzleBytes = 64,
           .box = {16, 8},
           .sizes = {32, 32},
           .strides = {128}}};
}

namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

schema::Slot encodeSlot(const Slot &slot) {
  return {static_cast<schema::Space>(slot.space), slot.offset, slot.bytes};
}

auto encodeSlots(FlatBufferBuilder &builder, const std::vector<Slot> &slots) {
  std::vector<schema::Slot> made;
  for (const Slot &slot : slots)
    made.push_back(encodeSlot(slot));
  return builder.CreateVectorOfStructs(made);
}

Offset<schema::Variable> encodeOne(FlatBufferBuilder &builder,
                                   const Variable &variable) {
  return schema::CreateVariableDirect(
      builder, variable.name.c_str(),
      static_cast<schema::DataType>(variable.type), &variable.shape,
      &variable.publishedShape, &variable.permutation,
      static_cast<schema::Initializer>(variable.initializer), variable.value,
      variable.source.c_str(), variable.offset);
}

Offset<schema::Port> encodeOne(FlatBufferBuilder &builder, const Port &port) {
  return schema::CreatePortDirect(builder, port.name.c_str(),
                                  static_cast<schema::DataType>(port.type),
                                  &port.shape, port.offset);
}

Offset<schema::Instruction> encodeOne(FlatBufferBuilder &builder,
                                      const Instruction &instruction) {
  if (auto *launch = std::get_if<Launch>(&instruction)) {
    auto slots = encodeSlots(builder, launch->slots);
    auto name = builder.CreateString(launch->name);
    auto step = schema::CreateLaunch(builder, launch->kernel, slots,
                                     launch->tiles, launch->flops, name);
    return schema::CreateInstruction(builder, schema::Step::Launch,
                                     step.Union());
  }
  if (auto *move = std::get_if<Move>(&instruction)) {
    auto step = schema::CreateMove(builder, encodeSlots(builder, move->slots));
    return schema::CreateInstruction(builder, schema::Step::Move, step.Union());
  }
  const auto &reduce = std::get<AllReduce>(instruction);
  schema::Slot slot = encodeSlot(reduce.slot);
  auto step = schema::CreateAllReduce(builder, &slot, reduce.elements);
  return schema::CreateInstruction(builder, schema::Step::AllReduce,
                                   step.Union());
}

using Property = std::pair<std::string, std::string>;
Offset<schema::Program> encodeOne(FlatBufferBuilder &, const Program &);
Offset<schema::Kernel> encodeOne(FlatBufferBuilder &, const Kernel &);
Offset<schema::Property> encodeOne(FlatBufferBuilder &, const Property &);
Offset<schema::Image> encodeOne(FlatBufferBuilder &, const Image &);
Offset<schema::LaunchTable> encodeOne(FlatBufferBuilder &, const LaunchTable &);

template <typename Table, typename T>
auto encodeAll(FlatBufferBuilder &builder, const std::vector<T> &values) {
  std::vector<Offset<Table>> made;
  for (const T &value : values)
    made.push_back(encodeOne(builder, value));
  return builder.CreateVector(made);
}

Offset<schema::Program> encodeOne(FlatBufferBuilder &builder,
                                  const Program &program) {
  auto name = builder.CreateString(program.name);
  auto inputs = encodeAll<schema::Port>(builder, program.inputs);
  auto outputs = encodeAll<schema::Port>(builder, program.outputs);
  auto instructions =
      encodeAll<schema::Instruction>(builder, program.instructions);
  return schema::CreateProgram(builder, name, inputs, outputs, instructions,
                               program.arenaBytes, program.inputBytes,
                               program.outputBytes);
}

Offset<schema::Kernel> encodeOne(FlatBufferBuilder &builder,
                                 const Kernel &kernel) {
  return schema::CreateKernelDirect(builder, kernel.symbol.c_str(),
                                    kernel.arguments);
}

Offset<schema::Property> encodeOne(FlatBufferBuilder &builder,
                                   const Property &property) {
  return schema::CreateProperty(builder, builder.CreateString(property.first),
                                builder.CreateString(property.second));
}

Offset<schema::Image> encodeOne(FlatBufferBuilder &builder,
                                const Image &image) {
  auto bytes = builder.CreateVector(
      reinterpret_cast<const uint8_t *>(image.bytes.data()),
      image.bytes.size());
  auto target = builder.CreateString(image.target);
  auto format = builder.CreateString(image.format);
  return schema::CreateImage(builder, target, format, image.hashLow,
                             image.hashHigh, bytes);
}

auto encodeGeometry(FlatBufferBuilder &builder, const LaunchTable &table) {
  std::vector<schema::Geometry> geometry;
  for (const Geometry &one : table.geometry)
    geometry.emplace_back(one.blocks, one.threads, one.sharedBytes);
  return builder.CreateVectorOfStructs(geometry);
}

Offset<schema::LaunchTable> encodeOne(FlatBufferBuilder &builder,
                                      const LaunchTable &table) {
  std::vector<schema::TensorMap> maps;
  for (const auto &[kernel, map] : table.tensorMaps) {
    std::array<uint16_t, 5> box;
    std::ranges::copy(map.box, box.begin());
    maps.emplace_back(kernel, map.argument, static_cast<uint8_t>(map.rank),
                      static_cast<uint8_t>(map.elementBytes),
                      static_cast<uint8_t>(map.swizzleBytes), box, map.sizes,
                      map.strides);
  }
  auto geometry = encodeGeometry(builder, table);
  auto tensorMaps = builder.CreateVectorOfStructs(maps);
  auto target = builder.CreateString(table.target);
  auto format = builder.CreateString(table.format);
  return schema::CreateLaunchTable(builder, target, format, geometry,
                                   tensorMaps);
}

/// Images of minor version 0: each has the geometry of the launch table with
/// its number, or of the last.
auto encodeOldImages(FlatBufferBuilder &builder, const Contents &contents,
                     const std::vector<Image> &images) {
  std::vector<Offset<schema::Image>> made;
  for (size_t i = 0; i < images.size(); ++i) {
    size_t number = std::min(i, contents.launchTables.size() - 1);
    auto geometry = encodeGeometry(builder, contents.launchTables[number]);
    auto target = builder.CreateString(images[i].target);
    auto format = builder.CreateString(images[i].format);
    auto bytes = builder.CreateVector(
        reinterpret_cast<const uint8_t *>(images[i].bytes.data()),
        images[i].bytes.size());
    made.push_back(schema::CreateImage(builder, target, format,
                                       images[i].hashLow, images[i].hashHigh,
                                       bytes, geometry));
  }
  return builder.CreateVector(made);
}

} // namespace

std::vector<std::byte> encode(const Contents &contents, bool keepHashes) {
  std::vector<Image> images = contents.images;
  for (Image &image : images) {
    if (keepHashes)
      continue;
    XXH128_hash_t hash = XXH3_128bits(image.bytes.data(), image.bytes.size());
    image.hashLow = hash.low64;
    image.hashHigh = hash.high64;
  }
  FlatBufferBuilder builder;
  auto properties = encodeAll<schema::Property>(builder, contents.properties);
  auto variables = encodeAll<schema::Variable>(builder, contents.variables);
  auto programs = encodeAll<schema::Program>(builder, contents.programs);
  auto kernels = encodeAll<schema::Kernel>(builder, contents.kernels);
  bool isOld = contents.minor == 0 && !contents.launchTables.empty();
  auto made = isOld ? encodeOldImages(builder, contents, images)
                    : encodeAll<schema::Image>(builder, images);
  auto tables = encodeAll<schema::LaunchTable>(
      builder, isOld ? std::vector<LaunchTable>() : contents.launchTables);
  schema::FinishExecutableBuffer(
      builder,
      schema::CreateExecutable(builder, contents.major, contents.minor,
                               properties, variables, contents.stateBytes,
                               programs, kernels, made, tables));
  auto *bytes = reinterpret_cast<const std::byte *>(builder.GetBufferPointer());
  return {bytes, bytes + builder.GetSize()};
}

} // namespace bcssl
