//===- NpyFile.h - tensors of the reference as .npy files -------*- C++ -*-===//
//
// NumPy's array file, versions 1.0 to 3.0: row-major little-endian float64,
// float32 and int32 of any rank.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_TEST_REFERENCE_NPYFILE_H
#define BCSSL_TEST_REFERENCE_NPYFILE_H

#include "runtime/base/Status.h"
#include "test/reference/Tensor.h"

#include <string>

namespace bcssl::reference {

/// Reads an array; every element type becomes float64. Errors: those of
/// readFile, "npy-header", "npy-type", "npy-size" (BadData).
Result<Tensor> readNpy(const std::string &path);

enum class NpyType { Float64, Int32 };

/// Writes an array. Errors: those of writeFileAtomically.
Status writeNpy(const std::string &path, const Tensor &tensor, NpyType type);

} // namespace bcssl::reference

#endif // BCSSL_TEST_REFERENCE_NPYFILE_H
