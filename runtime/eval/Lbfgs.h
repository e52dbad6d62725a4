//===- Lbfgs.h - limited-memory quasi-Newton minimization -------*- C++ -*-===//
//
// L-BFGS with a line search for the strong Wolfe conditions (Nocedal and
// Wright, "Numerical Optimization", algorithms 3.5, 3.6 and 7.5). For smooth
// functions of a few thousand to a few million variables.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_EVAL_LBFGS_H
#define BCSSL_RUNTIME_EVAL_LBFGS_H

#include <functional>
#include <span>
#include <vector>

namespace bcssl {

/// Returns the value at `point` and writes the gradient there.
using SmoothFunction = std::function<double(std::span<const double> point,
                                            std::span<double> gradient)>;

struct LbfgsOptions {
  int iterations = 100;
  int evaluations = 125; ///< of the function, at most, over all iterations
  int history = 10;      ///< pairs of steps that shape the next direction
  double gradientTolerance = 1e-7; ///< stops at this largest component
  double changeTolerance = 1e-9;   ///< stops at this change of point or value
};

struct LbfgsResult {
  double value = 0;
  int iterations = 0;
  int evaluations = 0;
};

/// Minimizes `function` from `point`, which becomes the best point found.
LbfgsResult minimize(const SmoothFunction &function, std::vector<double> &point,
                     const LbfgsOptions &options);

} // namespace bcssl

#endif // BCSSL_RUNTIME_EVAL_LBFGS_H
