//===- Decode.h - from file bytes to plain values ---------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_EXECUTABLE_DECODE_H
#define BCSSL_RUNTIME_EXECUTABLE_DECODE_H

#include "runtime/base/Status.h"
#include "runtime/executable/Contents.h"

namespace bcssl::artifact {

/// The format that this runtime reads: every minor version of this major one.
inline constexpr uint32_t formatMajor = 1;

/// Checks that `bytes` (aligned to 16) hold a well-formed flatbuffer of our
/// kind and version, and copies its tables. Tables that share memory in the
/// file are copied once each, so the sum of all copies is limited. What the
/// values mean is not looked at; that is verify()'s part. Images point into
/// `bytes`. Errors: "executable-kind", "executable-structure",
/// "executable-version", "executable-limits".
Result<Contents> decode(std::span<const std::byte> bytes);

} // namespace bcssl::artifact

#endif // BCSSL_RUNTIME_EXECUTABLE_DECODE_H
