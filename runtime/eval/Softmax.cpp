//===- Softmax.cpp - multinomial logistic regression ----------------------===//

#include "runtime/eval/Softmax.h"

#include "runtime/eval/Multiply.h"
#include "runtime/eval/Parallel.h"

#include <cmath>

namespace bcssl {

namespace {

/// Rows whose products are summed in single precision. Beyond that sums are in
/// double precision, so that a line search can trust small differences.
constexpr int64_t chunkRows = 512;

/// Chunks that are computed before their results are added up in order. Fixed,
/// so that neither memory nor result depends on the number of threads.
constexpr int64_t chunksPerRound = 16;

/// The layer in the shapes that products need.
struct PreparedLayer {
  explicit PreparedLayer(const LinearLayer &layer)
      : weight(layer.values.begin(), layer.values.end() - layer.classes),
        bias(layer.values.end() - layer.classes, layer.values.end()),
        packed(layer.columns, layer.classes) {
    packed.packTransposed(weight.data(), layer.columns);
  }

  std::vector<float> weight;
  std::vector<float> bias;
  PackedMatrix packed;
};

/// Logits [count, packed.paddedColumns()] of rows [first, first + count).
AlignedFloats logitsOf(const PreparedLayer &layer, const Features &features,
                       int64_t first, int64_t count) {
  int64_t width = layer.packed.paddedColumns();
  AlignedFloats logits(count * width);
  multiply(features.values.data() + first * features.columns, features.columns,
           count, layer.packed, logits.data());
  for (int64_t row = 0; row < count; ++row)
    for (size_t label = 0; label < layer.bias.size(); ++label)
      logits.data()[row * width + label] += layer.bias[label];
  return logits;
}

/// Replaces one row of logits by softmax - one_hot(label); returns the loss.
double softmaxInPlace(std::span<float> row, int32_t label) {
  float largest = *std::max_element(row.begin(), row.end());
  double shifted = double{row[label]} - largest;
  double sum = 0;
  for (float &value : row) {
    value = std::exp(value - largest);
    sum += value;
  }
  for (float &value : row)
    value = static_cast<float>(value / sum);
  row[label] -= 1;
  return std::log(sum) - shifted;
}

/// What one chunk of rows adds to the loss and to the gradient.
struct Part {
  double loss = 0;
  std::vector<float> weight; ///< [classes, paddedColumns of the features]
  std::vector<float> bias;
};

class Objective {
public:
  Objective(const LinearLayer &layer, const LabelledFeatures &rows)
      : layer(layer), rows(rows), prepared(layer) {}

  int64_t chunks() const {
    return (rows.features.rows + chunkRows - 1) / chunkRows;
  }

  void compute(int64_t chunk, Part &part) const {
    int64_t first = chunk * chunkRows;
    int64_t count = std::min(chunkRows, rows.features.rows - first);
    AlignedFloats logits = logitsOf(prepared, rows.features, first, count);
    int64_t width = prepared.packed.paddedColumns();

    part.loss = 0;
    part.bias.assign(layer.classes, 0);
    std::vector<float> transposed(layer.classes * count);
    for (int64_t row = 0; row < count; ++row) {
      std::span<float> values(logits.data() + row * width,
                              static_cast<size_t>(layer.classes));
      part.loss += softmaxInPlace(values, rows.labels[first + row]);
      for (int64_t label = 0; label < layer.classes; ++label) {
        transposed[label * count + row] = values[label];
        part.bias[label] += values[label];
      }
    }

    PackedMatrix inputs(count, layer.columns);
    inputs.pack(rows.features.values.data() + first * layer.columns,
                layer.columns);
    AlignedFloats product(layer.classes * inputs.paddedColumns());
    multiply(transposed.data(), count, layer.classes, inputs, product.data());
    part.weight.resize(layer.classes * layer.columns);
    for (int64_t label = 0; label < layer.classes; ++label)
      std::copy_n(product.data() + label * inputs.paddedColumns(),
                  layer.columns, part.weight.data() + label * layer.columns);
  }

private:
  const LinearLayer &layer;
  const LabelledFeatures &rows;
  PreparedLayer prepared;
};

} // namespace

double crossEntropy(const LinearLayer &layer, const LabelledFeatures &rows,
                    int threads, std::span<double> gradient) {
  Objective objective(layer, rows);
  std::fill(gradient.begin(), gradient.end(), 0.0);
  double loss = 0;
  double scale = 1.0 / rows.features.rows;
  std::vector<Part> parts(std::min(chunksPerRound, objective.chunks()));
  for (int64_t begin = 0; begin < objective.chunks(); begin += chunksPerRound) {
    int64_t count = std::min(chunksPerRound, objective.chunks() - begin);
    parallelFor(count, threads, [&](int64_t index) {
      objective.compute(begin + index, parts[index]);
    });
    for (int64_t index = 0; index < count; ++index) {
      const Part &part = parts[index];
      loss += part.loss;
      double *target = gradient.data();
      for (float value : part.weight)
        *target++ += value * scale;
      for (float value : part.bias)
        *target++ += value * scale;
    }
  }
  return loss * scale;
}

Accuracy accuracyOf(const LinearLayer &layer, const LabelledFeatures &rows,
                    int threads) {
  PreparedLayer prepared(layer);
  int64_t chunks = (rows.features.rows + chunkRows - 1) / chunkRows;
  struct Counts {
    int64_t right = 0, nearlyRight = 0;
  };
  std::vector<Counts> counts(chunks);
  parallelFor(chunks, threads, [&](int64_t chunk) {
    int64_t first = chunk * chunkRows;
    int64_t count = std::min(chunkRows, rows.features.rows - first);
    AlignedFloats logits = logitsOf(prepared, rows.features, first, count);
    int64_t width = prepared.packed.paddedColumns();
    for (int64_t row = 0; row < count; ++row) {
      const float *values = logits.data() + row * width;
      int32_t truth = rows.labels[first + row];
      int64_t rank = 0;
      for (int64_t label = 0; label < layer.classes; ++label)
        rank += values[label] > values[truth] ||
                (values[label] == values[truth] && label < truth);
      counts[chunk].right += rank < 1;
      counts[chunk].nearlyRight += rank < 5;
    }
  });
  Counts total;
  for (const Counts &part : counts) {
    total.right += part.right;
    total.nearlyRight += part.nearlyRight;
  }
  double share = 100.0 / rows.features.rows;
  return {total.right * share, total.nearlyRight * share};
}

} // namespace bcssl
