//===- TemporaryDirectory.cpp ---------------------------------------------===//

#include "test/runtime/train/MemoryState.h"

#include <cstdlib>
#include <filesystem>

namespace bcssl {

TemporaryDirectory::TemporaryDirectory() {
  char name[] = "/tmp/bcssl-train-XXXXXX";
  path = mkdtemp(name);
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

} // namespace bcssl
