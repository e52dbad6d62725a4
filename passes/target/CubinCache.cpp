//===- CubinCache.cpp - machine code that was assembled before ------------===//

#include "passes/target/CubinCache.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace llvm;

namespace bcssl {

/// An entry: this word, the hash of the rest in 32 digits, the length of the
/// notes in 8 bytes, the notes, the cubin.
static constexpr StringLiteral magic = "BCSSLCU1";
static constexpr size_t hashDigits = 32, lengthBytes = 8;

static std::string hashText(StringRef bytes) {
  XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return utohexstr(hash.high64, /*LowerCase=*/true, /*Width=*/16) +
         utohexstr(hash.low64, /*LowerCase=*/true, /*Width=*/16);
}

std::string CubinCache::defaultDirectory() {
  if (auto named = sys::Process::GetEnv("BCSSL_CACHE_DIR"))
    return *named;
  SmallString<128> path;
  if (auto caches = sys::Process::GetEnv("XDG_CACHE_HOME");
      caches && sys::path::is_absolute(*caches)) {
    path = *caches;
  } else {
    if (!sys::path::home_directory(path))
      return "";
    sys::path::append(path, ".cache");
  }
  sys::path::append(path, "bcssl");
  return path.str().str();
}

std::string CubinCache::keyOf(ArrayRef<StringRef> parts) {
  std::string text;
  for (StringRef part : parts)
    text += std::to_string(part.size()) + ":" + part.str();
  return hashText(text);
}

std::string CubinCache::pathOf(StringRef key) const {
  SmallString<128> path(directory);
  sys::path::append(path, key + ".cubin");
  return path.str().str();
}

std::optional<Cubin> CubinCache::find(StringRef key) const {
  if (directory.empty())
    return std::nullopt;
  auto file = MemoryBuffer::getFile(pathOf(key));
  if (!file)
    return std::nullopt;
  StringRef bytes = (*file)->getBuffer();
  if (!bytes.consume_front(magic) || bytes.size() < hashDigits + lengthBytes)
    return std::nullopt;
  StringRef hash = bytes.take_front(hashDigits);
  bytes = bytes.drop_front(hashDigits);
  if (hash != hashText(bytes))
    return std::nullopt;
  uint64_t length = support::endian::read64le(bytes.data());
  bytes = bytes.drop_front(lengthBytes);
  if (length > bytes.size())
    return std::nullopt;
  return Cubin{bytes.drop_front(length).str(), bytes.take_front(length).str()};
}

void CubinCache::store(StringRef key, const Cubin &cubin) const {
  if (directory.empty() || sys::fs::create_directories(directory))
    return;
  std::string rest(lengthBytes, '\0');
  support::endian::write64le(rest.data(), cubin.notes.size());
  rest += cubin.notes + cubin.bytes;
  // Under another name first: a reader never sees half an entry.
  std::string path = pathOf(key);
  SmallString<128> temporary;
  int descriptor;
  if (sys::fs::createUniqueFile(path + ".%%%%%%%%", descriptor, temporary))
    return;
  FileRemover remover(temporary);
  raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
  stream << magic << hashText(rest) << rest;
  stream.close();
  bool isWritten = !stream.has_error();
  stream.clear_error(); // else its destructor ends the program
  if (isWritten && !sys::fs::rename(temporary, path))
    remover.releaseFile();
}

} // namespace bcssl
