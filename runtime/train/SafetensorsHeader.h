//===- SafetensorsHeader.h - the JSON header --------------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_TRAIN_SAFETENSORSHEADER_H
#define BCSSL_RUNTIME_TRAIN_SAFETENSORSHEADER_H

#include "runtime/train/Safetensors.h"

namespace bcssl {

/// What a header says, before it has been compared with the file.
struct SafetensorsHeader {
  std::vector<TensorInfo> tensors; ///< offsets relative to the data, unsorted
  std::map<std::string, std::string> metadata;
};

/// Parses header text. Depth, rank and numbers are limited; unknown fields,
/// unknown types and duplicate keys are errors. Sizes agree with shapes in the
/// result. Errors: "safetensors-header", "safetensors-duplicate",
/// "safetensors-type", "safetensors-shape", "safetensors-offsets" (BadData);
/// their offset counts from the start of `text`.
Result<SafetensorsHeader> parseSafetensorsHeader(std::string_view text);

/// Writes the header for tensors in this order, padded to 8 bytes.
std::string
formatSafetensorsHeader(std::span<const TensorInfo> tensors,
                        const std::map<std::string, std::string> &metadata);

} // namespace bcssl

#endif // BCSSL_RUNTIME_TRAIN_SAFETENSORSHEADER_H
