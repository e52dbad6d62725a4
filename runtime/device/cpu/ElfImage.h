//===- ElfImage.h - machine code from memory --------------------*- C++ -*-===//
//
// Loads an ELF shared object from bytes without a file on disk. The checks
// before loading catch wrong and damaged images: the object must be for x86-64,
// complete in itself (no library that it needs, no symbol that it lacks), and
// must run nothing when it is loaded. They do not make foreign code safe:
// machine code is trusted by whoever opens the file.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_DEVICE_CPU_ELFIMAGE_H
#define BCSSL_RUNTIME_DEVICE_CPU_ELFIMAGE_H

#include "runtime/base/Status.h"

#include <cstddef>
#include <span>
#include <string>

namespace bcssl {

/// Checks structure and imports. Errors: "image-invalid".
Status checkElfImage(std::span<const std::byte> image);

/// A loaded shared object, unloaded by the destructor.
class ElfImage {
public:
  /// Errors: "image-invalid", "image-load".
  static Result<ElfImage> load(std::span<const std::byte> image);

  ElfImage(ElfImage &&other) noexcept : handle(other.handle) {
    other.handle = nullptr;
  }
  ElfImage &operator=(ElfImage &&) = delete;
  ~ElfImage();

  /// The address of an exported function. Errors: "image-symbol".
  Result<void *> find(const std::string &symbol) const;

private:
  explicit ElfImage(void *handle) : handle(handle) {}
  void *handle;
};

} // namespace bcssl

#endif // BCSSL_RUNTIME_DEVICE_CPU_ELFIMAGE_H
