//===- MultiplyTest.cpp ---------------------------------------------------===//

#include "runtime/eval/Multiply.h"
#include "Draws.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

using namespace bcssl;

namespace {

Features draw(int64_t rows, int64_t columns, uint64_t seed) {
  return drawClusters(rows, columns, 1, 0, seed).features;
}

/// Checks A B^T against sums in double precision, within a bound from the sums
/// of absolute products.
void checkProduct(int64_t rows, int64_t columns, int64_t depth,
                  CpuLevel level) {
  Features left = draw(rows, depth, 1), right = draw(columns, depth, 2);
  PackedMatrix packed(depth, columns);
  packed.packTransposed(right.values.data(), depth);
  AlignedFloats product(rows * packed.paddedColumns());
  multiply(left.values.data(), depth, rows, packed, product.data(), level);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column) {
      double sum = 0, absolute = 0;
      for (int64_t k = 0; k < depth; ++k) {
        double term = double{left.row(row)[k]} * right.row(column)[k];
        sum += term;
        absolute += std::abs(term);
      }
      float got = product.data()[row * packed.paddedColumns() + column];
      ASSERT_NEAR(got, sum, depth * 0x1p-24 * absolute)
          << rows << "x" << columns << "x" << depth << " at " << row << ","
          << column;
    }
}

} // namespace

TEST(Multiply, MatchesPlainLoopsOnEveryLevelOfThisMachine) {
  for (CpuLevel level : {CpuLevel::Baseline, CpuLevel::Avx2, CpuLevel::Avx512})
    for (int64_t rows : {1, 5, 6, 13})
      for (int64_t columns : {1, 15, 16, 33, 48})
        for (int64_t depth : {1, 7, 256, 257, 700})
          if (level <= cpuLevel())
            checkProduct(rows, columns, depth, level);
}

TEST(Multiply, PacksBothWaysAlike) {
  Features matrix = draw(37, 21, 3);
  Features transposed(21, 37);
  for (int64_t row = 0; row < 37; ++row)
    for (int64_t column = 0; column < 21; ++column)
      transposed.row(column)[row] = matrix.row(row)[column];
  PackedMatrix straight(37, 21), turned(37, 21);
  straight.pack(matrix.values.data(), 21);
  turned.packTransposed(transposed.values.data(), 37);
  for (int64_t panel = 0; panel < straight.panels(); ++panel)
    EXPECT_EQ(0, std::memcmp(straight.panel(panel), turned.panel(panel),
                             37 * panelWidth * sizeof(float)));
}

TEST(Multiply, RowsHaveTheSameBitsAloneAndTogether) {
  Features left = draw(17, 300, 4), right = draw(40, 300, 5);
  PackedMatrix packed(300, 40);
  packed.packTransposed(right.values.data(), 300);
  int64_t width = packed.paddedColumns();
  AlignedFloats whole(17 * width), single(width);
  multiply(left.values.data(), 300, 17, packed, whole.data());
  for (int64_t row = 0; row < 17; ++row) {
    multiply(left.row(row).data(), 300, 1, packed, single.data());
    EXPECT_EQ(0, std::memcmp(whole.data() + row * width, single.data(),
                             width * sizeof(float)));
  }
}
