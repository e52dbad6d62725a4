//===- RunFolder.cpp - the output folder of a run -------------------------===//

#include "runtime/train/RunFolder.h"

#include "runtime/report/Plot.h"
#include "runtime/report/Png.h"
#include "runtime/train/Checkpoint.h"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/file.h>
#include <unistd.h>

namespace bcssl {

Result<FolderLock> FolderLock::take(const std::string &folder) {
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  int descriptor =
      code ? -1 : ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0)
    return Error{ExitCode::CannotCreate,
                 "directory-create",
                 "cannot create the folder: " +
                     (code ? code.message() : std::strerror(errno)),
                 folder,
                 {},
                 "choose another --output"};
  // File systems without locks do not protect; that is no reason to refuse.
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    close(descriptor);
    return Error{ExitCode::CannotCreate,
                 "output-busy",
                 "another process is training in this folder",
                 folder,
                 {},
                 "wait for it, or choose another --output"};
  }
  return FolderLock(descriptor);
}

FolderLock::FolderLock(FolderLock &&other) noexcept
    : descriptor(other.descriptor) {
  other.descriptor = -1;
}

FolderLock::~FolderLock() {
  if (descriptor >= 0)
    close(descriptor);
}

std::string folderOf(const std::string &checkpoint) {
  namespace fs = std::filesystem;
  fs::path clean = fs::path(checkpoint).lexically_normal();
  if (!clean.has_filename()) // it ended in a slash
    clean = clean.parent_path();
  std::error_code code;
  return fs::absolute(clean, code).parent_path().string();
}

bool isCheckpointOf(const std::string &folder, const std::string &path) {
  std::error_code code;
  return std::filesystem::equivalent(folderOf(path), folder, code);
}

Status checkFolderUse(const std::string &folder, const std::string &resume) {
  if (resume == "auto" || listCheckpoints(folder).empty() ||
      (resume != "none" && isCheckpointOf(folder, resume)))
    return {};
  return Error{ExitCode::Usage,
               "output-used",
               "the folder holds checkpoints of an earlier run",
               folder,
               {},
               "go on with --resume=auto, choose another --output, or remove "
               "them"};
}

Status drawRunCurves(const std::string &folder) {
  Curve loss{"train_loss", {}, {}};
  Curve entropy{"teacher_entropy", {}, {}};
  Curve accuracy{"k-NN", {}, {}, /*markers=*/true};
  std::ifstream stream(folder + "/log.txt");
  std::string line;
  while (std::getline(stream, line)) {
    auto json = nlohmann::json::parse(line, nullptr, false);
    auto step = json.is_object() ? json.find("step") : json.end();
    if (!json.is_object() || step == json.end() || !step->is_number())
      continue;
    auto take = [&](const char *key, Curve &curve) {
      auto at = json.find(key);
      if (at == json.end() || !at->is_number())
        return;
      curve.x.push_back(step->get<double>());
      curve.y.push_back(at->get<double>());
    };
    take("train_loss", loss);
    take("teacher_entropy", entropy);
    take("knn", accuracy);
  }
  std::vector<Panel> panels;
  if (!loss.x.empty())
    panels.push_back({"Training loss", "step", "nats", {std::move(loss)}});
  if (!entropy.x.empty())
    panels.push_back(
        {"Entropy of a target", "step", "nats", {std::move(entropy)}});
  if (!accuracy.x.empty())
    panels.push_back(
        {"k-NN accuracy", "step", "top-1 in %", {std::move(accuracy)}});
  if (panels.empty())
    return {};
  return writePng(folder + "/curve.png", drawPlot(panels));
}

} // namespace bcssl
