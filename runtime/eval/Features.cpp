//===- Features.cpp - feature vectors with labels -------------------------===//

#include "runtime/eval/Features.h"

#include "runtime/eval/Parallel.h"

#include <cmath>

namespace bcssl {

namespace {

/// Rows one task handles: enough to outweigh claiming it.
constexpr int64_t rowsPerTask = 256;

template <typename Function>
void forEachRow(Features &features, int threads, const Function &function) {
  int64_t tasks = (features.rows + rowsPerTask - 1) / rowsPerTask;
  parallelFor(tasks, threads, [&](int64_t task) {
    int64_t end = std::min(features.rows, (task + 1) * rowsPerTask);
    for (int64_t row = task * rowsPerTask; row < end; ++row)
      function(features.row(row));
  });
}

Error malformed(const char *id, std::string message) {
  return {.code = ExitCode::BadData, .id = id, .message = std::move(message)};
}

Status checkSet(const LabelledFeatures &set, const std::string &name) {
  const Features &features = set.features;
  if (features.rows < 1 || features.columns < 1)
    return malformed("features-empty", "the " + name + " holds no features");
  if (static_cast<int64_t>(set.labels.size()) != features.rows)
    return malformed("features-labels",
                     "expects one label per row of the " + name + ", got " +
                         std::to_string(set.labels.size()) + " labels for " +
                         std::to_string(features.rows) + " rows");
  for (int32_t label : set.labels)
    if (label < 0 || label >= mostClasses)
      return malformed("features-labels", "expects labels from 0 to " +
                                              std::to_string(mostClasses - 1) +
                                              " in the " + name + ", got " +
                                              std::to_string(label));
  for (int64_t row = 0; row < features.rows; ++row)
    for (float value : features.row(row))
      if (!std::isfinite(value))
        return malformed("features-not-finite",
                         "row " + std::to_string(row) + " of the " + name +
                             " holds a value that is not finite");
  return {};
}

} // namespace

void normalizeRows(Features &features, int threads) {
  forEachRow(features, threads, [](std::span<float> row) {
    double squares = 0;
    for (float value : row)
      squares += double{value} * value;
    double scale = 1 / std::max(std::sqrt(squares), 1e-12);
    for (float &value : row)
      value = static_cast<float>(value * scale);
  });
}

Standardization Standardization::of(const Features &features) {
  std::vector<double> sum(features.columns), squares(features.columns);
  for (int64_t row = 0; row < features.rows; ++row)
    for (int64_t column = 0; column < features.columns; ++column)
      sum[column] += features.row(row)[column];
  for (double &value : sum)
    value /= features.rows;
  for (int64_t row = 0; row < features.rows; ++row)
    for (int64_t column = 0; column < features.columns; ++column) {
      double distance = features.row(row)[column] - sum[column];
      squares[column] += distance * distance;
    }

  Standardization result;
  // One row has no spread; it is only shifted.
  double count = std::max<int64_t>(features.rows - 1, 1);
  for (int64_t column = 0; column < features.columns; ++column) {
    result.mean.push_back(static_cast<float>(sum[column]));
    result.inverse.push_back(
        static_cast<float>(1 / (std::sqrt(squares[column] / count) + 1e-6)));
  }
  return result;
}

void Standardization::apply(Features &features, int threads) const {
  forEachRow(features, threads, [&](std::span<float> row) {
    for (size_t column = 0; column < row.size(); ++column)
      row[column] = (row[column] - mean[column]) * inverse[column];
  });
}

int64_t countClasses(const LabelledFeatures &a, const LabelledFeatures &b) {
  int64_t classes = 0;
  for (const LabelledFeatures *set : {&a, &b})
    for (int32_t label : set->labels)
      classes = std::max<int64_t>(classes, int64_t{label} + 1);
  return classes;
}

Status checkComparable(const LabelledFeatures &bank,
                       const LabelledFeatures &queries) {
  BCSSL_RETURN_IF_ERROR(checkSet(bank, "bank"));
  BCSSL_RETURN_IF_ERROR(checkSet(queries, "queries"));
  if (bank.features.columns != queries.features.columns)
    return malformed("features-width",
                     "expects bank and queries of the same width, got " +
                         std::to_string(bank.features.columns) + " and " +
                         std::to_string(queries.features.columns));
  return {};
}

} // namespace bcssl
