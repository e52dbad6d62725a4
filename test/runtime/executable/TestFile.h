//===- TestFile.h - small .bcx files made by hand ---------------*- C++ -*-===//

#ifndef BCSSL_TEST_RUNTIME_EXECUTABLE_TESTFILE_H
#define BCSSL_TEST_RUNTIME_EXECUTABLE_TESTFILE_H

#include "runtime/executable/Contents.h"

namespace bcssl {

/// A file with variables of all kinds, and two programs on the kernels of
/// test/runtime/device/images/kernels.c:
///
///   step(x[1024], rate[1]) -> loss[1], y[1024]:
///     loss = sum x; w -= rate * loss; y = 2 x; w is copied to "echo"[64]
///   scale(x[32]) -> y[32]: y = 4 x through the arena
artifact::Contents goodContents(std::span<const std::byte> image);

/// The same with an image for GPUs, the kernels of images/gpu.c.
artifact::Contents gpuContents(std::span<const std::byte> image,
                               const std::string &target,
                               const std::string &format);

/// A map of the second argument of kernel 0, whose slot it fills.
artifact::KernelTensorMap someTensorMap();

/// The bytes of a file. Hashes of images are computed, unless `keepHashes`. In
/// minor version 0 each image has a geometry, that of the launch table with its
/// number, or of the last.
std::vector<std::byte> encode(const artifact::Contents &contents,
                              bool keepHashes = false);

} // namespace bcssl

#endif // BCSSL_TEST_RUNTIME_EXECUTABLE_TESTFILE_H
