//===- RunProgram.cpp - the program of a run ------------------------------===//

#include "runtime/train/RunProgram.h"

#include "runtime/base/AtomicFile.h"
#include "runtime/base/Child.h"
#include "runtime/base/ReadFile.h"
#include "runtime/report/Signals.h"
#include "runtime/train/RunFolder.h"
#include "runtime/train/RunIdentity.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace bcssl {

namespace fs = std::filesystem;

static std::string keptPath(const std::string &output) {
  return output + "/program.bcx";
}

static Status compileModel(const TrainSettings &settings, const Device &device,
                           const std::string &output) {
  BCSSL_ASSIGN_OR_RETURN(compiler, findTool("bcssl-compile"));
  std::vector<std::string> words = {"--model=" + settings.model};
  for (const auto &[name, value] : settings.modelOptions)
    words.push_back("--" + name + "=" + value);
  std::vector<std::string> targets = settings.targets;
  bool isGpu = !device.compileTargets().empty();
  if (targets.empty() && isGpu)
    targets = {device.compileTargets()};
  // A quarter of the bytes to copy, and the same numbers.
  if (isGpu && !settings.modelOptions.contains("image-type") &&
      checkByteCrops(settings.train.augment))
    words.push_back("--image-type=u8");
  for (const std::string &target : targets)
    words.push_back("--target=" + target);
  std::string text = "compiling";
  for (const std::string &word : words)
    text += " " + word;
  if (settings.train.progress != ProgressMode::None)
    std::fprintf(stderr, "bcssl-train: %s\n", text.c_str());
  words.push_back("--output=" + output);
  BCSSL_ASSIGN_OR_RETURN(result,
                         runChild(compiler, words, /*captureOutput=*/false,
                                  StopSignals::descriptor()));
  if (StopSignals::received())
    return Error{ExitCode::Stopped, "stopped",
                 "stopped before the first step; nothing is lost"};
  if (result.exitCode == 0)
    return {};
  // A wrong model option is wrong usage here too.
  bool usage = result.exitCode == static_cast<int>(ExitCode::Usage);
  return Error{usage ? ExitCode::Usage : ExitCode::Failed, "compiler-failed",
               "ended with exit code " + std::to_string(result.exitCode),
               compiler};
}

static Error otherProgram(const std::string &what, const std::string &file) {
  return {ExitCode::Usage,
          "resume-program",
          what,
          file,
          {},
          "leave the flag out to go on, or choose another --output"};
}

/// Options that were given must be those of the program.
static Status checkProperties(const TrainCommand &command,
                              const Executable &executable) {
  auto check = [&](const std::string &name,
                   const std::string &wanted) -> Status {
    std::string stored = executable.property(name);
    if (stored.empty() || stored == wanted)
      return {};
    return otherProgram("the run was compiled with " + name + "=" + stored +
                            ", got --" + name + "=" + wanted,
                        executable.file());
  };
  if (command.givenModel)
    BCSSL_RETURN_IF_ERROR(check("model", command.settings.model));
  for (const std::string &name : command.givenModelOptions)
    BCSSL_RETURN_IF_ERROR(check(name, command.settings.modelOptions.at(name)));
  return {};
}

/// The program beside the checkpoints of a folder.
static Result<std::shared_ptr<const Executable>>
keptProgram(const TrainCommand &command) {
  const TrainSettings &settings = command.settings;
  std::string kept = keptPath(settings.train.output);
  if (!fs::exists(kept)) {
    if (settings.program.empty())
      return Error{ExitCode::Usage,
                   "resume-program",
                   "the folder has checkpoints but not their program.bcx",
                   settings.train.output,
                   {},
                   "give it by --program, or choose another --output"};
    return Executable::open(settings.program);
  }
  BCSSL_ASSIGN_OR_RETURN(executable, Executable::open(kept));
  if (!settings.program.empty()) {
    BCSSL_ASSIGN_OR_RETURN(given, Executable::open(settings.program));
    if (given->hash() != executable->hash())
      return otherProgram("the run has another program (" + executable->hash() +
                              ") than --program=" + settings.program + " (" +
                              given->hash() + ")",
                          kept);
  }
  return executable;
}

/// The program of a run that begins in a folder without checkpoints.
static Result<std::shared_ptr<const Executable>>
newProgram(const TrainSettings &settings, const Device &device,
           int64_t images) {
  if (!settings.program.empty())
    return Executable::open(settings.program);
  const std::string &resume = settings.train.resume;
  if (resume != "auto" && resume != "none") {
    std::string beside = keptPath(folderOf(resume));
    if (fs::exists(beside))
      return Executable::open(beside);
  }
  // Better now than after a minute of compiling.
  if (auto given = settings.modelOptions.find("batch");
      given != settings.modelOptions.end())
    BCSSL_RETURN_IF_ERROR(checkDataSize(
        images, std::strtoll(given->second.c_str(), nullptr, 10)));
  std::string kept = keptPath(settings.train.output);
  BCSSL_RETURN_IF_ERROR(compileModel(settings, device, kept));
  return Executable::open(kept);
}

Result<std::shared_ptr<const Executable>>
runProgram(const TrainCommand &command, const Device &device, int64_t images) {
  bool used = !listCheckpoints(command.settings.train.output).empty();
  BCSSL_ASSIGN_OR_RETURN(executable,
                         used ? keptProgram(command)
                              : newProgram(command.settings, device, images));
  BCSSL_RETURN_IF_ERROR(checkProperties(command, *executable));
  return executable;
}

Status keepProgram(const Executable &executable, const std::string &output) {
  std::string kept = keptPath(output);
  std::error_code code;
  if (fs::equivalent(executable.file(), kept, code))
    return {};
  // The largest file that Executable::open takes.
  constexpr uint64_t most = (uint64_t{1} << 31) - 1;
  BCSSL_ASSIGN_OR_RETURN(bytes, readFile(executable.file(), most));
  return writeFileAtomically(kept, bytes);
}

} // namespace bcssl
