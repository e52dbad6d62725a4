//===- Verify.h - what the values must mean ---------------------*- C++ -*-===//
//
// The rules that make a decoded file safe to run, apart from its machine code:
//
//   * names are printable, not empty, and unique where they are looked up;
//   * shapes have at most 8 dimensions of at least 1 and do not overflow;
//   * variables and ports lie in their blocks, aligned to 64, without overlap;
//   * a published form is a reordering of the stored one;
//   * a copied variable has an earlier source of the same type and form;
//   * a launch names a kernel, gives it as many slots as it takes, and has
//     between 1 and 2^31 tiles;
//   * slots are multiples of 4, not empty, and end inside their space;
//   * a copy has two slots of equal size that do not overlap;
//   * a target of CPUs has one image; each target and format of GPUs has one
//     launch table, which says how each kernel starts: 1 to 2^31 - 1 blocks of
//     1 to 1024 threads with at most 227 KiB of dynamic shared memory;
//   * tensor maps, at most 16 a kernel, keep the limits of the driver and end
//     inside the slot, at a multiple of 16, of every launch;
//   * the hash of every image is right.
//
// Errors: "executable-variable", "executable-program", "executable-kernel",
// "executable-image", "executable-hash", "executable-limits".
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_EXECUTABLE_VERIFY_H
#define BCSSL_RUNTIME_EXECUTABLE_VERIFY_H

#include "runtime/base/Status.h"
#include "runtime/executable/Contents.h"

namespace bcssl::artifact {

/// The most bytes of one block: state, an arena, a program's inputs or outputs.
inline constexpr uint64_t maxBlockBytes = uint64_t{1} << 46;

/// The alignment of variables and ports.
inline constexpr uint64_t tensorAlignment = 64;

/// Checks all rules but the hashes of images.
Status verify(const Contents &contents);

/// Checks the hashes of images, which reads all their bytes.
Status verifyImages(const Contents &contents);

} // namespace bcssl::artifact

#endif // BCSSL_RUNTIME_EXECUTABLE_VERIFY_H
