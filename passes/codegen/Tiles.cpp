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
  visit("lanes", tile.lanes);
  visit("rows", tile.rows);
  visit("outputs", tile.outputs);
  visit("strips", tile.strips);
  visit("bands", tile.bands);
  visit("images", tile.images);
  visit("reach_height", tile.reachHeight);
  visit("reach_width", tile.reachWidth);
}

template <typename Visit>
void visitFields(GpuFilterGradTile &tile, Visit visit) {
  visit("channels", tile.channels);
  visit("lanes", tile.lanes);
  visit("filter_rows", tile.filterRows);
  visit("rows", tile.rows);
  visit("taps", tile.taps);
  visit("height", tile.height);
  visit("columns", tile.columns);
  visit("splits", tile.splits);
  visit("reach_height", tile.reachHeight);
  visit("reach_width", tile.reachWidth);
}
template <typename Visit>
void visitFields(GpuContractionTile &tile, Visit visit) {
  visit("rows", tile.rows);
  visit("columns", tile.columns);
  visit("depth", tile.depth);
  visit("warpgroups", tile.warpgroups);
  visit("blocks", tile.blocks);
}

template <typename Visit> void visitFields(GpuRowwiseTile &tile, Visit visit) {
  visit("threads", tile.threads);
  visit("team", tile.team);
  visit("rows", tile.rows);
  visit("columns", tile.columns);
  visit("lanes", tile.lanes);
  visit("together", tile.together);
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

int64_t GpuDepthwiseTile::inputRows(const GpuDepthwiseMap &map) const {
  return std::min(height + 2 * reachHeight, map.height);
}

int64_t GpuDepthwiseTile::inputColumns(const GpuDepthwiseMap &map) const {
  return hasWholeRows(map) ? width : width + 2 * reachWidth;
}

int64_t GpuDepthwiseTile::inputElements(const GpuDepthwiseMap &map) const {
  return inputRows(map) * inputColumns(map) * channels;
}

int64_t GpuDepthwiseTile::sharedBytes(const GpuDepthwiseMap &map) const {
  constexpr int64_t floatBytes = sizeof(float);
  return llvm::alignTo(inputElements(map) * map.elementBytes, gpuWideBytes) +
         llvm::alignTo(filterElements() * floatBytes, gpuWideBytes) +
         map.partials * threads() * lanes * floatBytes;
}

int64_t GpuFilterGradTile::tapGroups() const {
  return llvm::divideCeil(reachColumns(), taps);
}

int64_t GpuFilterGradTile::threadsOfSplit() const {
  return (channels / lanes) * tapGroups() * (filterRows / rows);
}

int64_t GpuFilterGradTile::gradRows(const GpuDepthwiseMap &map) const {
  return std::min(height + filterRows - 1, map.height);
}

int64_t GpuFilterGradTile::gradColumns(const GpuDepthwiseMap &map) const {
  return llvm::alignTo(map.width, columns);
}

int64_t GpuFilterGradTile::gradElements(const GpuDepthwiseMap &map) const {
  return (gradRows(map) + 1) * gradColumns(map) * channels;
}

int64_t GpuFilterGradTile::inputColumns(const GpuDepthwiseMap &map) const {
  // The last group's taps may be more than the reach.
  return hasWholeRows(map) ? map.width
                           : gradColumns(map) + tapGroups() * taps - 1;
}

int64_t GpuFilterGradTile::inputElements(const GpuDepthwiseMap &map) const {
  return height * inputColumns(map) * channels;
}

int64_t GpuFilterGradTile::sharedElements(const GpuDepthwiseMap &map) const {
  return std::max(inputElements(map) + gradElements(map),
                  threadsOfSplit() * rows * taps * lanes);
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
         tile.together >= 1 && tile.together <= tile.rows &&
         (!tile.flat || (tile.rows == 1 && tile.team == tile.threads));
}

bool isLegal(const GpuColumnwiseTile &tile, const GpuLimits &limits) {
  constexpr int64_t warp = 32;
  return isPowerOfTwo(tile.lanes) && tile.lanes <= gpuLanes &&
         tile.columns >= tile.lanes && tile.columns % tile.lanes == 0 &&
         isPowerOfTwo(tile.vectors()) && isPowerOfTwo(tile.parts) &&
         tile.threads() <= limits.threads && tile.threads() % warp == 0 &&
         (tile.lanes == 1 || tile.vectors() >= warp);
}

bool isLegal(const GpuMovementTile &tile) {
  return isPowerOfTwo(tile.lanes) && tile.lanes <= gpuLanes;
}

/// Keeps the products of a few sizes in 64 bits.
static bool areSizes(ArrayRef<int64_t> sizes, int64_t least) {
  constexpr int64_t most = 1 << 12;
  return llvm::all_of(
      sizes, [&](int64_t size) { return size >= least && size <= most; });
}

static bool isVector(int64_t lanes, int64_t channels) {
  return (lanes == 1 || lanes == 2 || lanes == gpuLanes) &&
         channels % lanes == 0;
}

bool isLegal(const GpuDepthwiseTile &tile, const GpuDepthwiseMap &map,
             const GpuLimits &limits) {
  return areSizes({tile.height, tile.width, tile.channels, tile.lanes,
                   tile.rows, tile.outputs, tile.strips, tile.bands,
                   tile.images},
                  1) &&
         areSizes({tile.reachHeight, tile.reachWidth}, 0) &&
         tile.width % tile.outputs == 0 && tile.height % tile.rows == 0 &&
         isVector(tile.lanes, tile.channels) &&
         tile.threads() <= limits.threads &&
         tile.sharedBytes(map) <= limits.sharedBytes;
}

bool isLegal(const GpuFilterGradTile &tile, const GpuDepthwiseMap &map,
             const GpuLimits &limits) {
  return areSizes({tile.channels, tile.lanes, tile.filterRows, tile.rows,
                   tile.taps, tile.height, tile.columns, tile.splits},
                  1) &&
         areSizes({tile.reachHeight, tile.reachWidth}, 0) &&
         tile.filterRows % tile.rows == 0 &&
         isVector(tile.lanes, tile.channels) &&
         tile.threads() <= limits.threads &&
         tile.sharedElements(map) * int64_t{sizeof(float)} <=
             limits.sharedBytes;
}

int64_t GpuContractionTile::sharedBytes(int64_t elementBytes) const {
  // f32: two slices, sums padded by 4. bf16: a ring of slices, rows of which
  // are powers of two long (for warp groups, whole 128 bytes, with a barrier or
  // two for each), sums padded by 8.
  bool isNarrow = elementBytes == 2;
  auto across = static_cast<int64_t>(warpgroups ? llvm::alignTo(columns, 64)
                                                : llvm::PowerOf2Ceil(columns));
  int64_t slices = isNarrow ? stages() * (rows + across) * depth * 2
                            : 2 * (rows + columns) * depth * 4;
  constexpr int64_t barrierBytes = 8;
  if (warpgroups)
    slices = llvm::alignTo(
        slices + stages() * barrierBytes * (blocks == 0 ? 1 : 2), gpuWideBytes);
  if (blocks != 0)
    return slices + rows / 16 * gpuWarpEpilogueBytes;
  return std::max(slices, rows * (columns + (isNarrow ? 8 : 4)) * 4);
}

bool isLegal(const GpuContractionTile &tile, int64_t elementBytes,
             const GpuLimits &limits) {
  auto isOneOf = [](int64_t value, std::initializer_list<int64_t> values) {
    return llvm::is_contained(values, value);
  };
  // Each column of the tile needs a thread at its end.
  return (tile.blocks == 0 ? isOneOf(tile.rows, {64, 128})
                           : tile.rows == 256) &&
         isOneOf(tile.columns, {32, 64, 96, 128}) &&
         (elementBytes == 2 ? isOneOf(tile.depth, {32, 64})
                            : isOneOf(tile.depth, {8, 16, 32})) &&
         (tile.warpgroups
              ? elementBytes == 2 && tile.depth == 64 && limits.warpgroups
              : tile.blocks == 0) &&
         tile.blocks >= 0 && tile.threads(elementBytes) >= tile.columns &&
         tile.threads(elementBytes) <= limits.threads &&
         tile.sharedBytes(elementBytes) <= limits.sharedBytes;
}

template <typename Tile>
DictionaryAttr toAttribute(MLIRContext *context, const Tile &tile) {
  return write(context, tile);
}

template <typename Tile>
void fromAttribute(DictionaryAttr attribute, Tile &tile) {
  read(attribute, tile);
}

template DictionaryAttr toAttribute(MLIRContext *, const RowwiseTile &);
template void fromAttribute(DictionaryAttr, RowwiseTile &);
template DictionaryAttr toAttribute(MLIRContext *, const ContractionTile &);
template void fromAttribute(DictionaryAttr, ContractionTile &);
template DictionaryAttr toAttribute(MLIRContext *, const WeightGradTile &);
template void fromAttribute(DictionaryAttr, WeightGradTile &);
template DictionaryAttr toAttribute(MLIRContext *, const DepthwiseTile &);
template void fromAttribute(DictionaryAttr, DepthwiseTile &);
template DictionaryAttr toAttribute(MLIRContext *, const GpuDepthwiseTile &);
template void fromAttribute(DictionaryAttr, GpuDepthwiseTile &);
template DictionaryAttr toAttribute(MLIRContext *, const GpuRowwiseTile &);
template void fromAttribute(DictionaryAttr, GpuRowwiseTile &);
template DictionaryAttr toAttribute(MLIRContext *, const GpuColumnwiseTile &);
template void fromAttribute(DictionaryAttr, GpuColumnwiseTile &);
template DictionaryAttr toAttribute(MLIRContext *, const GpuMovementTile &);
template void fromAttribute(DictionaryAttr, GpuMovementTile &);
template DictionaryAttr toAttribute(MLIRContext *, const GpuContractionTile &);
template void fromAttribute(DictionaryAttr, GpuContractionTile &);
template DictionaryAttr toAttribute(MLIRContext *, const GpuFilterGradTile &);
template void fromAttribute(DictionaryAttr, GpuFilterGradTile &);

} // namespace bcssl
