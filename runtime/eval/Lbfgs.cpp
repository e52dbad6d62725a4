//===- Lbfgs.cpp - limited-memory quasi-Newton minimization ---------------===//

#include "runtime/eval/Lbfgs.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <numeric>

namespace bcssl {

namespace {

using Vector = std::vector<double>;

// The constants of the strong Wolfe conditions: the share of the promised
// decrease that a step must bring, and the share of the slope it may leave.
constexpr double sufficientDecrease = 1e-4;
constexpr double remainingSlope = 0.9;
constexpr int maximalTrials = 25;

double dot(const Vector &a, const Vector &b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

double largest(const Vector &values) {
  double result = 0;
  for (double value : values)
    result = std::max(result, std::abs(value));
  return result;
}

/// The function at one distance along the search direction.
struct Trial {
  double step = 0;
  double value = 0;
  double slope = 0;
  Vector gradient = {};
};

/// The minimum, within [low, high], of the cubic through values and slopes of
/// two trials; the middle where the cubic has none.
double cubicMinimum(const Trial &a, const Trial &b, double low, double high) {
  double d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.step - b.step);
  double square = d1 * d1 - a.slope * b.slope;
  if (!(square >= 0))
    return (low + high) / 2;
  double d2 = std::copysign(std::sqrt(square), b.step - a.step);
  double step = b.step - (b.step - a.step) * (b.slope + d2 - d1) /
                             (b.slope - a.slope + 2 * d2);
  return std::isfinite(step) ? std::clamp(step, low, high) : (low + high) / 2;
}

/// One search along a line.
class LineSearch {
public:
  LineSearch(const SmoothFunction &function, const Vector &origin,
             const Vector &direction, Trial start, int trials,
             double changeTolerance)
      : function(function), origin(origin), direction(direction),
        start(std::move(start)), trials(trials),
        smallest(changeTolerance / std::max(largest(direction), 1e-300)) {}

  /// Widens the interval until it holds a step that fulfils the conditions.
  Trial run(double step) {
    Trial previous = start;
    while (true) {
      Trial trial = evaluate(step);
      bool rises = used > 1 && trial.value >= previous.value;
      if (!decreases(trial) || rises)
        return zoom(std::move(previous), std::move(trial));
      if (isFlat(trial) || used >= trials)
        return trial;
      if (trial.slope >= 0)
        return zoom(std::move(trial), std::move(previous));
      double next = cubicMinimum(
          previous, trial, step + 0.01 * (step - previous.step), 10 * step);
      previous = std::move(trial);
      step = next;
    }
  }

  int evaluations() const { return used; }

private:
  Trial evaluate(double step) {
    ++used;
    Vector point(origin.size());
    for (size_t i = 0; i < point.size(); ++i)
      point[i] = origin[i] + step * direction[i];
    Trial trial{.step = step};
    trial.gradient.resize(point.size());
    trial.value = function(point, trial.gradient);
    trial.slope = dot(trial.gradient, direction);
    return trial;
  }

  bool decreases(const Trial &trial) const {
    return trial.value <=
           start.value + sufficientDecrease * trial.step * start.slope;
  }
  bool isFlat(const Trial &trial) const {
    return std::abs(trial.slope) <= -remainingSlope * start.slope;
  }

  /// Narrows the interval between `best`, which decreases enough, and `other`.
  Trial zoom(Trial best, Trial other) {
    while (used < trials && std::abs(other.step - best.step) > smallest) {
      auto [low, high] = std::minmax(best.step, other.step);
      // A tenth from either end, or the interval might hardly shrink.
      double margin = 0.1 * (high - low);
      Trial trial =
          evaluate(cubicMinimum(best, other, low + margin, high - margin));
      if (!decreases(trial) || trial.value >= best.value) {
        other = std::move(trial);
        continue;
      }
      if (isFlat(trial))
        return trial;
      if (trial.slope * (other.step - best.step) >= 0)
        other = std::move(best);
      best = std::move(trial);
    }
    return best;
  }

  const SmoothFunction &function;
  const Vector &origin;
  const Vector &direction;
  Trial start;
  int trials;
  double smallest;
  int used = 0;
};

/// The last steps and the changes of the gradient that they caused.
class History {
public:
  explicit History(size_t capacity) : capacity(capacity) {}

  void add(Vector step, Vector change) {
    double curvature = dot(step, change);
    // Without positive curvature the model would not stay convex.
    if (curvature <= 1e-10)
      return;
    if (pairs.size() == capacity)
      pairs.pop_front();
    scale = curvature / dot(change, change);
    pairs.push_back({std::move(step), std::move(change), 1 / curvature});
  }

  /// -H gradient, by the two-loop recursion.
  Vector direction(const Vector &gradient) const {
    Vector result(gradient.size());
    std::transform(gradient.begin(), gradient.end(), result.begin(),
                   std::negate<>());
    Vector alphas(pairs.size());
    for (size_t i = pairs.size(); i-- > 0;) {
      alphas[i] = pairs[i].inverse * dot(pairs[i].step, result);
      addScaled(result, -alphas[i], pairs[i].change);
    }
    for (double &value : result)
      value *= scale;
    for (size_t i = 0; i < pairs.size(); ++i) {
      double beta = pairs[i].inverse * dot(pairs[i].change, result);
      addScaled(result, alphas[i] - beta, pairs[i].step);
    }
    return result;
  }

  bool empty() const { return pairs.empty(); }

private:
  struct Pair {
    Vector step;
    Vector change;
    double inverse;
  };

  static void addScaled(Vector &target, double factor, const Vector &values) {
    for (size_t i = 0; i < target.size(); ++i)
      target[i] += factor * values[i];
  }

  size_t capacity;
  double scale = 1;
  std::deque<Pair> pairs;
};

} // namespace

LbfgsResult minimize(const SmoothFunction &function, Vector &point,
                     const LbfgsOptions &options) {
  Trial current;
  current.gradient.resize(point.size());
  current.value = function(point, current.gradient);
  LbfgsResult result{.value = current.value, .evaluations = 1};
  History history(options.history);

  while (result.iterations < options.iterations &&
         result.evaluations < options.evaluations &&
         largest(current.gradient) > options.gradientTolerance) {
    ++result.iterations;
    Vector direction = history.direction(current.gradient);
    current.step = 0;
    current.slope = dot(current.gradient, direction);
    if (current.slope > -options.changeTolerance)
      break;
    // Without a history the direction has the gradient's arbitrary length.
    double length = 0;
    for (double value : current.gradient)
      length += std::abs(value);
    double step = history.empty() ? std::min(1.0, 1 / length) : 1.0;

    int trials =
        std::min(maximalTrials, options.evaluations - result.evaluations);
    LineSearch search(function, point, direction, current, trials,
                      options.changeTolerance);
    Trial next = search.run(step);
    result.evaluations += search.evaluations();
    // The search found nothing lower.
    if (next.step == 0)
      break;

    Vector change(point.size());
    for (size_t i = 0; i < point.size(); ++i) {
      direction[i] *= next.step;
      point[i] += direction[i];
      change[i] = next.gradient[i] - current.gradient[i];
    }
    double gain = current.value - next.value;
    bool small = largest(direction) <= options.changeTolerance ||
                 gain < options.changeTolerance;
    history.add(std::move(direction), std::move(change));
    current = std::move(next);
    result.value = current.value;
    if (small)
      break;
  }
  return result;
}

} // namespace bcssl
