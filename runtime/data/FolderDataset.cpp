//===- FolderDataset.cpp - image files under a directory ------------------===//

#include "runtime/data/Dataset.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sys/stat.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace bcssl {

namespace fs = std::filesystem;

namespace {

/// One image file.
struct Entry {
  std::string path;
  int64_t label;
};

class FolderDataset final : public Dataset {
public:
  FolderDataset(std::vector<Entry> entries, std::vector<std::string> classes,
                size_t rootLength, const DecodeLimits &limits)
      : entries(std::move(entries)), classNames(std::move(classes)),
        limits(limits), hash(0) {
    // Paths below the root: a data set may move.
    for (const Entry &entry : this->entries)
      hash = XXH3_64bits_withSeed(entry.path.data() + rootLength,
                                  entry.path.size() - rootLength,
                                  hash + static_cast<uint64_t>(entry.label));
  }

  int64_t size() const override { return static_cast<int64_t>(entries.size()); }
  int64_t label(int64_t index) const override { return at(index).label; }
  Result<Image> image(int64_t index) const override {
    return readImage(at(index).path, limits);
  }
  std::string name(int64_t index) const override { return at(index).path; }
  const std::vector<std::string> &classes() const override {
    return classNames;
  }
  uint64_t fingerprint() const override { return hash; }

private:
  const Entry &at(int64_t index) const {
    return entries[static_cast<size_t>(index)];
  }

  std::vector<Entry> entries;
  std::vector<std::string> classNames;
  DecodeLimits limits;
  uint64_t hash;
};

/// Walks one directory tree, through symbolic links, and collects image files
/// in ImageFolder's order: by directory, then by name, both as bytes.
class Walker {
public:
  Status walk(const std::string &directory) {
    BCSSL_RETURN_IF_ERROR(visit(directory));
    std::sort(found.begin(), found.end());
    return {};
  }

  /// Pairs of directory and file name.
  std::vector<std::pair<std::string, std::string>> found;

private:
  Status visit(const std::string &directory);
  Status visitEntry(const std::string &directory,
                    const fs::directory_entry &entry);

  /// Device and inode of the directories from the root to here.
  std::vector<std::pair<dev_t, ino_t>> ancestors;
};

} // namespace

static bool isImageName(const std::string &name) {
  size_t dot = name.rfind('.');
  if (dot == std::string::npos)
    return false;
  std::string extension = name.substr(dot);
  for (char &c : extension)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  static constexpr const char *known[] = {".jpg", ".jpeg", ".png",
                                          ".ppm", ".bmp",  ".pgm",
                                          ".tif", ".tiff", ".webp"};
  return std::find(std::begin(known), std::end(known), extension) !=
         std::end(known);
}

static Error folderError(const std::string &path, const std::string &why) {
  return {ExitCode::NoInput, "folder-open", "cannot read the directory: " + why,
          path};
}

Status Walker::visit(const std::string &directory) {
  struct stat info;
  if (stat(directory.c_str(), &info) != 0)
    return folderError(directory, std::strerror(errno));
  std::pair<dev_t, ino_t> self{info.st_dev, info.st_ino};
  if (std::find(ancestors.begin(), ancestors.end(), self) != ancestors.end())
    return Error{ExitCode::BadData, "folder-loop",
                 "a symbolic link leads back to a directory above it",
                 directory};
  if (ancestors.size() >= 64)
    return Error{ExitCode::BadData, "folder-depth",
                 "directories are nested more than 64 deep", directory};
  ancestors.push_back(self);
  std::error_code code;
  for (fs::directory_iterator at(directory, code), end; !code && at != end;
       at.increment(code))
    BCSSL_RETURN_IF_ERROR(visitEntry(directory, *at));
  ancestors.pop_back();
  return code ? Status(folderError(directory, code.message())) : Status();
}

Status Walker::visitEntry(const std::string &directory,
                          const fs::directory_entry &entry) {
  // The directory tells the kind of most entries, which saves a system call
  // for each of a million files.
  std::error_code code;
  if (entry.is_directory(code))
    return visit(entry.path().string());
  std::string name = entry.path().filename().string();
  if (!isImageName(name))
    return {};
  if (entry.is_regular_file(code)) {
    found.emplace_back(directory, std::move(name));
    return {};
  }
  if (!entry.exists(code))
    return Error{ExitCode::NoInput, "file-missing",
                 "cannot open the file: " +
                     (code ? code.message() : "the link leads nowhere"),
                 entry.path().string()};
  return Error{ExitCode::BadData, "file-kind",
               "expects a regular file, got a pipe or device",
               entry.path().string()};
}

static Error emptyFolder(const char *id, const std::string &path) {
  return {ExitCode::BadData,
          id,
          "holds no image files",
          path,
          {},
          "put JPEG or PNG files there (.jpg .jpeg .png)"};
}

int64_t countImageFiles(const std::string &path) {
  int64_t count = 0;
  std::error_code code, ignored;
  for (fs::directory_iterator at(path, code), end; !code && at != end;
       at.increment(code))
    count += isImageName(at->path().filename().string()) &&
             !at->is_directory(ignored);
  return count;
}

/// Appends the image files under `directory`.
static Status collect(const std::string &directory, int64_t label,
                      const char *emptyId, std::vector<Entry> &entries) {
  Walker walker;
  BCSSL_RETURN_IF_ERROR(walker.walk(directory));
  if (walker.found.empty())
    return emptyFolder(emptyId, directory);
  for (auto &[folder, name] : walker.found)
    entries.push_back({(fs::path(folder) / name).string(), label});
  return {};
}

Result<std::unique_ptr<Dataset>> openClassFolders(const std::string &path,
                                                  const DecodeLimits &limits) {
  std::vector<std::string> classes;
  std::error_code code;
  for (fs::directory_iterator at(path, code), end; !code && at != end;
       at.increment(code)) {
    std::error_code ignored;
    if (fs::is_directory(at->path(), ignored))
      classes.push_back(at->path().filename().string());
  }
  if (code)
    return folderError(path, code.message());
  if (classes.empty())
    return emptyFolder("folder-empty", path);
  std::sort(classes.begin(), classes.end());
  std::vector<Entry> entries;
  for (size_t c = 0; c < classes.size(); ++c)
    BCSSL_RETURN_IF_ERROR(collect((fs::path(path) / classes[c]).string(),
                                  static_cast<int64_t>(c), "folder-class-empty",
                                  entries));
  return std::unique_ptr<Dataset>(std::make_unique<FolderDataset>(
      std::move(entries), std::move(classes), path.size(), limits));
}

Result<std::unique_ptr<Dataset>> openFlatFolder(const std::string &path,
                                                const DecodeLimits &limits) {
  std::vector<Entry> entries;
  BCSSL_RETURN_IF_ERROR(collect(path, -1, "folder-empty", entries));
  return std::unique_ptr<Dataset>(std::make_unique<FolderDataset>(
      std::move(entries), std::vector<std::string>(), path.size(), limits));
}

} // namespace bcssl
