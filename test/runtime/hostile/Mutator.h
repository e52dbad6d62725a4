//===- Mutator.h - damaged copies of sound files ----------------*- C++ -*-===//
//
// A deterministic source of hostile input: mutant `number` of a file is always
// the same. The environment variable BCSSL_MUTANTS sets how many each test
// makes (500 without it and at least; nightly runs take 20000).
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_TEST_RUNTIME_HOSTILE_MUTATOR_H
#define BCSSL_TEST_RUNTIME_HOSTILE_MUTATOR_H

#include "TestFiles.h"

#include "runtime/base/Philox.h"

namespace bcssl::test {

/// How many mutants a test makes.
int mutantCount();

/// Changes a file in one to four random places: truncations, flipped bits,
/// extreme numbers, deleted, repeated and foreign stretches.
class Mutator {
public:
  explicit Mutator(uint32_t number) : random(20231, 13, number) {}

  Bytes mutate(Bytes file);
  /// A whole number from 0 to `count` - 1.
  size_t below(size_t count) {
    return static_cast<size_t>(uint64_t{random.bits()} * count >> 32);
  }
  /// Writes a number that parsers stumble over, big-endian, 1 to 4 bytes.
  void putExtreme(Bytes &file, size_t at);

private:
  void mutateOnce(Bytes &file);

  Philox random;
};

/// Watches how much memory the process has resident at most.
class MemoryWatch {
public:
  MemoryWatch();
  /// Bytes by which the peak since then exceeds what was resident then.
  uint64_t growth() const;

private:
  uint64_t before;
};

} // namespace bcssl::test

#endif // BCSSL_TEST_RUNTIME_HOSTILE_MUTATOR_H
