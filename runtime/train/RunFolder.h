//===- RunFolder.h - the output folder of a run -----------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_TRAIN_RUNFOLDER_H
#define BCSSL_RUNTIME_TRAIN_RUNFOLDER_H

#include "runtime/base/Status.h"

#include <string>

namespace bcssl {

/// Holds a folder for this process: two runs that write the same checkpoints
/// would destroy each other. The lock goes with the process, however it ends.
class FolderLock {
public:
  /// Creates the folder where it is missing. Errors: "directory-create",
  /// "output-busy" (CannotCreate).
  static Result<FolderLock> take(const std::string &folder);

  FolderLock(FolderLock &&other) noexcept;
  FolderLock &operator=(FolderLock &&) = delete;
  ~FolderLock();

private:
  explicit FolderLock(int descriptor) : descriptor(descriptor) {}
  int descriptor;
};

/// The folder that a named checkpoint lies in, as an absolute path.
std::string folderOf(const std::string &checkpoint);

/// Whether `path`, a checkpoint that was named, lies in `folder` itself.
bool isCheckpointOf(const std::string &folder, const std::string &path);

/// Whether a run may write its checkpoints there: the folder holds none, or
/// `resume` ("auto", "none" or a checkpoint) goes on with them.
/// Errors: "output-used" (Usage).
Status checkFolderUse(const std::string &folder, const std::string &resume);

/// Draws `curve.png` of a folder from its `log.txt`: the training loss, the
/// teacher's entropy, and k-NN accuracy where lines have a number "knn".
/// A folder without a log gets none. Errors: those of writePng.
Status drawRunCurves(const std::string &folder);

} // namespace bcssl

#endif // BCSSL_RUNTIME_TRAIN_RUNFOLDER_H
