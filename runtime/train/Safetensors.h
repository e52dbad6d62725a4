//===- Safetensors.h - the exchange format of weights -----------*- C++ -*-===//
//
// Reads and writes safetensors files (github.com/huggingface/safetensors):
// 8 bytes little-endian header length, a JSON header, then the tensors' bytes
// without gaps. A file is hostile data: nothing in it is trusted until open()
// has accepted it, and what the reference refuses is refused here too, as are
// duplicate names. The writer's files equal the reference writer's byte for
// byte.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_TRAIN_SAFETENSORS_H
#define BCSSL_RUNTIME_TRAIN_SAFETENSORS_H

#include "runtime/base/Status.h"
#include "runtime/train/Digest.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bcssl {

/// Element types, in the reference's order (its writer puts the last first).
enum class TensorType : uint8_t { U8, BF16, I32, F32, F64, I64 };

/// "F32" and so on, as the header spells it.
std::string_view typeName(TensorType type);
/// Bytes of one element.
uint64_t typeSize(TensorType type);

/// A tensor in a file: row-major, little-endian.
struct TensorInfo {
  std::string name;
  TensorType type = TensorType::F32;
  std::vector<int64_t> shape; ///< empty: a scalar
  uint64_t offset = 0;        ///< bytes from the start of the file
  uint64_t bytes = 0;
};

/// An open file whose header has been checked.
class SafetensorsReader {
public:
  /// Most bytes of a header, as in the reference.
  static constexpr uint64_t maxHeader = 100'000'000;
  static constexpr size_t maxRank = 16;

  /// Opens a file and checks header, shapes, and that the tensors cover the
  /// data exactly. Errors: "file-open" (NoInput), "file-read" (Io),
  /// "safetensors-..." (BadData).
  static Result<SafetensorsReader> open(const std::string &path);

  SafetensorsReader(SafetensorsReader &&other) noexcept;
  SafetensorsReader &operator=(SafetensorsReader &&) = delete;
  ~SafetensorsReader();

  /// All tensors in the order of their data.
  std::span<const TensorInfo> tensors() const { return infos; }
  /// The tensor of that name, or null.
  const TensorInfo *find(std::string_view name) const;
  const std::map<std::string, std::string> &metadata() const { return texts; }
  const std::string &path() const { return file; }

  /// Reads a whole tensor; `out` has exactly `info.bytes` bytes.
  /// Errors: "file-read", "safetensors-truncated" (the file shrank).
  Status read(const TensorInfo &info, std::span<std::byte> out) const;

private:
  SafetensorsReader(std::string file, int descriptor)
      : file(std::move(file)), descriptor(descriptor) {}

  Status readHeader();
  Status readAt(uint64_t offset, std::span<std::byte> out) const;

  std::string file;
  int descriptor;
  std::vector<TensorInfo> infos;
  std::vector<uint32_t> byName; ///< indices into infos, sorted by name
  std::map<std::string, std::string> texts;
};

/// A tensor to be written. `fill` is called once, in the order of the file,
/// with a buffer of the tensor's size.
struct TensorSource {
  std::string name;
  TensorType type = TensorType::F32;
  std::vector<int64_t> shape;
  std::function<Status(std::span<std::byte> out)> fill;
};

/// Writes a file atomically, one tensor in memory at a time, and returns the
/// digest of its bytes. Errors: those of AtomicFile and of `fill`,
/// "safetensors-duplicate" (Internal) for two tensors of one name.
Result<Digest>
writeSafetensors(const std::string &path, std::vector<TensorSource> tensors,
                 const std::map<std::string, std::string> &metadata = {});

/// Number of elements of a shape, or nothing where a dimension is negative or
/// the product overflows.
std::optional<uint64_t> elementCount(std::span<const int64_t> shape);

/// A name from a file in quotes, shortened, with control bytes spelled out, so
/// that it can be printed.
std::string quoteName(std::string_view name);

} // namespace bcssl

#endif // BCSSL_RUNTIME_TRAIN_SAFETENSORS_H
