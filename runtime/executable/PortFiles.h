//===- PortFiles.h - .npy files for a program's ports -----------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_EXECUTABLE_PORTFILES_H
#define BCSSL_RUNTIME_EXECUTABLE_PORTFILES_H

#include "runtime/base/Status.h"
#include "runtime/executable/Contents.h"

namespace bcssl {

/// A file that stands for one port of a program.
struct PortFile {
  const artifact::Port *port;
  std::string path;
};

/// Reads "name=path" words, or "path" words that go to the ports in order.
/// `kind` ("input", "output") stands in messages. A port may be named once.
/// Errors: "no-such-input", "no-such-output", "port-twice" (Usage).
Result<std::vector<PortFile>>
assignPorts(const std::vector<std::string> &words,
            const std::vector<artifact::Port> &ports, const std::string &kind);

/// Reads an array for a port: the same shape, and f4 or f8 for floating-point
/// ports, i4 for whole numbers. Errors: those of readNpy(), "port-type",
/// "port-shape" (BadData).
Result<std::vector<std::byte>> readPort(const artifact::Port &port,
                                        const std::string &path);

/// Writes a port's elements, bf16 as f4. Errors: those of writeNpy().
Status writePort(const artifact::Port &port, std::span<const std::byte> bytes,
                 const std::string &path);

/// How far elements are from expected ones, as numpy.allclose counts it: an
/// element is close if |got - expected| <= atol + rtol * |expected|; equal
/// infinities are close, NaN never is.
struct Comparison {
  uint64_t elements = 0;
  uint64_t wrong = 0;         ///< elements that are not close
  double largestAbsolute = 0; ///< difference, infinite where one is not finite
  double largestRelative = 0; ///< to the expected value, where that is not 0
  uint64_t firstWrong = 0;    ///< index, if any is wrong
  double got = 0;             ///< value there
  double expected = 0;

  /// One line for people.
  std::string text() const;
};

/// Compares a port's elements with a file. Errors: those of readPort().
Result<Comparison> comparePort(const artifact::Port &port,
                               std::span<const std::byte> bytes,
                               const std::string &path, double rtol,
                               double atol);

/// The element `index` of a port as a number.
double portElement(const artifact::Port &port, std::span<const std::byte> bytes,
                   uint64_t index);

/// "f32 [2, 3]".
std::string typeText(DataType type, const artifact::Shape &shape);

} // namespace bcssl

#endif // BCSSL_RUNTIME_EXECUTABLE_PORTFILES_H
