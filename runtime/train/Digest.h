//===- Digest.h - 128-bit checksums -----------------------------*- C++ -*-===//
//
// XXH3-128 of streams of bytes: finds accidents (torn writes, flipped bits),
// not malice.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_TRAIN_DIGEST_H
#define BCSSL_RUNTIME_TRAIN_DIGEST_H

#include "runtime/base/Status.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace bcssl {

/// An XXH3-128 value.
struct Digest {
  uint64_t low = 0;
  uint64_t high = 0;

  /// 32 hexadecimal digits, high word first, as `xxh128sum` prints them.
  std::string hex() const;
  friend bool operator==(const Digest &, const Digest &) = default;
};

/// Computes the digest of bytes that arrive in pieces.
class DigestStream {
public:
  DigestStream();
  ~DigestStream();
  DigestStream(const DigestStream &) = delete;
  DigestStream &operator=(const DigestStream &) = delete;

  void add(std::span<const std::byte> bytes);
  void add(std::string_view text);

  /// The digest of everything added so far.
  Digest value() const;

private:
  struct State;
  std::unique_ptr<State> state;
};

/// The digest of a whole file. Errors: "file-open" (NoInput), "file-read" (Io).
Result<Digest> digestFile(const std::string &path);

} // namespace bcssl

#endif // BCSSL_RUNTIME_TRAIN_DIGEST_H
