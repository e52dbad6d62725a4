//===- Tiles.h - tile configurations of the kernel families -----*- C++ -*-===//
//
// A tile configuration is a plain struct, written to and read from the `tile`
// dictionary of a `bcssl.kernel`, with a legality function. The defaults are
// the cost model's choice for a CPU with 32 vector registers of 16 floats; the
// autotuner replaces them.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_PASSES_CODEGEN_TILES_H
#define BCSSL_PASSES_CODEGEN_TILES_H

#include "mlir/IR/BuiltinAttributes.h"

#include <cstdint>

namespace bcssl {

/// Floats per vector register that the CPU generators work with. AVX2 code is
/// split in two by LLVM.
inline constexpr int64_t vectorLanes = 16;

/// Columns of one panel of a packed right operand: two vectors.
inline constexpr int64_t panelWidth = 2 * vectorLanes;

/// Rowwise kernels: one tile is a run of rows, or of elements when `flat`.
struct RowwiseTile {
  int64_t rows = 1;
  bool flat = false;
};

/// Contractions with a packed right operand: registers hold `registerRows` rows
/// by one panel; a tile covers `rows` rows and `panels` panels.
struct ContractionTile {
  int64_t registerRows = 14;
  int64_t rows = 56;
  int64_t panels = 4;
};

/// Weight gradients (form `tn`): a tile covers `rows` x `columns` of the
/// result and runs over the reduction in blocks.
struct WeightGradTile {
  int64_t registerRows = 12;
  int64_t rows = 48;
  int64_t columns = 2 * panelWidth;
  int64_t block = 64;
};

/// Depthwise convolutions: registers hold `width` neighbouring outputs of one
/// vector of channels; `taps` filter columns are kept in registers at a time; a
/// tile covers `height` rows of one image. `reach*` are the largest distances
/// from the filter's center that can meet the map.
struct DepthwiseTile {
  int64_t width = 14;
  int64_t taps = 15;
  int64_t height = 1;
  int64_t reachHeight = 0;
  int64_t reachWidth = 0;
};

/// Flat tiles are whole vectors.
bool isLegal(const RowwiseTile &tile);
/// Accumulators, filter columns and one input vector must fit 32 registers.
bool isLegal(const DepthwiseTile &tile);
bool isLegal(const ContractionTile &tile);
bool isLegal(const WeightGradTile &tile);

mlir::DictionaryAttr toAttribute(mlir::MLIRContext *context, const RowwiseTile &tile);
mlir::DictionaryAttr toAttribute(mlir::MLIRContext *context, const ContractionTile &tile);
mlir::DictionaryAttr toAttribute(mlir::MLIRContext *context, const WeightGradTile &tile);
mlir::DictionaryAttr toAttribute(mlir::MLIRContext *context, const DepthwiseTile &tile);

/// Reads a tile; keys that are absent keep their defaults.
void fromAttribute(mlir::DictionaryAttr attribute, RowwiseTile &tile);
void fromAttribute(mlir::DictionaryAttr attribute, ContractionTile &tile);
void fromAttribute(mlir::DictionaryAttr attribute, WeightGradTile &tile);
void fromAttribute(mlir::DictionaryAttr attribute, DepthwiseTile &tile);

} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_TILES_H
