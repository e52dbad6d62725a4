//===- Decode.cpp - flatbuffers to plain values ---------------------------===//

#include "runtime/executable/Decode.h"
#include "runtime/schema/Executable_generated.h"

#include <algorithm>
#include <map>

namespace bcssl::artifact {

/// Limits of the structure. A step has some thousands of instructions, two
/// tables each.
static constexpr flatbuffers::uoffset_t maxDepth = 16;
static constexpr flatbuffers::uoffset_t maxTables = 200'000;

/// Limit of the bytes copied out of tables.
static constexpr uint64_t maxCopied = uint64_t{256} << 20;

static Error malformed(const std::string &id, const std::string &message) {
  return {ExitCode::BadData, id, message, {}, {}, "compile the program again"};
}

namespace {

template <typename T> using Vector = flatbuffers::Vector<T>;

/// Copies tables, counting what it copies.
class Decoder {
public:
  Result<Contents> run(const schema::Executable &file);

private:
  Status spend(uint64_t bytes);
  Status text(const flatbuffers::String *from, std::string &to);
  template <typename T>
  Status numbers(const Vector<T> *from, std::vector<T> &to);
  Status slot(const schema::Slot &from, Slot &to);
  Status slots(const Vector<const schema::Slot *> &from, std::vector<Slot> &to);
  Status decode(const schema::Property &from,
                std::pair<std::string, std::string> &to);
  Status decode(const schema::Variable &from, Variable &to);
  Status decode(const schema::Port &from, Port &to);
  Status decode(const schema::Instruction &from, Instruction &to);
  Status decode(const schema::Program &from, Program &to);
  Status decode(const schema::Kernel &from, Kernel &to);
  Status decode(const schema::Image &from, Image &to);
  Status decode(const schema::LaunchTable &from, LaunchTable &to);
  Status geometry(const Vector<const schema::Geometry *> &from,
                  std::vector<Geometry> &to);
  Status tensorMaps(const Vector<const schema::TensorMap *> &from,
                    std::vector<KernelTensorMap> &to);
  Status geometryOfImages(const schema::Executable &file, Contents &to);
  template <typename From, typename To>
  Status tables(const Vector<flatbuffers::Offset<From>> *from,
                std::vector<To> &to);

  uint64_t copied = 0;
};

/// The verifier looks at the alignment of fields but not of vectors' elements.
/// The builder does not align empty vectors.
template <typename Element>
Status aligned(const Vector<Element> &vector, size_t alignment) {
  auto address = reinterpret_cast<uintptr_t>(vector.Data());
  if (vector.size() == 0 || address % alignment == 0)
    return {};
  return malformed("executable-structure",
                   "the file is damaged: a vector is not aligned");
}

/// A value of an enumeration of the file as ours, if it is one of them.
template <typename To, typename From>
Status enumeration(From from, From last, const char *what, To &to) {
  if (from > last)
    return malformed("executable-structure",
                     std::string("expects a known ") + what + ", got number " +
                         std::to_string(static_cast<int>(from)));
  to = static_cast<To>(from);
  return {};
}

} // namespace

Status Decoder::spend(uint64_t bytes) {
  copied += bytes;
  if (copied > maxCopied)
    return malformed("executable-limits", "expects tables of at most " +
                                              std::to_string(maxCopied) +
                                              " bytes in sum, got more");
  return {};
}

Status Decoder::text(const flatbuffers::String *from, std::string &to) {
  if (!from)
    return {};
  BCSSL_RETURN_IF_ERROR(spend(from->size()));
  to.assign(from->data(), from->size());
  return {};
}

template <typename T>
Status Decoder::numbers(const Vector<T> *from, std::vector<T> &to) {
  if (!from)
    return {};
  BCSSL_RETURN_IF_ERROR(spend(uint64_t{from->size()} * sizeof(T)));
  BCSSL_RETURN_IF_ERROR(aligned(*from, alignof(T)));
  to.assign(from->begin(), from->end());
  return {};
}

Status Decoder::slot(const schema::Slot &from, Slot &to) {
  to.offset = from.offset();
  to.bytes = from.bytes();
  return enumeration(from.space(), schema::Space::MAX, "memory space",
                     to.space);
}

Status Decoder::slots(const Vector<const schema::Slot *> &from,
                      std::vector<Slot> &to) {
  BCSSL_RETURN_IF_ERROR(spend(uint64_t{from.size()} * sizeof(Slot)));
  BCSSL_RETURN_IF_ERROR(aligned(from, alignof(schema::Slot)));
  to.resize(from.size());
  for (flatbuffers::uoffset_t i = 0; i < from.size(); ++i)
    BCSSL_RETURN_IF_ERROR(slot(*from.Get(i), to[i]));
  return {};
}

template <typename From, typename To>
Status Decoder::tables(const Vector<flatbuffers::Offset<From>> *from,
                       std::vector<To> &to) {
  if (!from)
    return {};
  BCSSL_RETURN_IF_ERROR(spend(uint64_t{from->size()} * sizeof(To)));
  to.resize(from->size());
  for (flatbuffers::uoffset_t i = 0; i < from->size(); ++i)
    BCSSL_RETURN_IF_ERROR(decode(*from->Get(i), to[i]));
  return {};
}

Status Decoder::decode(const schema::Property &from,
                       std::pair<std::string, std::string> &to) {
  BCSSL_RETURN_IF_ERROR(text(from.key(), to.first));
  return text(from.value(), to.second);
}

Status Decoder::decode(const schema::Variable &from, Variable &to) {
  BCSSL_RETURN_IF_ERROR(text(from.name(), to.name));
  BCSSL_RETURN_IF_ERROR(numbers(from.shape(), to.shape));
  BCSSL_RETURN_IF_ERROR(numbers(from.published_shape(), to.publishedShape));
  BCSSL_RETURN_IF_ERROR(numbers(from.permutation(), to.permutation));
  BCSSL_RETURN_IF_ERROR(text(from.source(), to.source));
  BCSSL_RETURN_IF_ERROR(
      enumeration(from.type(), schema::DataType::MAX, "data type", to.type));
  to.value = from.value();
  to.offset = from.offset();
  return enumeration(from.initializer(), schema::Initializer::MAX,
                     "initializer", to.initializer);
}

Status Decoder::decode(const schema::Port &from, Port &to) {
  BCSSL_RETURN_IF_ERROR(text(from.name(), to.name));
  BCSSL_RETURN_IF_ERROR(numbers(from.shape(), to.shape));
  to.offset = from.offset();
  return enumeration(from.type(), schema::DataType::MAX, "data type", to.type);
}

Status Decoder::decode(const schema::Instruction &from, Instruction &to) {
  if (const schema::Launch *launch = from.step_as_Launch()) {
    Launch &made = to.emplace<Launch>();
    made.kernel = launch->kernel();
    made.tiles = launch->tiles();
    made.flops = launch->flops();
    BCSSL_RETURN_IF_ERROR(text(launch->name(), made.name));
    return slots(*launch->slots(), made.slots);
  }
  if (const schema::Move *move = from.step_as_Move())
    return slots(*move->slots(), to.emplace<Move>().slots);
  if (const schema::AllReduce *reduce = from.step_as_AllReduce();
      reduce && reduce->slot()) {
    AllReduce &made = to.emplace<AllReduce>();
    made.elements = reduce->elements();
    return slot(*reduce->slot(), made.slot);
  }
  return malformed("executable-structure",
                   "expects instructions of a known kind, got number " +
                       std::to_string(static_cast<int>(from.step_type())));
}

Status Decoder::decode(const schema::Program &from, Program &to) {
  BCSSL_RETURN_IF_ERROR(text(from.name(), to.name));
  BCSSL_RETURN_IF_ERROR(tables(from.inputs(), to.inputs));
  BCSSL_RETURN_IF_ERROR(tables(from.outputs(), to.outputs));
  to.arenaBytes = from.arena_bytes();
  to.inputBytes = from.input_bytes();
  to.outputBytes = from.output_bytes();
  return tables(from.instructions(), to.instructions);
}

Status Decoder::decode(const schema::Kernel &from, Kernel &to) {
  to.arguments = from.arguments();
  return text(from.symbol(), to.symbol);
}

Status Decoder::decode(const schema::Image &from, Image &to) {
  BCSSL_RETURN_IF_ERROR(text(from.target(), to.target));
  BCSSL_RETURN_IF_ERROR(text(from.format(), to.format));
  to.hashLow = from.hash_low();
  to.hashHigh = from.hash_high();
  to.bytes =
      std::as_bytes(std::span(from.bytes()->data(), from.bytes()->size()));
  return {};
}

Status Decoder::geometry(const Vector<const schema::Geometry *> &from,
                         std::vector<Geometry> &to) {
  BCSSL_RETURN_IF_ERROR(spend(uint64_t{from.size()} * sizeof(Geometry)));
  BCSSL_RETURN_IF_ERROR(aligned(from, alignof(schema::Geometry)));
  for (const schema::Geometry *one : from)
    to.push_back({one->blocks(), one->threads(), one->shared_bytes()});
  return {};
}

Status Decoder::tensorMaps(const Vector<const schema::TensorMap *> &from,
                           std::vector<KernelTensorMap> &to) {
  BCSSL_RETURN_IF_ERROR(spend(uint64_t{from.size()} * sizeof(KernelTensorMap)));
  BCSSL_RETURN_IF_ERROR(aligned(from, alignof(schema::TensorMap)));
  for (const schema::TensorMap *one : from) {
    auto &[kernel, map] = to.emplace_back();
    kernel = one->kernel();
    map.argument = one->argument();
    map.rank = one->rank();
    map.elementBytes = one->element_bytes();
    map.swizzleBytes = one->swizzle_bytes();
    std::ranges::copy(*one->box(), map.box.begin());
    std::ranges::copy(*one->sizes(), map.sizes.begin());
    std::ranges::copy(*one->strides(), map.strides.begin());
  }
  return {};
}

Status Decoder::decode(const schema::LaunchTable &from, LaunchTable &to) {
  BCSSL_RETURN_IF_ERROR(text(from.target(), to.target));
  BCSSL_RETURN_IF_ERROR(text(from.format(), to.format));
  BCSSL_RETURN_IF_ERROR(geometry(*from.geometry(), to.geometry));
  return from.tensor_maps() ? tensorMaps(*from.tensor_maps(), to.tensorMaps)
                            : Status();
}

/// Files of minor version 0 say in every image how kernels start.
Status Decoder::geometryOfImages(const schema::Executable &file, Contents &to) {
  std::map<std::pair<std::string_view, std::string_view>, size_t> known;
  for (size_t i = 0; i < to.images.size(); ++i) {
    const auto *given =
        file.images()->Get(static_cast<flatbuffers::uoffset_t>(i))->geometry();
    if (!given || given->size() == 0)
      continue;
    const Image &image = to.images[i];
    LaunchTable table{image.target, image.format, {}, {}};
    BCSSL_RETURN_IF_ERROR(geometry(*given, table.geometry));
    auto [place, isFirst] =
        known.try_emplace({image.target, image.format}, to.launchTables.size());
    if (isFirst)
      to.launchTables.push_back(std::move(table));
    else if (to.launchTables[place->second].geometry != table.geometry)
      return malformed("executable-image",
                       "image " + std::to_string(i) +
                           ": expects the geometry of the image before it");
  }
  return {};
}

Result<Contents> Decoder::run(const schema::Executable &file) {
  Contents contents;
  contents.major = file.major();
  contents.minor = file.minor();
  contents.stateBytes = file.state_bytes();
  BCSSL_RETURN_IF_ERROR(tables(file.properties(), contents.properties));
  BCSSL_RETURN_IF_ERROR(tables(file.variables(), contents.variables));
  BCSSL_RETURN_IF_ERROR(tables(file.programs(), contents.programs));
  BCSSL_RETURN_IF_ERROR(tables(file.kernels(), contents.kernels));
  BCSSL_RETURN_IF_ERROR(tables(file.images(), contents.images));
  BCSSL_RETURN_IF_ERROR(tables(file.launch_tables(), contents.launchTables));
  BCSSL_RETURN_IF_ERROR(geometryOfImages(file, contents));
  return contents;
}

Result<Contents> decode(std::span<const std::byte> bytes) {
  auto *data = reinterpret_cast<const uint8_t *>(bytes.data());
  if (bytes.size() < 2 * sizeof(flatbuffers::uoffset_t) ||
      bytes.size() >= FLATBUFFERS_MAX_BUFFER_SIZE ||
      !schema::ExecutableBufferHasIdentifier(data))
    return malformed("executable-kind",
                     "expects a compiled program (.bcx), got something else");
  flatbuffers::Verifier verifier(data, bytes.size(), maxDepth, maxTables);
  if (!schema::VerifyExecutableBuffer(verifier))
    return malformed("executable-structure",
                     "the file is damaged: its tables do not hold together");
  const schema::Executable &file = *schema::GetExecutable(data);
  if (file.major() != formatMajor)
    return malformed("executable-version",
                     "expects format version " + std::to_string(formatMajor) +
                         ", got " + std::to_string(file.major()) + "." +
                         std::to_string(file.minor()));
  return Decoder().run(file);
}

} // namespace bcssl::artifact
