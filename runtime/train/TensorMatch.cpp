//===- TensorMatch.cpp - do these weights fit -----------------------------===//

#include "runtime/train/TensorMatch.h"

#include "runtime/base/Suggest.h"

#include <algorithm>
#include <set>

namespace bcssl {

/// Names spelled out per kind; a wrong file has hundreds.
static constexpr size_t mostNames = 4;

std::string tensorText(TensorType type, std::span<const int64_t> shape) {
  std::string text = std::string(typeName(type)) + " [";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

TensorMatch matchTensors(std::span<const ExpectedTensor> expected,
                         const SafetensorsReader &file) {
  TensorMatch match;
  std::set<std::string_view> names;
  for (const ExpectedTensor &tensor : expected) {
    names.insert(tensor.name);
    const TensorInfo *info = file.find(tensor.name);
    if (!info)
      match.missing.push_back(tensor.name);
    else if (info->type != tensor.type || info->shape != tensor.shape)
      match.different.push_back(quoteName(tensor.name) + " is " +
                                tensorText(info->type, info->shape) +
                                ", expects " +
                                tensorText(tensor.type, tensor.shape));
  }
  for (const TensorInfo &info : file.tensors())
    if (!names.contains(info.name))
      match.unexpected.push_back(info.name);
  return match;
}

/// The unexpected name nearest to `name`, or nothing where none is similar.
static std::string nearest(const std::string &name,
                           const std::vector<std::string> &candidates) {
  size_t best = name.size() / 2;
  std::string result;
  for (const std::string &candidate : candidates) {
    // Hostile names may be long; similar ones are not.
    if (candidate.size() > 2 * name.size())
      continue;
    size_t distance = editDistance(name, candidate);
    if (distance < best) {
      best = distance;
      result = candidate;
    }
  }
  return result;
}

std::string TensorMatch::text() const {
  std::string text;
  auto list = [&](const std::vector<std::string> &names, const char *kind,
                  auto describe) {
    if (names.empty())
      return;
    text += (text.empty() ? "" : "; ") + std::to_string(names.size()) + " " +
            kind + ": ";
    for (size_t i = 0; i < std::min(names.size(), mostNames); ++i)
      text += (i ? ", " : "") + describe(names[i]);
    if (names.size() > mostNames)
      text += ", ...";
  };
  list(missing, "missing", [&](const std::string &name) {
    std::string other = nearest(name, unexpected);
    return quoteName(name) +
           (other.empty() ? "" : " (nearest: " + quoteName(other) + ")");
  });
  list(unexpected, "unexpected",
       [](const std::string &name) { return quoteName(name); });
  list(different, "of another shape or type",
       [](const std::string &line) { return line; });
  return text;
}

} // namespace bcssl
