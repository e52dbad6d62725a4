//===- VerifyDetail.h - parts of the verifier -------------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_EXECUTABLE_VERIFYDETAIL_H
#define BCSSL_RUNTIME_EXECUTABLE_VERIFYDETAIL_H

#include "runtime/executable/Verify.h"

#include <string_view>

namespace bcssl::artifact::detail {

/// What is being checked: the error's identifier and how messages begin.
struct Place {
  const char *id;
  std::string name; ///< "variable "a.b"", grows on the way down

  Place inside(const std::string &part) const {
    return {id, name + ": " + part};
  }
  /// The error at this place.
  Error fails(const std::string &message) const;
};

/// A printable ASCII name of 1 to 512 bytes; it is quoted in messages, so it is
/// checked before anything else about its owner.
Status checkName(const Place &place, const std::string &name);

/// A shape whose bytes can be counted.
Status checkShape(const Place &place, const Shape &shape, DataType type);

/// A piece of a block that some tensor takes.
struct Extent {
  uint64_t offset;
  uint64_t bytes;
  const std::string *name;
};

/// That the extent is aligned and lies inside a block of `size` bytes.
Status checkExtent(const Place &place, const Extent &extent, uint64_t size);

/// That no two extents overlap.
Status checkDisjoint(const Place &place, std::vector<Extent> extents);

Status verifyVariables(const Contents &contents);
Status verifyProgram(const Contents &contents, const Program &program);
Status verifyLaunchTables(const Contents &contents);
/// That tensor maps fit the slots of all launches, which are right otherwise.
Status verifyMappedSlots(const Contents &contents);

} // namespace bcssl::artifact::detail

#endif // BCSSL_RUNTIME_EXECUTABLE_VERIFYDETAIL_H
