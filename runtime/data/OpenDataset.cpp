//===- OpenDataset.cpp - recognise what a path holds ----------------------===//

#include "runtime/data/Dataset.h"

#include <filesystem>

namespace bcssl {

namespace fs = std::filesystem;

/// `directory/stem` or `directory/stem.gz`, whichever exists; else empty.
static std::string findIdx(const fs::path &directory, const std::string &stem) {
  for (const char *suffix : {"", ".gz"}) {
    std::error_code code;
    fs::path path = directory / (stem + suffix);
    if (fs::exists(path, code))
      return path.string();
  }
  return {};
}

static bool isDirectory(const fs::path &path) {
  std::error_code code;
  return fs::is_directory(path, code);
}

static bool hasSubdirectory(const fs::path &path) {
  std::error_code code;
  for (fs::directory_iterator at(path, code), end; !code && at != end;
       at.increment(code))
    if (isDirectory(at->path()))
      return true;
  return false;
}

static Result<std::unique_ptr<Dataset>> openFolder(const std::string &path,
                                                   const DecodeLimits &limits) {
  if (!hasSubdirectory(path))
    return openFlatFolder(path, limits);
  BCSSL_ASSIGN_OR_RETURN(data, openClassFolders(path, limits));
  int64_t beside = countImageFiles(path);
  if (beside == 0)
    return data;
  return Error{ExitCode::BadData,
               "data-mixed",
               "holds " + std::to_string(beside) +
                   " images beside folders, which hold " +
                   std::to_string(data->size()) + " and would be classes",
               path,
               {},
               "move the images into a folder, or the folders elsewhere"};
}

Result<std::unique_ptr<Dataset>>
openDataset(const std::string &path, Split split, const DecodeLimits &limits) {
  if (!isDirectory(path))
    return Error{ExitCode::NoInput, "data-missing",
                 "expects a directory of images or IDX files", path};
  bool training = split == Split::Train;
  std::string prefix = training ? "train" : "t10k";
  std::string images = findIdx(path, prefix + "-images-idx3-ubyte");
  if (!images.empty())
    return openIdxPair(images, findIdx(path, prefix + "-labels-idx1-ubyte"));

  fs::path part = fs::path(path) / (training ? "train" : "val");
  if (isDirectory(part))
    return openFolder(part.string(), limits);
  if (!training)
    return Error{ExitCode::NoInput,
                 "data-split",
                 "has neither a val folder nor t10k-images-idx3-ubyte(.gz)",
                 path,
                 {},
                 "put the images to be tested into val/<class>/"};
  return openFolder(path, limits);
}

} // namespace bcssl
