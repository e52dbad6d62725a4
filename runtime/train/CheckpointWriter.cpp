//===- CheckpointWriter.cpp - write, put in place, tidy up ----------------===//

#include "runtime/base/AtomicFile.h"
#include "runtime/train/Checkpoint.h"
#include "runtime/train/FileTensor.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace bcssl {

namespace fs = std::filesystem;

static Error systemError(std::string id, const std::string &action, int code,
                         const std::string &path,
                         ExitCode exit = ExitCode::Io) {
  if (code == ENOSPC || code == EDQUOT)
    id = "disk-full";
  return {exit, std::move(id), "cannot " + action + ": " + std::strerror(code),
          path};
}

static Status syncDirectory(const std::string &path) {
  int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  // Some network file systems cannot sync a directory and say EINVAL.
  bool synced = descriptor >= 0 && (fsync(descriptor) == 0 || errno == EINVAL);
  int code = errno;
  if (descriptor >= 0)
    close(descriptor);
  return synced ? Status()
                : Status(systemError("file-write", "sync the directory", code,
                                     path));
}

/// Temporary directories are ".checkpoint_NAME.PID-NUMBER.tmp"; nothing else is
/// ever removed from a folder.
static bool isTemporaryName(std::string_view name) {
  constexpr std::string_view prefix = ".checkpoint_", suffix = ".tmp";
  if (!name.starts_with(prefix) || !name.ends_with(suffix) ||
      name.size() < prefix.size() + suffix.size())
    return false;
  name.remove_prefix(prefix.size());
  name.remove_suffix(suffix.size());
  size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0)
    return false;
  std::string_view unique = name.substr(dot + 1);
  return std::count(unique.begin(), unique.end(), '-') == 1 &&
         unique.find_first_not_of("0123456789-") == std::string_view::npos;
}

static std::string temporaryPath(const std::string &folder,
                                 const std::string &name) {
  static unsigned counter = 0;
  return folder + "/." + name + "." + std::to_string(getpid()) + "-" +
         std::to_string(counter++) + ".tmp";
}

/// Removes a directory so that a kill half-way leaves only a temporary one.
static void removeCheckpoint(const std::string &folder,
                             const std::string &path) {
  std::string aside = temporaryPath(folder, fs::path(path).filename());
  std::error_code ignored;
  if (rename(path.c_str(), aside.c_str()) == 0)
    fs::remove_all(aside, ignored);
}

Result<CheckpointStore> CheckpointStore::open(const std::string &directory,
                                              KeepPolicy keep) {
  std::error_code code;
  fs::create_directories(directory, code);
  if (code || !fs::is_directory(directory, code))
    return systemError("directory-create", "create the directory",
                       code ? code.value() : ENOTDIR, directory,
                       ExitCode::CannotCreate);
  for (fs::directory_iterator at(directory, code), end; !code && at != end;
       at.increment(code))
    if (isTemporaryName(at->path().filename().string())) {
      std::error_code ignored;
      fs::remove_all(at->path(), ignored);
    }
  return CheckpointStore(directory, keep);
}

/// The variables of one of the two files.
static std::vector<TensorSource> collect(StateAccess &state, bool model) {
  std::vector<TensorSource> sources;
  for (size_t i = 0; i < state.variables().size(); ++i) {
    const artifact::Variable &variable = state.variables()[i];
    if (isModelVariable(variable.name) != model)
      continue;
    FileTensor form(variable);
    TensorSource source{variable.name,
                        form.type(),
                        {form.shape().begin(), form.shape().end()},
                        {}};
    source.fill = [&state, i, form](std::span<std::byte> out) -> Status {
      std::vector<std::byte> memory(form.memoryBytes());
      BCSSL_RETURN_IF_ERROR(state.read(i, memory));
      form.toFile(memory, out);
      return {};
    };
    sources.push_back(std::move(source));
  }
  return sources;
}

Status CheckpointStore::checkSpace(const StateAccess &state) const {
  // state.json and the headers are small beside the tensors.
  uint64_t needed = 1 << 16;
  for (const artifact::Variable &variable : state.variables())
    needed += FileTensor(variable).bytes() + 256;
  struct statvfs info;
  if (statvfs(folder.c_str(), &info) != 0)
    return {};
  uint64_t free = uint64_t{info.f_bavail} * info.f_frsize;
  if (needed <= free)
    return {};
  return Error{ExitCode::Io,
               "disk-full",
               "a checkpoint needs " + std::to_string(needed) + " bytes, " +
                   std::to_string(free) + " bytes are free",
               folder,
               {},
               "free space there or choose another output folder; the older "
               "checkpoints are whole"};
}

/// Writes the three files into `path`.
static Result<RunState> writeFiles(const std::string &path, StateAccess &state,
                                   RunState run) {
  run.files.clear();
  DigestStream whole;
  for (bool model : {true, false}) {
    std::string name(model ? modelFileName : optimFileName);
    std::vector<TensorSource> sources = collect(state, model);
    BCSSL_ASSIGN_OR_RETURN(
        digest, writeSafetensors(path + "/" + name, std::move(sources)));
    std::error_code code;
    uint64_t bytes = fs::file_size(path + "/" + name, code);
    run.files[name] = {bytes, digest.hex()};
    whole.add(digest.hex());
  }
  run.hash = whole.value().hex();
  BCSSL_RETURN_IF_ERROR(writeFileAtomically(
      path + "/" + std::string(stateFileName), formatRunState(run)));
  return run;
}

/// Gives the directory its name. An older checkpoint of that name (a damaged
/// one, after a resume from the one before it) is exchanged in one step.
static Status putInPlace(const std::string &folder,
                         const std::string &temporary,
                         const std::string &path) {
  if (rename(temporary.c_str(), path.c_str()) == 0)
    return syncDirectory(folder);
  if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR)
    return systemError("file-write", "rename", errno, path);
  if (renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(),
                RENAME_EXCHANGE) != 0) {
    // A file system without exchange: move the old one aside first.
    std::string aside =
        temporaryPath(folder, fs::path(path).filename().string());
    if (rename(path.c_str(), aside.c_str()) != 0 ||
        rename(temporary.c_str(), path.c_str()) != 0)
      return systemError("file-write", "rename", errno, path);
    std::error_code ignored;
    fs::remove_all(aside, ignored);
  }
  return syncDirectory(folder);
}

Result<RunState> CheckpointStore::write(const std::string &name,
                                        StateAccess &state, RunState run) {
  BCSSL_RETURN_IF_ERROR(checkSpace(state));
  std::string temporary = temporaryPath(folder, name);
  if (mkdir(temporary.c_str(), 0777) != 0)
    return systemError("file-create", "create the directory", errno, temporary,
                       errno == ENOSPC ? ExitCode::Io : ExitCode::CannotCreate);
  auto written = writeFiles(temporary, state, std::move(run));
  Status placed =
      written ? putInPlace(folder, temporary, folder + "/" + name) : Status();
  // What is left under the temporary name is half a checkpoint or the old one.
  std::error_code ignored;
  fs::remove_all(temporary, ignored);
  BCSSL_RETURN_IF_ERROR(placed);
  return written;
}

static std::string numberedName(int64_t step) {
  std::string digits = std::to_string(step);
  return "checkpoint_" +
         std::string(digits.size() < 7 ? 7 - digits.size() : 0, '0') + digits;
}

std::string CheckpointStore::pathOf(int64_t step) const {
  return folder + "/" + numberedName(step);
}

/// The link is a convenience: resuming does not look at it, so a file system
/// without links loses nothing.
void CheckpointStore::linkTo(const std::string &name) const {
  std::string link = temporaryPath(folder, "checkpoint_link");
  if (symlink(name.c_str(), link.c_str()) == 0 &&
      rename(link.c_str(), (folder + "/checkpoint").c_str()) != 0)
    unlink(link.c_str());
}

Result<RunState> CheckpointStore::save(StateAccess &state, RunState run) {
  int64_t step = run.step;
  std::string name = numberedName(step);
  BCSSL_ASSIGN_OR_RETURN(written, write(name, state, std::move(run)));
  linkTo(name);
  removeOld(step);
  return written;
}

Result<RunState> CheckpointStore::saveAs(const std::string &name,
                                         StateAccess &state, RunState run) {
  return write("checkpoint_" + name, state, std::move(run));
}

/// A name beside `path` that nothing has yet.
static std::string asidePath(const std::string &path) {
  std::string first = path + ".aside", free = first;
  std::error_code ignored;
  for (int i = 2; fs::exists(free, ignored); ++i)
    free = first + "-" + std::to_string(i);
  return free;
}

Result<std::vector<std::string>> CheckpointStore::setAside(int64_t step) {
  std::vector<std::string> moved;
  std::string newest;
  for (const CheckpointEntry &entry : listCheckpoints(folder)) {
    if (entry.step <= step) {
      newest = fs::path(entry.path).filename();
      continue;
    }
    moved.push_back(asidePath(entry.path));
    if (rename(entry.path.c_str(), moved.back().c_str()) != 0)
      return systemError("file-write", "rename", errno, entry.path);
  }
  if (!moved.empty() && !newest.empty())
    linkTo(newest);
  return moved;
}

void CheckpointStore::removeOld(int64_t written) {
  if (keep.newest <= 0)
    return;
  std::vector<CheckpointEntry> entries = listCheckpoints(folder);
  // Those of later steps belong to no run that goes on here.
  std::erase_if(entries,
                [&](const auto &entry) { return entry.step > written; });
  for (size_t i = 0; i + static_cast<size_t>(keep.newest) < entries.size(); ++i)
    if (entries[i].step != kept &&
        (!keep.everySteps || entries[i].step % keep.everySteps != 0))
      removeCheckpoint(folder, entries[i].path);
}

} // namespace bcssl
