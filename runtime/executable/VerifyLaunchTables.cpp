//===- VerifyLaunchTables.cpp - how kernels start on GPUs -----------------===//

#include "runtime/executable/VerifyDetail.h"

#include <map>
#include <set>

namespace bcssl::artifact {

using namespace detail;

static constexpr uint64_t maxBlocks = (uint64_t{1} << 31) - 1;
static constexpr uint32_t maxThreads = 1024;
static constexpr uint32_t maxSharedBytes = 227 << 10;

/// Parameters of a kernel have 4 KiB together.
static constexpr size_t maxTensorMaps = 16;
static constexpr uint64_t maxMapSize = uint64_t{1} << 32;
static constexpr uint64_t maxMapStride = (uint64_t{1} << 40) - 1;
static constexpr uint32_t maxBox = 256;
/// What the copy engine moves at a time: addresses, strides and rows of boxes
/// are multiples of it.
static constexpr uint32_t pieceBytes = 16;

namespace {

using Key = std::pair<std::string_view, std::string_view>;

} // namespace

static std::string textOf(const Key &key) {
  return "\"" + std::string(key.first) + "\" (" + std::string(key.second) + ")";
}

static Status verifyGeometry(const Place &place, const Contents &contents,
                             const std::vector<Geometry> &table) {
  if (table.size() != contents.kernels.size())
    return place.fails("expects the geometry of " +
                       std::to_string(contents.kernels.size()) +
                       " kernels, got " + std::to_string(table.size()));
  for (size_t i = 0; i < table.size(); ++i) {
    const Geometry &geometry = table[i];
    Place here = place.inside("kernel " + contents.kernels[i].symbol);
    if (geometry.blocks < 1 || geometry.blocks > maxBlocks)
      return here.fails("expects 1 to " + std::to_string(maxBlocks) +
                        " blocks, got " + std::to_string(geometry.blocks));
    if (geometry.threads < 1 || geometry.threads > maxThreads)
      return here.fails("expects 1 to " + std::to_string(maxThreads) +
                        " threads, got " + std::to_string(geometry.threads));
    if (geometry.sharedBytes > maxSharedBytes)
      return here.fails("expects at most " + std::to_string(maxSharedBytes) +
                        " bytes of shared memory, got " +
                        std::to_string(geometry.sharedBytes));
  }
  return {};
}

/// The limits of cuTensorMapEncodeTiled.
static Status verifyTensorMap(const Place &place, const TensorMap &map) {
  if (map.rank < 1 || map.rank > map.sizes.size())
    return place.fails("expects 1 to 5 dimensions, got " +
                       std::to_string(map.rank));
  if (map.elementBytes != 1 && map.elementBytes != 2 && map.elementBytes != 4 &&
      map.elementBytes != 8)
    return place.fails("expects elements of 1, 2, 4 or 8 bytes, got " +
                       std::to_string(map.elementBytes));
  if (map.swizzleBytes != 0 && map.swizzleBytes != 32 &&
      map.swizzleBytes != 64 && map.swizzleBytes != 128)
    return place.fails("expects a swizzle of 0, 32, 64 or 128 bytes, got " +
                       std::to_string(map.swizzleBytes));
  for (uint32_t d = 0; d < map.rank; ++d) {
    if (map.sizes[d] < 1 || map.sizes[d] > maxMapSize)
      return place.fails("expects sizes of 1 to " + std::to_string(maxMapSize) +
                         ", got " + std::to_string(map.sizes[d]));
    if (map.box[d] < 1 || map.box[d] > maxBox)
      return place.fails("expects a box of 1 to " + std::to_string(maxBox) +
                         " elements in each dimension, got " +
                         std::to_string(map.box[d]));
    if (d > 0 &&
        (map.strides[d - 1] < pieceBytes || map.strides[d - 1] > maxMapStride ||
         map.strides[d - 1] % pieceBytes != 0))
      return place.fails("expects strides that are multiples of " +
                         std::to_string(pieceBytes) + ", at most " +
                         std::to_string(maxMapStride) + ", got " +
                         std::to_string(map.strides[d - 1]));
  }
  uint32_t rowBytes = map.box[0] * map.elementBytes;
  if (rowBytes % pieceBytes != 0 ||
      (map.swizzleBytes != 0 && rowBytes > map.swizzleBytes))
    return place.fails("expects rows of a box that are multiples of " +
                       std::to_string(pieceBytes) +
                       " bytes, not longer than the swizzle, got " +
                       std::to_string(rowBytes));
  return {};
}

static Status verifyTensorMaps(const Place &place, const Contents &contents,
                               const std::vector<KernelTensorMap> &maps) {
  size_t ofKernel = 0;
  for (size_t i = 0; i < maps.size(); ++i) {
    const auto &[kernel, map] = maps[i];
    Place here = place.inside("tensor map " + std::to_string(i));
    if (kernel >= contents.kernels.size() ||
        map.argument >= contents.kernels[kernel].arguments)
      return here.fails("expects an argument of a kernel, got number " +
                        std::to_string(map.argument) + " of kernel " +
                        std::to_string(kernel));
    if (i > 0 && kernel < maps[i - 1].kernel)
      return here.fails("expects tensor maps in the order of kernels");
    ofKernel = i > 0 && kernel == maps[i - 1].kernel ? ofKernel + 1 : 1;
    if (ofKernel > maxTensorMaps)
      return here.fails("expects at most " + std::to_string(maxTensorMaps) +
                        " tensor maps of a kernel, got more");
    BCSSL_RETURN_IF_ERROR(verifyTensorMap(
        here.inside("kernel " + contents.kernels[kernel].symbol), map));
  }
  return {};
}

Status detail::verifyLaunchTables(const Contents &contents) {
  Place place{"executable-image", "launch table"};
  std::set<Key> known, wanted;
  for (const Image &image : contents.images)
    if (image.isGpu())
      wanted.insert({image.target, image.format});
  for (const LaunchTable &table : contents.launchTables) {
    Key key{table.target, table.format};
    BCSSL_RETURN_IF_ERROR(checkName(place, table.target));
    BCSSL_RETURN_IF_ERROR(checkName(place, table.format));
    Place here = place.inside(textOf(key));
    if (!wanted.contains(key))
      return here.fails("expects images for a GPU with this target and format");
    if (!known.insert(key).second)
      return here.fails("expects one for a target and format, got two");
    BCSSL_RETURN_IF_ERROR(verifyGeometry(here, contents, table.geometry));
    BCSSL_RETURN_IF_ERROR(verifyTensorMaps(here, contents, table.tensorMaps));
  }
  for (const Key &key : wanted)
    if (!known.contains(key))
      return place.fails("expects one for the images of " + textOf(key) +
                         ", got none");
  return {};
}

/// Bytes from the first element to the end of the last, or 2^64 - 1 for more
/// than any block has.
static uint64_t reachOf(const TensorMap &map) {
  uint64_t reach = map.sizes[0] * map.elementBytes;
  for (uint32_t d = 1; d < map.rank; ++d) {
    uint64_t steps = map.sizes[d] - 1, stride = map.strides[d - 1];
    if (steps > maxBlockBytes / stride)
      return ~uint64_t{0};
    reach += steps * stride;
  }
  return reach;
}

Status detail::verifyMappedSlots(const Contents &contents) {
  // By kernel and argument.
  std::map<std::pair<uint32_t, uint32_t>, uint64_t> needed;
  for (const LaunchTable &table : contents.launchTables)
    for (const auto &[kernel, map] : table.tensorMaps) {
      uint64_t &bytes = needed[{kernel, map.argument}];
      bytes = std::max(bytes, reachOf(map));
    }
  if (needed.empty())
    return {};
  for (const Program &program : contents.programs)
    for (const Instruction &instruction : program.instructions) {
      auto *launch = std::get_if<Launch>(&instruction);
      if (!launch)
        continue;
      for (auto at = needed.lower_bound({launch->kernel, 0});
           at != needed.end() && at->first.first == launch->kernel; ++at) {
        const Slot &slot = launch->slots[at->first.second];
        if (at->second > slot.bytes || slot.offset % pieceBytes != 0)
          return Place{"executable-program",
                       "program \"" + program.name + "\": launch of " +
                           contents.kernels[launch->kernel].symbol}
              .fails("slot " + std::to_string(at->first.second) +
                     " expects a tensor of " + std::to_string(at->second) +
                     " bytes at a multiple of " + std::to_string(pieceBytes) +
                     " for its tensor map, got " + std::to_string(slot.bytes) +
                     " at " + std::to_string(slot.offset));
      }
    }
  return {};
}

} // namespace bcssl::artifact
