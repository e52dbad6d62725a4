//===- Digest.cpp - 128-bit checksums -------------------------------------===//

#include "runtime/train/Digest.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <vector>

namespace bcssl {

std::string Digest::hex() const {
  char text[33];
  std::snprintf(text, sizeof(text), "%016llx%016llx",
                static_cast<unsigned long long>(high),
                static_cast<unsigned long long>(low));
  return text;
}

struct DigestStream::State {
  XXH3_state_t value;
};

DigestStream::DigestStream() : state(std::make_unique<State>()) {
  XXH3_128bits_reset(&state->value);
}

DigestStream::~DigestStream() = default;

void DigestStream::add(std::span<const std::byte> bytes) {
  XXH3_128bits_update(&state->value, bytes.data(), bytes.size());
}

void DigestStream::add(std::string_view text) {
  add(std::as_bytes(std::span(text.data(), text.size())));
}

Digest DigestStream::value() const {
  XXH128_hash_t hash = XXH3_128bits_digest(&state->value);
  return {hash.low64, hash.high64};
}

Result<Digest> digestFile(const std::string &path) {
  int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    return Error{ExitCode::NoInput, "file-open",
                 std::string("cannot open: ") + std::strerror(errno), path};
  DigestStream stream;
  std::vector<std::byte> buffer(1 << 20);
  ssize_t count;
  while ((count = read(descriptor, buffer.data(), buffer.size())) != 0) {
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0) {
      Error error{ExitCode::Io, "file-read",
                  std::string("cannot read: ") + std::strerror(errno), path};
      close(descriptor);
      return error;
    }
    stream.add(std::span(buffer).first(static_cast<size_t>(count)));
  }
  close(descriptor);
  return stream.value();
}

} // namespace bcssl
