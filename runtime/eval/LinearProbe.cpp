//===- LinearProbe.cpp - a linear classifier on frozen features -----------===//

#include "runtime/eval/LinearProbe.h"

#include "runtime/base/Philox.h"

#include <cmath>
#include <numbers>
#include <numeric>

namespace bcssl {

namespace {

// Streams of random numbers, so that no two uses share draws.
constexpr uint32_t weightStream = 0x6c70'7701;
constexpr uint32_t orderStream = 0x6c70'7702;

constexpr double firstWeightDeviation = 0.01;

/// A standard normal value (Box and Muller).
double normal(Philox &random) {
  double radius = std::sqrt(-2 * std::log(1.0 - random.uniform()));
  return radius * std::cos(2 * std::numbers::pi * random.uniform());
}

/// A permutation of [0, rows) (Fisher and Yates).
std::vector<int64_t> drawOrder(int64_t rows, uint64_t seed, int epoch) {
  std::vector<int64_t> order(rows);
  std::iota(order.begin(), order.end(), 0);
  Philox random(seed, orderStream, static_cast<uint32_t>(epoch));
  for (int64_t i = rows - 1; i > 0; --i) {
    uint64_t bits = uint64_t{random.bits()} << 32;
    bits |= random.bits();
    std::swap(order[i], order[bits % static_cast<uint64_t>(i + 1)]);
  }
  return order;
}

/// Copies the rows order[begin .. begin + count).
LabelledFeatures gather(const LabelledFeatures &rows,
                        std::span<const int64_t> chosen) {
  LabelledFeatures batch;
  batch.features = Features(chosen.size(), rows.features.columns);
  for (size_t i = 0; i < chosen.size(); ++i) {
    std::span<const float> row = rows.features.row(chosen[i]);
    std::copy(row.begin(), row.end(), batch.features.row(i).begin());
    batch.labels.push_back(rows.labels[chosen[i]]);
  }
  return batch;
}

Status requirePositive(const char *name, double value) {
  if (value > 0)
    return {};
  return Error{.code = ExitCode::Usage,
               .id = "linear-options",
               .message = std::string("expects ") + name + " above 0"};
}

} // namespace

SgdProbe::SgdProbe(int64_t classes, int64_t columns,
                   const SgdProbeOptions &options)
    : options(options), linear(classes, columns),
      velocity(linear.values.size()) {
  Philox random(options.seed, weightStream);
  for (double &weight : linear.weight())
    weight = firstWeightDeviation * normal(random);
}

double SgdProbe::trainEpoch(int epoch, const LabelledFeatures &rows) {
  double base = options.learningRate * options.batch / 256;
  double progress = static_cast<double>(epoch) / options.epochs;
  double rate = base * 0.5 * (1 + std::cos(std::numbers::pi * progress));

  std::vector<int64_t> order =
      drawOrder(rows.features.rows, options.seed, epoch);
  std::vector<double> gradient(linear.values.size());
  double loss = 0;
  for (int64_t begin = 0; begin < rows.features.rows; begin += options.batch) {
    int64_t count = std::min(options.batch, rows.features.rows - begin);
    LabelledFeatures batch =
        gather(rows, std::span(order).subspan(begin, count));
    loss += count * crossEntropy(linear, batch, options.threads, gradient);
    for (size_t i = 0; i < gradient.size(); ++i) {
      velocity[i] = options.momentum * velocity[i] + gradient[i];
      linear.values[i] -= rate * velocity[i];
    }
  }
  return loss / rows.features.rows;
}

Accuracy SgdProbe::evaluate(const LabelledFeatures &rows) const {
  return accuracyOf(linear, rows, options.threads);
}

void LinearScore::add(int epoch, const Accuracy &accuracy) {
  last = accuracy;
  if (epoch == 0 || accuracy.top1 > best.top1) {
    best = accuracy;
    bestEpoch = epoch;
  }
}

Status checkProbe(const SgdProbeOptions &options) {
  BCSSL_RETURN_IF_ERROR(requirePositive("a number of epochs", options.epochs));
  BCSSL_RETURN_IF_ERROR(requirePositive("a batch", options.batch));
  return requirePositive("a learning rate", options.learningRate);
}

Result<Accuracy> scoreLogisticRegression(LabelledFeatures bank,
                                         LabelledFeatures queries,
                                         const LogisticOptions &options) {
  BCSSL_RETURN_IF_ERROR(
      requirePositive("a number of iterations", options.solver.iterations));
  BCSSL_RETURN_IF_ERROR(checkComparable(bank, queries));
  Standardization standardization = Standardization::of(bank.features);
  standardization.apply(bank.features, options.threads);
  standardization.apply(queries.features, options.threads);

  LinearLayer layer(countClasses(bank, queries), bank.features.columns);
  int64_t weights = layer.classes * layer.columns;
  LinearLayer trial = layer;
  auto objective = [&](std::span<const double> point,
                       std::span<double> gradient) {
    std::copy(point.begin(), point.end(), trial.values.begin());
    double loss = crossEntropy(trial, bank, options.threads, gradient);
    for (int64_t i = 0; i < weights; ++i) {
      loss += options.decay * point[i] * point[i];
      gradient[i] += 2 * options.decay * point[i];
    }
    return loss;
  };
  minimize(objective, layer.values, options.solver);
  return accuracyOf(layer, queries, options.threads);
}

} // namespace bcssl
