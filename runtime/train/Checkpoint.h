//===- Checkpoint.h - directories that hold a whole state -------*- C++ -*-===//
//
// A checkpoint is a directory
//
//   checkpoint_0000123/
//     model.safetensors   student, teacher or model, under PyTorch's names
//     optim.safetensors   everything else: moments, counters, centers
//     state.json          step, seed, program, data, and each file's digest
//
// It is written under a hidden temporary name, every file is synced, and one
// rename puts the whole directory in place; so a checkpoint is there completely
// or not at all, whatever kills the writer. The link `checkpoint` follows the
// newest one.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_TRAIN_CHECKPOINT_H
#define BCSSL_RUNTIME_TRAIN_CHECKPOINT_H

#include "runtime/train/RunState.h"
#include "runtime/train/StateAccess.h"

#include <vector>

namespace bcssl {

/// Names of the files in a checkpoint.
inline constexpr std::string_view modelFileName = "model.safetensors";
inline constexpr std::string_view optimFileName = "optim.safetensors";
inline constexpr std::string_view stateFileName = "state.json";

/// Which old checkpoints stay.
struct KeepPolicy {
  int64_t newest = 3;     ///< so many of the newest; 0: all
  int64_t everySteps = 0; ///< and those at multiples of this step; 0: none
};

struct CheckpointEntry {
  int64_t step = 0;
  std::string path;
};

/// Whether a variable belongs into model.safetensors: it is part of the
/// `student`, the `teacher` or the `model`.
bool isModelVariable(std::string_view name);

/// Complete checkpoints in a directory, the oldest first. A missing directory
/// has none.
std::vector<CheckpointEntry> listCheckpoints(const std::string &directory);

/// Reads state.json and compares every file's size and digest with it.
/// Errors: "checkpoint-state", "checkpoint-damaged" (BadData), "file-..." .
Result<RunState> verifyCheckpoint(const std::string &path);

/// Verifies a checkpoint and loads all of it. Names, types and shapes must
/// match one to one. Errors: those of verifyCheckpoint, "checkpoint-names"
/// (BadData), those of SafetensorsReader.
Result<RunState> loadCheckpoint(const std::string &path, StateAccess &state);

/// Loads only the variables of the model files whose name starts with
/// `prefix` (all for ""); other tensors of the file are ignored. `path` is a
/// checkpoint, a directory of checkpoints (the newest counts) or one
/// safetensors file.
Status loadWeights(const std::string &path, StateAccess &state,
                   std::string_view prefix = "");

/// The checkpoints of one run.
class CheckpointStore {
public:
  /// Opens or creates a directory and removes temporary directories that a
  /// killed writer left there. Errors: "directory-create" (CannotCreate).
  static Result<CheckpointStore> open(const std::string &directory,
                                      KeepPolicy keep = {});

  /// Whether the disk could take one more checkpoint now.
  /// Errors: "disk-full" (Io) with needed and free bytes.
  Status checkSpace(const StateAccess &state) const;

  /// Writes a checkpoint for `run.step` and then removes old ones, among which
  /// are none of later steps. Returns what was written, digests included. On
  /// any error the older checkpoints stay as they are.
  /// Errors: "disk-full" and others of AtomicFile (Io, CannotCreate).
  Result<RunState> save(StateAccess &state, RunState run);

  /// Writes `checkpoint_NAME` beside the numbered ones, for a look afterwards;
  /// it is neither resumed from nor removed.
  Result<RunState> saveAs(const std::string &name, StateAccess &state,
                          RunState run);

  /// Loads the newest checkpoint that is whole. A damaged one is passed over
  /// with a line in `notes`; one that does not fit the program is an error.
  /// Gives nothing where there is no checkpoint.
  /// Errors: "checkpoint-names", "checkpoint-damaged" where all are damaged,
  /// those of the device that takes the variables.
  Result<std::optional<RunState>> loadNewest(StateAccess &state,
                                             std::vector<std::string> &notes);

  /// Renames the checkpoints of later steps to `checkpoint_0000020.aside` (or
  /// `.aside-2` and so on): a run that goes back to `step` takes those steps
  /// again, and neither resumes from them nor counts them as its newest. Gives
  /// the new paths. Errors: "file-write" (Io).
  Result<std::vector<std::string>> setAside(int64_t step);

  /// Never removes the checkpoint of this step, however old it becomes.
  void protect(int64_t step) { kept = step; }

  /// Where the checkpoint of a step lies.
  std::string pathOf(int64_t step) const;

private:
  CheckpointStore(std::string folder, KeepPolicy keep)
      : folder(std::move(folder)), keep(keep) {}

  Result<RunState> write(const std::string &name, StateAccess &state,
                         RunState run);
  void linkTo(const std::string &name) const;
  void removeOld(int64_t written);

  std::string folder;
  KeepPolicy keep;
  int64_t kept = -1; ///< the protected step
};

} // namespace bcssl

#endif // BCSSL_RUNTIME_TRAIN_CHECKPOINT_H
