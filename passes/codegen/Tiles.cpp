//===- Tiles.cpp - tile configurations as attributes ----------------------===//

#include "passes/codegen/Tiles.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <type_traits>
#include <utility>

using namespace mlir;

namespace bcssl {
namespace {

// Each tile lists its fields once; both directions use the list.
template <typename Visit> void visitFields(RowwiseTile &tile, Visit visit) {
  visit("rows", tile.rows);
  visit("flat", tile.flat);
}
template <typename Visit> void visitFields(ContractionTile &tile, Visit visit) {
  visit("register_rows", tile.registerRows);
  visit("rows", tile.rows);
  visit("panels", tile.panels);
}
template <typename Visit> void visitFields(WeightGradTile &tile, Visit visit) {
  visit("register_rows", tile.registerRows);
  visit("rows", tile.rows);
  visit("columns", tile.columns);
  visit("block", tile.block);
}
template <typename Visit> void visitFields(DepthwiseTile &tile, Visit visit) {
  visit("width", tile.width);
  visit("taps", tile.taps);
  visit("height", tile.height);
  visit("reach_height", tile.reachHeight);
  visit("reach_width", tile.reachWidth);
}
template <typename Visit>
void visitFields(GpuDepthwiseTile &tile, Visit visit) {
  visit("height", tile.height);
  visit("width", tile.width);
  visit("channels", tile.channels);
  visit("outputs", tile.outputs);
  visit("reach_height", tile.reachHeight);
  visit("reach_width", tile.reachWidth);
}
template <typename Visit>
void visitFields(GpuContractionTile &tile, Visit visit) {
  visit("rows", tile.rows);
  visit("columns", tile.columns);
  visit("depth", tile.depth);
}

template <typename Visit> void visitFields(GpuRowwiseTile &tile, Visit visit) {
  visit("threads", tile.threads);
  visit("team", tile.team);
  visit("rows", tile.rows);
  visit("columns", tile.columns);
  visit("lanes", tile.lanes);
  visit("flat", tile.flat);
}
template <typename Visit>
void visitFields(GpuColumnwiseTile &tile, Visit visit) {
  visit("columns", tile.columns);
  visit("lanes", tile.lanes);
  visit("parts", tile.parts);
}
template <typename Visit> void visitFields(GpuMovementTile &tile, Visit visit) {
  visit("lanes", tile.lanes);
}

template <typename Tile> DictionaryAttr write(MLIRContext *context, Tile tile) {
  Builder builder(context);
  SmallVector<NamedAttribute> fields;
  visitFields(tile, [&](StringRef name, auto &field) {
    Attribute value;
    if constexpr (std::is_same_v<std::decay_t<decltype(field)>, bool>)
      value = builder.getBoolAttr(field);
    else
      value = builder.getI64IntegerAttr(field);
    fields.push_back(builder.getNamedAttr(name, value));
  });
  return builder.getDictionaryAttr(fields);
}

template <typename Tile> void read(DictionaryAttr attribute, Tile &tile) {
  if (!attribute)
    return;
  visitFields(tile, [&](StringRef name, auto &field) {
    if (auto value = attribute.getAs<IntegerAttr>(name))
      field = value.getValue().getSExtValue() != 0 &&
                      std::is_same_v<std::decay_t<decltype(field)>, bool>
                  ? 1
                  : value.getValue().getSExtValue();
  });
}

constexpr int64_t vectorRegisters = 32;

/// Two accumulators a row, two vectors of the right side, one element of the
/// left.
int64_t mostRegisterRows(const RegisterFile &registers) {
  return (registers.count - 3) / 2;
}

} // namespace

bool isLegal(const RowwiseTile &tile) {
  return tile.rows >= 1 && (!tile.flat || tile.rows % vectorLanes == 0);
}

bool isLegal(const DepthwiseTile &tile) {
  return tile.width >= 1 && tile.taps >= 1 && tile.height >= 1 &&
         tile.width + tile.taps + 1 <= vectorRegisters;
}

bool isLegal(const ContractionTile &tile) {
  return tile.registerRows >= 1 && tile.rows >= 1 &&
         tile.rows <= mostContractionRows && tile.panels >= 1 &&
         2 * tile.registerRows + 3 <= vectorRegisters;
}

bool isLegal(const WeightGradTile &tile) {
  return tile.registerRows >= 1 && tile.rows >= 1 &&
         tile.rows % tile.registerRows == 0 && tile.columns >= 1 &&
         tile.columns % panelWidth == 0 && tile.block >= 1 &&
         2 * tile.registerRows + 3 <= vectorRegisters;
}

int64_t equalPart(int64_t size, int64_t most) {
  return llvm::divideCeil(size, llvm::divideCeil(size, most));
}

std::optional<RegisterFile> registersOf(StringRef level) {
  return llvm::StringSwitch<std::optional<RegisterFile>>(level)
      .Case("x86-64-v3", RegisterFile{.count = 16, .lanes = 8})
      .Case("x86-64-v4", RegisterFile{.count = 32, .lanes = 16})
      .Default(std::nullopt);
}

ContractionTile fitTo(ContractionTile tile, const RegisterFile &registers) {
  tile.registerRows = std::min(tile.registerRows, mostRegisterRows(registers));
  return tile;
}

WeightGradTile fitTo(WeightGradTile tile, const RegisterFile &registers) {
  tile.registerRows = std::min(tile.registerRows, mostRegisterRows(registers));
  return tile;
}

DepthwiseTile fitTo(DepthwiseTile tile, const RegisterFile &registers) {
  if (tile.width + tile.taps + 1 <= registers.count)
    return tile;
  int64_t most = (registers.count - 2) / 2;
  tile.width = equalPart(tile.width, most);
  tile.taps = equalPart(tile.taps, most);
  return tile;
}

int64_t GpuDepthwiseTile::inputRows(int64_t mapHeight) const {
  return std::min(height + 2 * reachHeight, mapHeight);
}

int64_t GpuDepthwiseTile::inputElements(int64_t mapHeight) const {
  return inputRows(mapHeight) * inputColumns() * channels;
}

int64_t GpuDepthwiseTile::sharedBytes(int64_t mapHeight,
                                      int64_t elementBytes) const {
  return llvm::alignTo(inputElements(mapHeight) * elementBytes, gpuWideBytes) +
         filterElements() * elementBytes;
}

GpuLimits gpuLimitsOf(StringRef chip) {
  int64_t kilobytes = llvm::StringSwitch<int64_t>(chip.rtrim("af"))
                          .Cases({"sm_80", "sm_87"}, 163)
                          .Cases({"sm_86", "sm_89", "sm_120", "sm_121"}, 99)
                          .Cases({"sm_90", "sm_100", "sm_101", "sm_103"}, 227)
                          .Default(48);
  return {.sharedBytes = kilobytes << 10};
}

static bool isPowerOfTwo(int64_t value) {
  return value > 0 && llvm::isPowerOf2_64(value);
}

bool isLegal(const GpuRowwiseTile &tile, const GpuLimits &limits) {
  constexpr int64_t warp = 32;
  bool teams = isPowerOfTwo(tile.team) &&
               (tile.team <= warp || tile.team == tile.threads);
  return teams && tile.threads >= warp && tile.threads % warp == 0 &&
         tile.threads <= limits.threads && tile.rows >= 1 &&
         isPowerOfTwo(tile.lanes) && tile.lanes <= gpuLanes &&
         tile.columns >= 1 && tile.columns % tile.lanes == 0 &&
         (!tile.flat || (tile.rows == 1 && tile.team == tile.threads));
}

bool isLegal(const GpuColumnwiseTile &tile, const GpuLimits &limits) {
  return isPowerOfTwo(tile.lanes) && tile.lanes <= gpuLanes &&
         tile.columns >= tile.lanes && tile.columns % tile.lanes == 0 &&
         tile.parts >= 1 && tile.threads() <= limits.threads &&
         tile.threads() * tile.lanes * 4 <= limits.sharedBytes;
}

bool isLegal(const GpuMovementTile &tile) {
  return isPowerOfTwo(tile.lanes) && tile.lanes <= gpuLanes;
}

bool isLegal(const GpuDepthwiseTile &tile, int64_t mapHeight,
             int64_t elementBytes, const GpuLimits &limits) {
  constexpr int64_t most = 1 << 16; // keeps the products below in 64 bits
  for (int64_t size : {tile.height, tile.width, tile.channels, tile.outputs})
    if (size < 1 || size > most)
      return false;
  for (int64_t reach : {tile.reachHeight, tile.reachWidth})
    if (reach < 0 || reach > most)
      return false;
  return tile.width % tile.outputs == 0 && tile.channels % gpuLanes == 0 &&
         tile.threads() <= limits.threads &&
         tile.sharedBytes(mapHeight, elementBytes) <= limits.sharedBytes;
}

int64_t GpuContractionTile::sharedBytes(int64_t elementBytes) const {
  // f32: two slices, sums padded by 4. bf16: a ring of three slices, rows of
  // which are powers of two long, sums padded by 8.
  bool isNarrow = elementBytes == 2;
  auto across = static_cast<int64_t>(llvm::PowerOf2Ceil(columns));
  int64_t slices = isNarrow ? 3 * (rows + across) * depth * 2
                            : 2 * (rows + columns) * depth * 4;
  return std::max(slices, rows * (columns + (isNarrow ? 8 : 4)) * 4);
}

bool isLegal(const GpuContractionTile &tile, int64_t elementBytes,
             const GpuLimits &limits) {
  auto isOneOf = [](int64_t value, std::initializer_list<int64_t> values) {
    return llvm::is_contained(values, value);
  };
  // Each column of the tile needs a thread at its end.
  return isOneOf(tile.rows, {64, 128}) &&
         isOneOf(tile.columns, {32, 64, 96, 128}) &&
         (elementBytes == 2 ? isOneOf(tile.depth, {32, 64})
                            : isOneOf(tile.depth, {8, 16, 32})) &&
         tile.threads(elementBytes) >= tile.columns &&
         tile.threads(elementBytes) <= limits.threads &&
         tile.sharedBytes(elementBytes) <= limits.sharedBytes;
}

DictionaryAttr toAttribute(MLIRContext *context, const RowwiseTile &tile) {
  return write(context, tile);
}
DictionaryAttr toAttribute(MLIRContext *context, const ContractionTile &tile) {
  return write(context, tile);
}
DictionaryAttr toAttribute(MLIRContext *context, const WeightGradTile &tile) {
  return write(context, tile);
}
DictionaryAttr toAttribute(MLIRContext *context, const DepthwiseTile &tile) {
  return write(context, tile);
}
DictionaryAttr toAttribute(MLIRContext *context, const GpuDepthwiseTile &tile) {
  return write(context, tile);
}
DictionaryAttr toAttribute(MLIRContext *context, const GpuRowwiseTile &tile) {
  return write(context, tile);
}
DictionaryAttr toAttribute(MLIRContext *context,
                           const GpuColumnwiseTile &tile) {
  return write(context, tile);
}
DictionaryAttr toAttribute(MLIRContext *context, const GpuMovementTile &tile) {
  return write(context, tile);
}
DictionaryAttr toAttribute(MLIRContext *context,
                           const GpuContractionTile &tile) {
  return write(context, tile);
}

void fromAttribute(DictionaryAttr attribute, RowwiseTile &tile) {
  read(attribute, tile);
}
void fromAttribute(DictionaryAttr attribute, ContractionTile &tile) {
  read(attribute, tile);
}
void fromAttribute(DictionaryAttr attribute, WeightGradTile &tile) {
  read(attribute, tile);
}
void fromAttribute(DictionaryAttr attribute, DepthwiseTile &tile) {
  read(attribute, tile);
}
void fromAttribute(DictionaryAttr attribute, GpuDepthwiseTile &tile) {
  read(attribute, tile);
}
void fromAttribute(DictionaryAttr attribute, GpuRowwiseTile &tile) {
  read(attribute, tile);
}
void fromAttribute(DictionaryAttr attribute, GpuColumnwiseTile &tile) {
  read(attribute, tile);
}
void fromAttribute(DictionaryAttr attribute, GpuMovementTile &tile) {
  read(attribute, tile);
}
void fromAttribute(DictionaryAttr attribute, GpuContractionTile &tile) {
  read(attribute, tile);
}

} // namespace bcssl
