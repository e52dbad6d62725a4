//===- CheckpointReader.cpp - find, verify, load --------------------------===//

#include "runtime/base/ReadFile.h"
#include "runtime/device/Device.h"
#include "runtime/train/Checkpoint.h"
#include "runtime/train/FileTensor.h"
#include "runtime/train/TensorMatch.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace bcssl {

namespace fs = std::filesystem;

bool isModelVariable(std::string_view name) {
  return name.starts_with("student.") || name.starts_with("teacher.") ||
         name.starts_with("model.");
}

std::vector<CheckpointEntry> listCheckpoints(const std::string &directory) {
  std::vector<CheckpointEntry> entries;
  std::error_code code;
  for (fs::directory_iterator at(directory, code), end; !code && at != end;
       at.increment(code)) {
    std::string name = at->path().filename().string();
    constexpr std::string_view prefix = "checkpoint_";
    int64_t step = 0;
    const char *last = name.data() + name.size();
    if (!name.starts_with(prefix) || name.size() < prefix.size() + 7)
      continue;
    auto parsed = std::from_chars(name.data() + prefix.size(), last, step);
    std::error_code ignored;
    if (parsed.ec == std::errc() && parsed.ptr == last && step >= 0 &&
        at->is_directory(ignored))
      entries.push_back({step, at->path().string()});
  }
  std::sort(entries.begin(), entries.end(),
            [](const auto &a, const auto &b) { return a.step < b.step; });
  return entries;
}

/// More than any state file has; parseRunState has the limit that counts.
static constexpr uint64_t mostStateBytes = 1 << 24;

Result<RunState> verifyCheckpoint(const std::string &path) {
  std::string statePath = path + "/" + std::string(stateFileName);
  BCSSL_ASSIGN_OR_RETURN(bytes, readFile(statePath, mostStateBytes));
  auto run = parseRunState(
      {reinterpret_cast<const char *>(bytes.data()), bytes.size()});
  if (!run) {
    Error error = run.error();
    error.file = statePath;
    return error;
  }
  if (run->files.size() != 2)
    return Error{ExitCode::BadData, "checkpoint-state",
                 "expects two files of tensors, got " +
                     std::to_string(run->files.size()),
                 statePath};
  for (std::string_view name : {modelFileName, optimFileName}) {
    auto entry = run->files.find(std::string(name));
    if (entry == run->files.end())
      return Error{ExitCode::BadData, "checkpoint-state",
                   "expects the file " + std::string(name), statePath};
    std::string file = path + "/" + std::string(name);
    BCSSL_ASSIGN_OR_RETURN(digest, digestFile(file));
    if (digest.hex() != entry->second.digest)
      return Error{ExitCode::BadData, "checkpoint-damaged",
                   "its bytes have changed since they were written: XXH3 " +
                       digest.hex() + ", expects " + entry->second.digest,
                   file};
  }
  return run;
}

/// Loads tensors into the variables of `indices`, after comparing all names.
/// With `ignoreOthers`, the file may hold more.
static Status loadFile(const std::string &path, StateAccess &state,
                       std::span<const size_t> indices, bool ignoreOthers) {
  BCSSL_ASSIGN_OR_RETURN(reader, SafetensorsReader::open(path));
  std::vector<FileTensor> forms;
  std::vector<ExpectedTensor> expected;
  for (size_t index : indices) {
    const artifact::Variable &variable = state.variables()[index];
    FileTensor form(variable);
    expected.push_back({variable.name,
                        form.type(),
                        {form.shape().begin(), form.shape().end()}});
    forms.push_back(form);
  }
  TensorMatch match = matchTensors(expected, reader);
  if (ignoreOthers && match.missing.empty())
    match.unexpected.clear();
  if (!match.fits())
    return Error{ExitCode::BadData,
                 "checkpoint-names",
                 "the tensors do not fit the program: " + match.text(),
                 path,
                 {},
                 "use the program that wrote the checkpoint (program.bcx "
                 "beside it)"};
  std::vector<std::byte> file, memory;
  for (size_t i = 0; i < indices.size(); ++i) {
    file.resize(forms[i].bytes());
    memory.resize(forms[i].memoryBytes());
    BCSSL_RETURN_IF_ERROR(reader.read(*reader.find(expected[i].name), file));
    forms[i].toMemory(file, memory);
    BCSSL_RETURN_IF_ERROR(state.write(indices[i], memory));
  }
  return {};
}

Result<RunState> loadCheckpoint(const std::string &path, StateAccess &state) {
  BCSSL_ASSIGN_OR_RETURN(run, verifyCheckpoint(path));
  for (bool model : {true, false}) {
    std::vector<size_t> indices;
    for (size_t i = 0; i < state.variables().size(); ++i)
      if (isModelVariable(state.variables()[i].name) == model)
        indices.push_back(i);
    BCSSL_RETURN_IF_ERROR(loadFile(
        path + "/" + std::string(model ? modelFileName : optimFileName), state,
        indices, /*ignoreOthers=*/false));
  }
  return run;
}

Status loadWeights(const std::string &path, StateAccess &state,
                   std::string_view prefix) {
  std::string file = path;
  std::error_code code;
  if (fs::is_directory(path, code)) {
    std::string folder = path;
    if (!fs::exists(fs::path(path) / stateFileName, code)) {
      std::vector<CheckpointEntry> entries = listCheckpoints(path);
      if (entries.empty())
        return Error{ExitCode::NoInput, "checkpoint-none",
                     "there is no checkpoint in this directory", path};
      folder = entries.back().path;
    }
    BCSSL_RETURN_IF_ERROR(verifyCheckpoint(folder));
    file = folder + "/" + std::string(modelFileName);
  }
  std::vector<size_t> indices;
  for (size_t i = 0; i < state.variables().size(); ++i) {
    const std::string &name = state.variables()[i].name;
    if (isModelVariable(name) && name.starts_with(prefix))
      indices.push_back(i);
  }
  return loadFile(file, state, indices, /*ignoreOthers=*/true);
}

Result<std::optional<RunState>>
CheckpointStore::loadNewest(StateAccess &state,
                            std::vector<std::string> &notes) {
  std::vector<CheckpointEntry> entries = listCheckpoints(folder);
  std::optional<Error> last;
  for (size_t i = entries.size(); i-- > 0;) {
    auto run = loadCheckpoint(entries[i].path, state);
    if (run)
      return std::optional<RunState>(std::move(*run));
    // Weights of another network are not damage, nor is a device that fails:
    // going back would hide it.
    if (run.error().id == "checkpoint-names" || isDeviceError(run.error()))
      return run.error();
    last = run.error();
    notes.push_back(run.error().text() + "; going back to the checkpoint "
                                         "before it");
  }
  if (!last)
    return std::optional<RunState>();
  return Error{
      ExitCode::BadData,
      "checkpoint-damaged",
      "none of the " + std::to_string(entries.size()) +
          " checkpoints can be loaded, the oldest because of: " + last->text(),
      folder,
      {},
      "restore one from a backup, or start anew in another folder"};
}

} // namespace bcssl
