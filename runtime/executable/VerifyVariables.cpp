//===- VerifyVariables.cpp - state and its first values -------------------===//

#include "runtime/executable/VerifyDetail.h"

#include <cmath>
#include <unordered_map>

namespace bcssl::artifact {

using namespace detail;

/// That the published form has the stored dimensions in another order, and
/// beside them only dimensions of size 1.
static Status checkPublished(const Place &place, const Variable &variable) {
  const Shape &published = variable.publishedShape;
  if (variable.permutation.size() != published.size())
    return place.fails("expects a permutation of " +
                       std::to_string(published.size()) + " dimensions, got " +
                       std::to_string(variable.permutation.size()));
  if (published.empty())
    return {};
  BCSSL_RETURN_IF_ERROR(
      checkShape(place.inside("published shape"), published, variable.type));
  std::vector<bool> used(variable.shape.size());
  for (size_t i = 0; i < published.size(); ++i) {
    int32_t from = variable.permutation[i];
    if (from < -1 || from >= static_cast<int64_t>(variable.shape.size()))
      return place.fails("expects a permutation of -1 to " +
                         std::to_string(variable.shape.size()) +
                         " exclusive, got " + std::to_string(from));
    int64_t size = from < 0 ? 1 : variable.shape[from];
    if (published[i] != size)
      return place.fails("expects published dimension " + std::to_string(i) +
                         " to be " + std::to_string(size) + ", got " +
                         std::to_string(published[i]));
    if (from >= 0 && used[from])
      return place.fails(
          "expects each dimension once in the permutation, got " +
          std::to_string(from) + " twice");
    if (from >= 0)
      used[from] = true;
  }
  for (size_t i = 0; i < used.size(); ++i)
    if (!used[i] && variable.shape[i] != 1)
      return place.fails("expects dimension " + std::to_string(i) +
                         " in the permutation");
  return {};
}

static Status checkCopy(const Place &place, const Variable &variable,
                        const Variable *source) {
  if (!source)
    return place.fails("expects the variable to copy before it");
  if (source->type != variable.type || source->shape != variable.shape ||
      source->publishedShape != variable.publishedShape ||
      source->permutation != variable.permutation)
    return place.fails("expects the type and shape of \"" + source->name +
                       "\", which it copies");
  return {};
}

static Status checkInitializer(const Place &place, const Variable &variable,
                               const Variable *source) {
  if (variable.initializer == Initializer::Copy)
    return checkCopy(place, variable, source);
  if (!variable.source.empty())
    return place.fails("expects a source only for a copy");
  if (!std::isfinite(variable.value))
    return place.fails("expects a finite value");
  bool random = variable.initializer == Initializer::TruncNormal ||
                variable.initializer == Initializer::Uniform;
  if (random && variable.type == DataType::I32)
    return place.fails("expects a floating-point type for a random value");
  if (random && variable.value < 0)
    return place.fails("expects a value of at least 0 for a random value");
  if (variable.initializer == Initializer::Constant &&
      variable.type == DataType::I32 &&
      (std::abs(variable.value) > 0x7fffffff ||
       variable.value != std::floor(variable.value)))
    return place.fails("expects a whole number of 32 bits");
  return {};
}

Status detail::verifyVariables(const Contents &contents) {
  Place all{"executable-variable", "variables"};
  if (contents.stateBytes > maxBlockBytes)
    return all.fails("expects state of at most " +
                     std::to_string(maxBlockBytes) + " bytes, got " +
                     std::to_string(contents.stateBytes));
  std::unordered_map<std::string_view, const Variable *> known;
  std::vector<Extent> extents;
  for (const Variable &variable : contents.variables) {
    BCSSL_RETURN_IF_ERROR(checkName(all, variable.name));
    Place place{all.id, "variable \"" + variable.name + "\""};
    BCSSL_RETURN_IF_ERROR(checkShape(place, variable.shape, variable.type));
    if (variable.type == DataType::U8)
      return place.fails("expects f32, bf16 or i32, got u8");
    BCSSL_RETURN_IF_ERROR(checkPublished(place, variable));
    auto source = known.find(variable.source);
    BCSSL_RETURN_IF_ERROR(checkInitializer(
        place, variable, source == known.end() ? nullptr : source->second));
    Extent extent{variable.offset, variable.bytes(), &variable.name};
    BCSSL_RETURN_IF_ERROR(checkExtent(place, extent, contents.stateBytes));
    extents.push_back(extent);
    if (!known.emplace(variable.name, &variable).second)
      return place.fails("expects unique names, got this one twice");
  }
  return checkDisjoint(all, std::move(extents));
}

} // namespace bcssl::artifact
