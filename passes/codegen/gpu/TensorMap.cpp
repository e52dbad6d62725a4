//===- TensorMap.cpp - rules and attribute of tensor maps -----------------===//

#include "passes/codegen/gpu/TensorMap.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"

#include <optional>

using namespace mlir;

namespace bcssl {
namespace {

// Limits of cuTensorMapEncodeTiled for maps that are not interleaved.
constexpr size_t mostDimensions = 5;
constexpr int64_t mostElements = int64_t{1} << 32;
constexpr int64_t mostStrideBytes = int64_t{1} << 40;
constexpr int64_t mostOfBox = 256;
constexpr int64_t pieceBytes = 16;

std::string problemOfShape(const GpuTensorMap &map) {
  size_t rank = map.sizes.size();
  if (rank < 1 || rank > mostDimensions || map.strides.size() != rank - 1 ||
      map.box.size() != rank)
    return "expects 1 to 5 dimensions, with a stride of each but the first";
  if (!llvm::is_contained({1, 2, 4, 8}, map.elementBytes))
    return "expects elements of 1, 2, 4 or 8 bytes";
  for (size_t d = 0; d < rank; ++d) {
    if (map.sizes[d] < 1 || map.sizes[d] > mostElements)
      return ("expects 1 to 2^32 elements, got " + Twine(map.sizes[d])).str();
    if (map.box[d] < 1 || map.box[d] > mostOfBox)
      return ("expects 1 to 256 elements of a box, got " + Twine(map.box[d]))
          .str();
    if (d > 0 && (map.strides[d - 1] < 1 ||
                  map.strides[d - 1] >= mostStrideBytes / map.elementBytes ||
                  map.strides[d - 1] * map.elementBytes % pieceBytes != 0))
      return ("expects strides that are multiples of 16 bytes and less than "
              "2^40, got " +
              Twine(map.strides[d - 1]) + " elements")
          .str();
  }
  return "";
}

std::optional<GpuTensorMap> fromAttribute(Attribute attribute) {
  auto fields = dyn_cast<DictionaryAttr>(attribute);
  if (!fields)
    return std::nullopt;
  bool isKnown = true;
  auto number = [&](StringRef name) -> int64_t {
    auto field = fields.getAs<IntegerAttr>(name);
    isKnown &= field && field.getType().isInteger(64);
    return isKnown ? field.getInt() : 0;
  };
  auto numbers = [&](StringRef name, auto &to) {
    auto field = fields.getAs<DenseI64ArrayAttr>(name);
    isKnown &= field != nullptr;
    if (field)
      to.assign(field.asArrayRef().begin(), field.asArrayRef().end());
  };
  GpuTensorMap map;
  map.buffer = number("buffer");
  map.elementBytes = number("element_bytes");
  map.swizzleBytes = number("swizzle_bytes");
  numbers("sizes", map.sizes);
  numbers("strides", map.strides);
  numbers("box", map.box);
  return isKnown ? std::optional(map) : std::nullopt;
}

} // namespace

int64_t GpuTensorMap::boxBytes() const {
  int64_t bytes = elementBytes;
  for (int64_t size : box)
    bytes *= size;
  return bytes;
}

std::string problemOf(const GpuTensorMap &map, int64_t bufferBytes) {
  if (std::string problem = problemOfShape(map); !problem.empty())
    return problem;
  int64_t innerBytes = map.box[0] * map.elementBytes;
  if (innerBytes % pieceBytes != 0)
    return ("expects rows of a box of whole pieces of 16 bytes, got " +
            Twine(innerBytes) + " bytes")
        .str();
  if (!llvm::is_contained({0, 32, 64, 128}, map.swizzleBytes) ||
      (map.swizzleBytes != 0 && innerBytes > map.swizzleBytes))
    return ("expects a swizzle of 0, 32, 64 or 128 bytes, not less than the "
            "rows of a box of " +
            Twine(innerBytes) + " bytes, got " + Twine(map.swizzleBytes))
        .str();
  // By division, as a product may overflow.
  int64_t rest = bufferBytes / map.elementBytes - map.sizes[0];
  for (size_t d = 1; d < map.sizes.size() && rest >= 0; ++d)
    rest = (map.sizes[d] - 1) > rest / map.strides[d - 1]
               ? -1
               : rest - (map.sizes[d] - 1) * map.strides[d - 1];
  if (rest < 0)
    return ("expects to end inside the buffer of " + Twine(bufferBytes) +
            " bytes")
        .str();
  return "";
}

ArrayAttr toAttribute(MLIRContext *context, ArrayRef<GpuTensorMap> maps) {
  Builder builder(context);
  return builder.getArrayAttr(
      llvm::map_to_vector(maps, [&](const GpuTensorMap &map) -> Attribute {
        return builder.getDictionaryAttr(
            {{"buffer", builder.getI64IntegerAttr(map.buffer)},
             {"element_bytes", builder.getI64IntegerAttr(map.elementBytes)},
             {"sizes", builder.getDenseI64ArrayAttr(map.sizes)},
             {"strides", builder.getDenseI64ArrayAttr(map.strides)},
             {"box", builder.getDenseI64ArrayAttr(map.box)},
             {"swizzle_bytes", builder.getI64IntegerAttr(map.swizzleBytes)}});
      }));
}

FailureOr<SmallVector<GpuTensorMap, 0>>
tensorMapsOf(FunctionOpInterface function) {
  SmallVector<GpuTensorMap, 0> maps;
  Attribute attribute = function->getAttr(tensorMapsAttrName);
  if (!attribute)
    return maps;
  auto report = [&](const Twine &text) {
    return function.emitOpError() << tensorMapsAttrName << " " << text;
  };
  auto array = dyn_cast<ArrayAttr>(attribute);
  size_t arguments = function.getNumArguments();
  if (!array || array.size() > arguments)
    return report("expects an array with the last arguments' tensor maps");
  int64_t buffers = arguments - array.size();
  for (auto [number, element] : llvm::enumerate(array)) {
    std::optional<GpuTensorMap> map = fromAttribute(element);
    if (!map)
      return report(
          "expects a buffer, the bytes of an element, sizes, strides, "
          "a box and the bytes of a swizzle in each dictionary");
    if (map->buffer < 0 || map->buffer >= buffers)
      return report("expects one of " + Twine(buffers) + " buffers, got " +
                    Twine(map->buffer));
    auto buffer =
        dyn_cast<MemRefType>(function.getArgumentTypes()[map->buffer]);
    if (!buffer || !buffer.hasStaticShape() ||
        !buffer.getElementType().isIntOrFloat())
      return report("expects buffers of a static shape");
    int64_t elementBytes = llvm::divideCeil(buffer.getElementTypeBitWidth(), 8);
    if (map->elementBytes != elementBytes)
      return report("expects elements of " + Twine(elementBytes) +
                    " bytes, got " + Twine(map->elementBytes));
    if (std::string problem =
            problemOf(*map, buffer.getNumElements() * elementBytes);
        !problem.empty())
      return report(problem);
    maps.push_back(*map);
  }
  return maps;
}

} // namespace bcssl
