//===- Programs.h - small functions that cover every rule -------*- C++ -*-===//
//
// Programs that the gradient and expansion tests run: each is one function @f
// in float64, most hold one operation on shapes that tend to break a rule (size
// 1, odd sizes, kernels larger than the map). Attributes of arguments say what
// is fed in:
//
//   test.range = array<f64: low, high>   uniform values, default [-1, 1);
//                                        required for integers, rounded down
//   test.constant                        no gradient is asked for
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_TEST_REFERENCE_PROGRAMS_H
#define BCSSL_TEST_REFERENCE_PROGRAMS_H

#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace bcssl::reference {

struct Program {
  std::string name; ///< letters, digits and underscores
  std::string text; ///< MLIR
};

inline std::ostream &operator<<(std::ostream &stream, const Program &program) {
  return stream << program.name;
}

/// A function @f. `types` gives aliases their shapes ("x", "2x3"), so that one
/// body serves many shapes; `function` is its signature and body.
Program
makeProgram(std::string name,
            const std::vector<std::pair<std::string, std::string>> &types,
            const std::string &function);

// By family of operations, one file each. All but the last are differentiable.
std::vector<Program> convPrograms();
std::vector<Program> contractPrograms();
std::vector<Program> normPrograms();
std::vector<Program> pointwisePrograms();
std::vector<Program> lossPrograms();
std::vector<Program> modelPrograms();
std::vector<Program> updatePrograms();

/// All programs whose gradient exists.
std::vector<Program> differentiablePrograms();

/// All programs, the update rules and fixed gradients included.
std::vector<Program> allPrograms();

} // namespace bcssl::reference

#endif // BCSSL_TEST_REFERENCE_PROGRAMS_H
