//===- Faults.h - calls that are told to fail -------------------*- C++ -*-===//

#ifndef BCSSL_TOOLS_SIMT_DRIVER_FAULTS_H
#define BCSSL_TOOLS_SIMT_DRIVER_FAULTS_H

#include "tools/simt/driver/Cuda.h"

#include <optional>
#include <string>

namespace bcssl::simt {

/// One call that fails: "7" (the seventh of all), "cuLaunchKernel:3" (the third
/// of its name), each with "=700" behind it for the result; else memory is out
/// where a function allocates, and the error is unknown elsewhere.
class Faults {
public:
  /// The words of BCSSL_SIMT_FAIL; null or empty: nothing fails.
  explicit Faults(const char *words);

  /// Counts a call; the result it must fail with, if it is the one.
  std::optional<CUresult> next(const std::string &function);
  /// What is wrong with the words, or nothing.
  const std::string &problem() const { return words; }

private:
  std::string function; ///< empty: any
  uint64_t number = 0;  ///< 0: none
  std::optional<CUresult> result;
  uint64_t calls = 0;
  std::string words;
};

} // namespace bcssl::simt

#endif // BCSSL_TOOLS_SIMT_DRIVER_FAULTS_H
