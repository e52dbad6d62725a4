//===- CubinCache.h - machine code that was assembled before ----*- C++ -*-===//

#ifndef BCSSL_PASSES_TARGET_CUBINCACHE_H
#define BCSSL_PASSES_TARGET_CUBINCACHE_H

#include "passes/target/Ptxas.h"

#include <optional>
#include <string>

namespace bcssl {

/// A folder of what ptxas made, by the hash of what it was given. Entries
/// appear whole or not at all, damaged ones count as absent, and where nothing
/// can be written nothing is kept: a cache changes no result.
class CubinCache {
public:
  /// A cache in `directory`, which need not exist; none where it is empty.
  explicit CubinCache(std::string directory)
      : directory(std::move(directory)) {}

  /// BCSSL_CACHE_DIR, else bcssl in XDG_CACHE_HOME or in ~/.cache; empty where
  /// there is no home either.
  static std::string defaultDirectory();

  /// The name of an entry: a hash of all `parts` and their borders.
  static std::string keyOf(llvm::ArrayRef<llvm::StringRef> parts);

  std::optional<Cubin> find(llvm::StringRef key) const;
  void store(llvm::StringRef key, const Cubin &cubin) const;

private:
  std::string pathOf(llvm::StringRef key) const;

  std::string directory;
};

} // namespace bcssl

#endif // BCSSL_PASSES_TARGET_CUBINCACHE_H
