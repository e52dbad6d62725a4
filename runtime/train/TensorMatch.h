//===- TensorMatch.h - do these weights fit ---------------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_TRAIN_TENSORMATCH_H
#define BCSSL_RUNTIME_TRAIN_TENSORMATCH_H

#include "runtime/train/Safetensors.h"

namespace bcssl {

/// A tensor that a program expects to find.
struct ExpectedTensor {
  std::string name;
  TensorType type = TensorType::F32;
  std::vector<int64_t> shape;
};

/// How a file differs from what is expected.
struct TensorMatch {
  std::vector<std::string> missing;    ///< expected, not in the file
  std::vector<std::string> unexpected; ///< in the file, not expected
  std::vector<std::string> different;  ///< "'x' is F32 [3, 4], expects ..."

  bool fits() const {
    return missing.empty() && unexpected.empty() && different.empty();
  }
  /// One line: the numbers, the first few names of each kind, and for missing
  /// names the most similar unexpected ones.
  std::string text() const;
};

TensorMatch matchTensors(std::span<const ExpectedTensor> expected,
                         const SafetensorsReader &file);

/// "F32 [3, 4]".
std::string tensorText(TensorType type, std::span<const int64_t> shape);

} // namespace bcssl

#endif // BCSSL_RUNTIME_TRAIN_TENSORMATCH_H
