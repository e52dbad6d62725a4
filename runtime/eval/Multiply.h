//===- Multiply.h - dense products for features -----------------*- C++ -*-===//
//
// C = A B for the judges: similarities of features, logits, and gradients of a
// linear layer. B is repacked into panels of 16 columns, so that the innermost
// loop reads it forward. Each element of C is summed over the inner dimension
// in ascending order with one accumulator, whatever the block sizes: a product
// split into pieces has the same bits as a whole one.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_EVAL_MULTIPLY_H
#define BCSSL_RUNTIME_EVAL_MULTIPLY_H

#include <cstdint>
#include <memory>

namespace bcssl {

/// Columns of B that stand side by side in a panel.
inline constexpr int64_t panelWidth = 16;

/// Floats that start at a multiple of 64 bytes, not initialized.
class AlignedFloats {
public:
  explicit AlignedFloats(int64_t count);
  float *data() { return values.get(); }
  const float *data() const { return values.get(); }

private:
  struct Release {
    void operator()(float *values) const;
  };
  std::unique_ptr<float[], Release> values;
};

/// The right-hand side [depth, columns] of a product, in panels
/// [columns / 16, depth, 16], the last one filled up with zeros.
class PackedMatrix {
public:
  PackedMatrix(int64_t depth, int64_t columns)
      : inner(depth), width(columns), values(panels() * depth * panelWidth) {}

  /// B = rows^T: `rows` is [columns, depth] with `stride` floats between rows.
  /// Packs panels [first, last) only, so that threads can share the work.
  void packTransposed(const float *rows, int64_t stride, int64_t first,
                      int64_t last);
  void packTransposed(const float *rows, int64_t stride) {
    packTransposed(rows, stride, 0, panels());
  }

  /// B = `matrix` [depth, columns] with `stride` floats between rows.
  void pack(const float *matrix, int64_t stride);

  int64_t depth() const { return inner; }
  int64_t columns() const { return width; }
  int64_t panels() const { return (width + panelWidth - 1) / panelWidth; }
  /// Columns of the result, filled up to whole panels.
  int64_t paddedColumns() const { return panels() * panelWidth; }
  const float *panel(int64_t index) const {
    return values.data() + index * inner * panelWidth;
  }

private:
  int64_t inner;
  int64_t width;
  AlignedFloats values;
};

/// The instructions that a product may use. Levels differ in the last bit: the
/// baseline rounds products before it adds them.
enum class CpuLevel { Baseline, Avx2, Avx512 };

/// The best level of this machine.
CpuLevel cpuLevel();

/// product[rows, B.paddedColumns()] = left[rows, B.depth()] * B. `left` has
/// `stride` floats between rows. `product` is aligned to 64 bytes.
void multiply(const float *left, int64_t stride, int64_t rows,
              const PackedMatrix &right, float *product,
              CpuLevel level = cpuLevel());

} // namespace bcssl

#endif // BCSSL_RUNTIME_EVAL_MULTIPLY_H
