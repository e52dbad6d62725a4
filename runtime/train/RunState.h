//===- RunState.h - where a run stands --------------------------*- C++ -*-===//
//
// The text beside the tensors of a checkpoint, `state.json`. Everything that a
// run needs to go on is a function of it, the tensors, the program and the
// data: no generator state is kept.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_TRAIN_RUNSTATE_H
#define BCSSL_RUNTIME_TRAIN_RUNSTATE_H

#include "runtime/base/Status.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace bcssl {

/// A file of a checkpoint, as it was when written.
struct CheckpointFile {
  uint64_t bytes = 0;
  std::string digest; ///< XXH3-128, hexadecimal
};

struct RunState {
  int64_t step = 0;     ///< steps done
  int64_t epoch = 0;    ///< whole epochs done
  int64_t position = 0; ///< images of the current epoch already used
  uint64_t seed = 0;
  std::string artifact; ///< XXH3-128 of the program file
  std::string data;     ///< what identifies the data set (size and names)
  std::string version;  ///< of bcssl
  std::string hash;     ///< XXH3-128 over all tensors; filled by save
  std::map<std::string, CheckpointFile> files; ///< filled by save
};

/// The text of `state.json`; two equal states give equal bytes.
std::string formatRunState(const RunState &state);

/// Reads it back. The text must be exactly what formatRunState writes for what
/// it says, so that any flipped bit is found.
/// Errors: "checkpoint-state" (BadData).
Result<RunState> parseRunState(std::string_view text);

} // namespace bcssl

#endif // BCSSL_RUNTIME_TRAIN_RUNSTATE_H
