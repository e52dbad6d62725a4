//===- Multiply.cpp - dense products for features -------------------------===//

#include "runtime/eval/Multiply.h"

#include <algorithm>
#include <new>

namespace bcssl {

namespace {

constexpr std::align_val_t alignment{64};

/// Sixteen floats: one register of AVX-512, two of AVX2, four of SSE.
using Lanes = float __attribute__((vector_size(64)));

/// Rows of the left side in one register tile. With AVX2, 6 rows of two
/// registers leave 4 of the 16 for the operands.
constexpr int64_t tileRows = 6;

/// The inner dimension is cut so that two panels of it stay in the level 1
/// cache (2 * 256 * 16 floats = 32 KiB).
constexpr int64_t depthBlock = 256;

/// product[rows, Panels * 16] (+)= left * panels over `depth` inner elements.
template <int64_t Rows, int Panels>
[[gnu::always_inline]] inline void
multiplyTile(const float *left, int64_t stride, const float *const *panels,
             int64_t depth, bool first, float *product, int64_t productStride) {
  Lanes sums[Rows][Panels];
  auto at = [&](int64_t row, int panel) {
    return reinterpret_cast<Lanes *>(product + row * productStride) + panel;
  };
  for (int64_t row = 0; row < Rows; ++row)
    for (int panel = 0; panel < Panels; ++panel)
      sums[row][panel] = first ? Lanes{} : *at(row, panel);
  for (int64_t k = 0; k < depth; ++k)
    for (int panel = 0; panel < Panels; ++panel) {
      Lanes right = reinterpret_cast<const Lanes *>(panels[panel])[k];
#pragma clang loop unroll(full)
      for (int64_t row = 0; row < Rows; ++row)
        sums[row][panel] += left[row * stride + k] * right;
    }
  for (int64_t row = 0; row < Rows; ++row)
    for (int panel = 0; panel < Panels; ++panel)
      *at(row, panel) = sums[row][panel];
}

/// All rows against `Panels` panels that start at `panel`.
template <int Panels>
[[gnu::always_inline]] inline void
multiplyPanels(const float *left, int64_t stride, int64_t rows,
               const PackedMatrix &right, int64_t panel, int64_t begin,
               int64_t depth, float *product) {
  const float *panels[Panels];
  for (int i = 0; i < Panels; ++i)
    panels[i] = right.panel(panel + i) + begin * panelWidth;
  int64_t width = right.paddedColumns();
  left += begin;
  product += panel * panelWidth;
  bool first = begin == 0;
  int64_t row = 0;
  for (; row + tileRows <= rows; row += tileRows)
    multiplyTile<tileRows, Panels>(left + row * stride, stride, panels, depth,
                                   first, product + row * width, width);
  for (; row < rows; ++row)
    multiplyTile<1, Panels>(left + row * stride, stride, panels, depth, first,
                            product + row * width, width);
}

/// The whole product. `Panels` panels side by side keep enough sums in flight
/// to hide the latency of a multiply-add.
template <int Panels>
[[gnu::always_inline]] inline void
multiplyAll(const float *left, int64_t stride, int64_t rows,
            const PackedMatrix &right, float *product) {
  for (int64_t begin = 0; begin < right.depth(); begin += depthBlock) {
    int64_t depth = std::min(depthBlock, right.depth() - begin);
    int64_t panel = 0;
    for (; panel + Panels <= right.panels(); panel += Panels)
      multiplyPanels<Panels>(left, stride, rows, right, panel, begin, depth,
                             product);
    for (; panel < right.panels(); ++panel)
      multiplyPanels<1>(left, stride, rows, right, panel, begin, depth,
                        product);
  }
}

void multiplyBaseline(const float *left, int64_t stride, int64_t rows,
                      const PackedMatrix &right, float *product) {
  multiplyAll<1>(left, stride, rows, right, product);
}

#if defined(__x86_64__)
[[gnu::target("avx2,fma")]] void multiplyAvx2(const float *left, int64_t stride,
                                              int64_t rows,
                                              const PackedMatrix &right,
                                              float *product) {
  multiplyAll<1>(left, stride, rows, right, product);
}

[[gnu::target("avx512f")]] void multiplyAvx512(const float *left,
                                               int64_t stride, int64_t rows,
                                               const PackedMatrix &right,
                                               float *product) {
  multiplyAll<2>(left, stride, rows, right, product);
}
#endif

} // namespace

void AlignedFloats::Release::operator()(float *values) const {
  ::operator delete(values, alignment);
}

AlignedFloats::AlignedFloats(int64_t count)
    : values(static_cast<float *>(::operator new(
          std::max<int64_t>(count, 1) * sizeof(float), alignment))) {}

void PackedMatrix::packTransposed(const float *rows, int64_t stride,
                                  int64_t first, int64_t last) {
  for (int64_t panel = first; panel < last; ++panel) {
    float *target = values.data() + panel * inner * panelWidth;
    for (int64_t lane = 0; lane < panelWidth; ++lane) {
      int64_t column = panel * panelWidth + lane;
      for (int64_t k = 0; k < inner; ++k)
        target[k * panelWidth + lane] =
            column < width ? rows[column * stride + k] : 0.0f;
    }
  }
}

void PackedMatrix::pack(const float *matrix, int64_t stride) {
  for (int64_t panel = 0; panel < panels(); ++panel) {
    int64_t begin = panel * panelWidth;
    int64_t count = std::min(panelWidth, width - begin);
    for (int64_t k = 0; k < inner; ++k) {
      float *target = values.data() + (panel * inner + k) * panelWidth;
      std::copy_n(matrix + k * stride + begin, count, target);
      std::fill(target + count, target + panelWidth, 0.0f);
    }
  }
}

CpuLevel cpuLevel() {
#if defined(__x86_64__)
  static const CpuLevel level = [] {
    if (__builtin_cpu_supports("avx512f"))
      return CpuLevel::Avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
      return CpuLevel::Avx2;
    return CpuLevel::Baseline;
  }();
  return level;
#else
  return CpuLevel::Baseline;
#endif
}

void multiply(const float *left, int64_t stride, int64_t rows,
              const PackedMatrix &right, float *product, CpuLevel level) {
#if defined(__x86_64__)
  if (level == CpuLevel::Avx512)
    return multiplyAvx512(left, stride, rows, right, product);
  if (level == CpuLevel::Avx2)
    return multiplyAvx2(left, stride, rows, right, product);
#endif
  multiplyBaseline(left, stride, rows, right, product);
}

} // namespace bcssl
