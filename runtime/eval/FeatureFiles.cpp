//===- FeatureFiles.cpp - features between tools --------------------------===//

#include "runtime/eval/FeatureFiles.h"

#include "runtime/executable/Npy.h"

#include <cstring>
#include <filesystem>

namespace bcssl {

namespace {

std::string featuresPath(const std::string &directory,
                         const std::string &name) {
  return directory + "/" + name + ".npy";
}

std::string labelsPath(const std::string &directory, const std::string &name) {
  return directory + "/" + name + "_labels.npy";
}

/// Reads an array of one type and rank.
Result<NpyArray> readArray(const std::string &path, NpyType type,
                           const char *what, size_t rank) {
  BCSSL_ASSIGN_OR_RETURN(array, readNpy(path));
  if (array.type != type || array.shape.size() != rank)
    return Error{.code = ExitCode::BadData,
                 .id = "features-file",
                 .message = std::string("expects ") + what,
                 .file = path};
  return array;
}

} // namespace

Status writeFeatures(const std::string &directory, const std::string &name,
                     const LabelledFeatures &set) {
  std::error_code code;
  std::filesystem::create_directories(directory, code);
  if (code)
    return Error{.code = ExitCode::CannotCreate,
                 .id = "directory-create",
                 .message = "cannot create the directory: " + code.message(),
                 .file = directory};
  int64_t shape[] = {set.features.rows, set.features.columns};
  BCSSL_RETURN_IF_ERROR(
      writeNpy(featuresPath(directory, name), NpyType::F32, shape,
               std::as_bytes(std::span(set.features.values))));
  return writeNpy(labelsPath(directory, name), NpyType::I32,
                  std::span(shape).first(1),
                  std::as_bytes(std::span(set.labels)));
}

Result<LabelledFeatures> readFeatures(const std::string &directory,
                                      const std::string &name) {
  BCSSL_ASSIGN_OR_RETURN(values,
                         readArray(featuresPath(directory, name), NpyType::F32,
                                   "float32 features [rows, columns]", 2));
  BCSSL_ASSIGN_OR_RETURN(labels,
                         readArray(labelsPath(directory, name), NpyType::I32,
                                   "int32 labels [rows]", 1));
  LabelledFeatures set;
  set.features = Features(values.shape[0], values.shape[1]);
  set.labels.resize(labels.elements());
  // An empty array has no data to copy from.
  if (!values.data.empty())
    std::memcpy(set.features.values.data(), values.data.data(),
                values.data.size());
  if (!labels.data.empty())
    std::memcpy(set.labels.data(), labels.data.data(), labels.data.size());
  return set;
}

} // namespace bcssl
