//===- Verify.cpp - names, shapes, extents, kernels, images ---------------===//

#include "runtime/executable/Verify.h"
#include "runtime/executable/VerifyDetail.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <xxhash.h>

namespace bcssl::artifact {

using namespace detail;

static constexpr size_t maxName = 512;
static constexpr size_t maxRank = 8;
static constexpr uint32_t maxArguments = 65'536;

Error Place::fails(const std::string &message) const {
  return {ExitCode::BadData,          id, name + ": " + message, {}, {},
          "compile the program again"};
}

Status detail::checkName(const Place &place, const std::string &name) {
  if (name.empty() || name.size() > maxName)
    return place.fails("expects a name of 1 to " + std::to_string(maxName) +
                       " bytes, got " + std::to_string(name.size()));
  for (unsigned char letter : name)
    if (letter < 0x20 || letter > 0x7e)
      return place.fails("expects a name of printable letters, got byte " +
                         std::to_string(letter));
  return {};
}

Status detail::checkShape(const Place &place, const Shape &shape,
                          DataType type) {
  if (shape.size() > maxRank)
    return place.fails("expects at most " + std::to_string(maxRank) +
                       " dimensions, got " + std::to_string(shape.size()));
  uint64_t bytes = sizeOf(type);
  for (int64_t size : shape) {
    if (size < 1)
      return place.fails("expects dimensions of at least 1, got " +
                         std::to_string(size));
    if (static_cast<uint64_t>(size) > maxBlockBytes / bytes)
      return place.fails("expects a tensor of at most " +
                         std::to_string(maxBlockBytes) + " bytes, got more");
    bytes *= static_cast<uint64_t>(size);
  }
  return {};
}

Status detail::checkExtent(const Place &place, const Extent &extent,
                           uint64_t size) {
  if (extent.offset % tensorAlignment != 0)
    return place.fails("expects an offset that is a multiple of " +
                       std::to_string(tensorAlignment) + ", got " +
                       std::to_string(extent.offset));
  if (extent.offset > size || extent.bytes > size - extent.offset)
    return place.fails("expects to end inside a block of " +
                       std::to_string(size) + " bytes, got " +
                       std::to_string(extent.bytes) + " bytes at " +
                       std::to_string(extent.offset));
  return {};
}

Status detail::checkDisjoint(const Place &place, std::vector<Extent> extents) {
  std::ranges::sort(extents, {}, &Extent::offset);
  for (size_t i = 1; i < extents.size(); ++i)
    if (extents[i].offset < extents[i - 1].offset + extents[i - 1].bytes)
      return place.fails("expects no overlap, got one of \"" +
                         *extents[i - 1].name + "\" and \"" + *extents[i].name +
                         "\"");
  return {};
}

static Status verifyKernels(const Contents &contents) {
  std::set<std::string_view> symbols;
  for (size_t i = 0; i < contents.kernels.size(); ++i) {
    const Kernel &kernel = contents.kernels[i];
    Place place{"executable-kernel", "kernel " + std::to_string(i)};
    BCSSL_RETURN_IF_ERROR(checkName(place, kernel.symbol));
    if (!std::ranges::all_of(kernel.symbol, [](unsigned char letter) {
          return std::isalnum(letter) || letter == '_' || letter == '.' ||
                 letter == '$';
        }))
      return place.fails("expects a symbol, got \"" + kernel.symbol + "\"");
    if (!symbols.insert(kernel.symbol).second)
      return place.fails("expects unique symbols, got \"" + kernel.symbol +
                         "\" twice");
    if (kernel.arguments > maxArguments)
      return place.fails("expects at most " + std::to_string(maxArguments) +
                         " arguments, got " + std::to_string(kernel.arguments));
  }
  return {};
}

static Status verifyImageTables(const Contents &contents) {
  static constexpr std::string_view formats[] = {"elf", "cubin", "ptx",
                                                 "bitcode"};
  std::set<std::string_view> targets;
  for (size_t i = 0; i < contents.images.size(); ++i) {
    const Image &image = contents.images[i];
    Place place{"executable-image", "image " + std::to_string(i)};
    BCSSL_RETURN_IF_ERROR(checkName(place, image.target));
    if (!std::ranges::count(formats, image.format))
      return place.fails("expects the format elf, cubin, ptx or bitcode");
    if (image.isGpu() == (image.format == "elf"))
      return place.fails("expects elf for CPUs and another format for GPUs, "
                         "got " +
                         image.format + " for \"" + image.target + "\"");
    if (image.bytes.empty())
      return place.fails("expects machine code, got 0 bytes");
    if (!image.isGpu() && !targets.insert(image.target).second)
      return place.fails("expects unique targets, got \"" + image.target +
                         "\" twice");
  }
  return {};
}

static Status verifyProperties(const Contents &contents) {
  std::set<std::string_view> keys;
  for (const auto &[key, value] : contents.properties) {
    Place place{"executable-limits", "properties"};
    BCSSL_RETURN_IF_ERROR(checkName(place, key));
    if (!keys.insert(key).second)
      return place.fails("expects unique keys, got \"" + key + "\" twice");
    if (value.find('\0') != std::string::npos)
      return place.fails("expects text for \"" + key + "\", got a zero byte");
  }
  return {};
}

Status verify(const Contents &contents) {
  BCSSL_RETURN_IF_ERROR(verifyProperties(contents));
  BCSSL_RETURN_IF_ERROR(verifyKernels(contents));
  BCSSL_RETURN_IF_ERROR(verifyImageTables(contents));
  BCSSL_RETURN_IF_ERROR(verifyLaunchTables(contents));
  BCSSL_RETURN_IF_ERROR(verifyVariables(contents));

  Place place{"executable-program", "programs"};
  if (contents.programs.empty())
    return place.fails("expects at least one, got none");
  std::set<std::string_view> names;
  for (const Program &program : contents.programs) {
    BCSSL_RETURN_IF_ERROR(checkName(place, program.name));
    if (!names.insert(program.name).second)
      return place.fails("expects unique names, got \"" + program.name +
                         "\" twice");
    BCSSL_RETURN_IF_ERROR(verifyProgram(contents, program));
  }
  return verifyMappedSlots(contents);
}

Status verifyImages(const Contents &contents) {
  for (const Image &image : contents.images) {
    XXH128_hash_t hash = XXH3_128bits(image.bytes.data(), image.bytes.size());
    if (hash.low64 != image.hashLow || hash.high64 != image.hashHigh)
      return Place{"executable-hash", "image \"" + image.target + "\""}.fails(
          "the machine code is damaged: its hash is another one");
  }
  return {};
}

} // namespace bcssl::artifact
