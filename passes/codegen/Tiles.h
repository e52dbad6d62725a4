//===- Tiles.h - tile configurations of the kernel families -----*- C++ -*-===//
//
// A tile configuration is a plain struct, written to and read from the `tile`
// dictionary of a `bcssl.kernel`, with a legality function. The defaults are
// the cost model's choice for a CPU with 32 vector registers of 16 floats; the
// autotuner replaces them. Tiles are what a launch counts and the memory plan
// relies on, so all machines share them; what of a tile stands in registers is
// cut to fit those of a machine (`fitTo`).
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_PASSES_CODEGEN_TILES_H
#define BCSSL_PASSES_CODEGEN_TILES_H

#include "passes/codegen/GpuChips.h"

#include "mlir/IR/BuiltinAttributes.h"

#include <cstdint>
#include <optional>

namespace bcssl {

/// Floats per vector that the CPU generators work with; LLVM splits them where
/// registers are narrower.
inline constexpr int64_t vectorLanes = 16;

/// The vector registers of a CPU.
struct RegisterFile {
  int64_t count;
  int64_t lanes; ///< floats in one
};

/// The registers of "x86-64-v3" (AVX2) and "x86-64-v4" (AVX-512).
std::optional<RegisterFile> registersOf(llvm::StringRef level);

/// Columns of one panel of a packed right operand: two vectors.
inline constexpr int64_t panelWidth = 2 * vectorLanes;

/// Rowwise kernels: one tile is a run of rows, or of elements when `flat`.
struct RowwiseTile {
  int64_t rows = 1;
  bool flat = false;
};

/// Contractions with a packed right operand: registers hold `registerRows` rows
/// by two registers of columns; a tile covers `rows` rows and `panels` panels.
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

/// Channels that one GPU thread holds at most: 128 bits of f32.
inline constexpr int64_t gpuLanes = 4;

/// Bytes of the widest load and store of a GPU thread, and what buffers and
/// pieces of shared memory are aligned to.
inline constexpr int64_t gpuWideBytes = 16;

/// What the tiles of a depthwise GPU kernel depend on.
struct GpuDepthwiseMap {
  int64_t height, width;
  int64_t elementBytes; ///< of the input
  int64_t partials = 0; ///< column sums of each image that the kernel yields
};

/// Depthwise convolutions on a GPU. A block covers `channels` channels and one
/// after the other, with the filter in shared memory, `images` images of
/// `strips` x `bands` pieces, neighbours along the width and the height, of
/// `height` x `width` outputs. A thread has `rows` x `outputs` neighbouring
/// outputs of `lanes` channels of each piece. The input rows of a piece are
/// kept with the border that the filter reaches; the next piece below adds what
/// it lacks. `reach*` as in DepthwiseTile.
struct GpuDepthwiseTile {
  int64_t height = 8;
  int64_t width = 14;
  int64_t channels = 32;
  int64_t lanes = gpuLanes;
  int64_t rows = 1;
  int64_t outputs = 7;
  int64_t strips = 1;
  int64_t bands = 1;
  int64_t images = 1;
  int64_t reachHeight = 0;
  int64_t reachWidth = 0;

  int64_t threads() const {
    return (height / rows) * (width / outputs) * (channels / lanes);
  }
  int64_t filterRows() const { return 2 * reachHeight + 1; }
  int64_t filterColumns() const { return 2 * reachWidth + 1; }
  /// What a thread takes at most: its sums, a window of the input and weights,
  /// and an eighth more for what is being loaded, beside addresses.
  int64_t registers() const {
    int64_t values = lanes * (rows * outputs + outputs + rows + 1);
    return (36 + values * 9 / 8 + 7) / 8 * 8;
  }
  /// Threads with whole rows leave the products off the map out; else columns
  /// off the map are kept as zeros. Rows off the map are never kept.
  bool hasWholeRows(const GpuDepthwiseMap &map) const {
    return outputs == map.width && width == map.width;
  }
  int64_t inputRows(const GpuDepthwiseMap &map) const;
  int64_t inputColumns(const GpuDepthwiseMap &map) const;
  int64_t inputElements(const GpuDepthwiseMap &map) const;
  int64_t filterElements() const {
    return filterRows() * filterColumns() * channels;
  }
  /// The filter is f32 there. Partial sums are added up in shared memory.
  int64_t sharedBytes(const GpuDepthwiseMap &map) const;
};

/// Filter gradients of depthwise convolutions on a GPU. A block covers
/// `channels` channels of `filter_rows` filter rows and goes down the images of
/// its part, `height` input rows at a time, kept in shared memory as f32 with
/// the rows of the output gradient that they meet. A thread sums `rows` x
/// `taps` taps of `lanes` channels, over `columns` columns at a time of every
/// `splits`-th row. `reach*` as in DepthwiseTile.
struct GpuFilterGradTile {
  int64_t channels = 32;
  int64_t lanes = 2;
  int64_t filterRows = 7;
  int64_t rows = 1;
  int64_t taps = 7;
  int64_t height = 14;
  int64_t columns = 14;
  int64_t splits = 4;
  int64_t reachHeight = 0;
  int64_t reachWidth = 0;

  /// Threads that share the sums of the others with the same place among them.
  int64_t threadsOfSplit() const;
  int64_t threads() const { return threadsOfSplit() * splits; }
  int64_t reachRows() const { return 2 * reachHeight + 1; }
  int64_t reachColumns() const { return 2 * reachWidth + 1; }
  int64_t tapGroups() const;
  /// As in GpuDepthwiseTile.
  bool hasWholeRows(const GpuDepthwiseMap &map) const {
    return columns == map.width && taps == reachColumns();
  }
  int64_t inputColumns(const GpuDepthwiseMap &map) const;
  int64_t inputElements(const GpuDepthwiseMap &map) const;
  int64_t gradRows(const GpuDepthwiseMap &map) const;
  int64_t gradColumns(const GpuDepthwiseMap &map) const;
  /// The kept rows and one of zeros.
  int64_t gradElements(const GpuDepthwiseMap &map) const;
  /// One split's sums take the place of the rows at last.
  int64_t sharedElements(const GpuDepthwiseMap &map) const;
};

/// Rowwise kernels on a GPU. A block of `threads` covers `rows` rows (of the
/// last tile fewer) by `columns` columns; `team` neighbouring threads share a
/// row, each with vectors of `lanes` columns, and work on `together` rows at a
/// time. Kernels of which rows and columns play no part are `flat`: one row.
struct GpuRowwiseTile {
  int64_t threads = 256;
  int64_t team = 32;
  int64_t rows = 8;
  int64_t columns = 128;
  int64_t lanes = 4;
  int64_t together = 1;
  bool flat = false;

  int64_t teams() const { return threads / team; }
  int64_t vectors() const { return columns / lanes; }
  /// Vectors that one thread holds of a row.
  int64_t steps() const { return (vectors() + team - 1) / team; }
};

/// Columnwise kernels on a GPU: a block covers `columns` columns, a thread
/// `lanes` of them; `parts` threads share the rows that are summed. Where a
/// warp holds several parts, they are one group once it has added them.
struct GpuColumnwiseTile {
  int64_t columns = 32;
  int64_t lanes = 1;
  int64_t parts = 8;

  int64_t vectors() const { return columns / lanes; }
  int64_t threads() const { return vectors() * parts; }
  int64_t groups() const { return vectors() < 32 ? threads() / 32 : parts; }
};

/// Movement on a GPU: a thread moves `lanes` neighbouring elements.
struct GpuMovementTile {
  int64_t lanes = 4;
};

/// Contractions on a GPU: a block computes `rows` x `columns` results and
/// brings `depth` terms of the sum at a time into shared memory. Warps compute
/// 64 rows by 32 columns, or by 64 where tensor cores do and the tile has 128;
/// `warpgroups` of four warps compute 64 rows by all columns. Where tiles are
/// many, `blocks` are at work, each on one tile of 256 rows after the other,
/// with a warp group more that only asks for slices.
struct GpuContractionTile {
  int64_t rows = 128;
  int64_t columns = 128;
  int64_t depth = 16;
  bool warpgroups = false; ///< operands of bf16 are multiplied by wgmma
  int64_t blocks = 0;      ///< 0: one for each tile

  int64_t warpColumns(int64_t elementBytes) const {
    return elementBytes == 2 && columns == 128 ? 64 : 32;
  }
  int64_t threads(int64_t elementBytes) const {
    return warpgroups ? rows / 64 * 128 + (blocks == 0 ? 0 : 128)
                      : rows / 64 * (columns / warpColumns(elementBytes)) * 32;
  }
  /// Slices of bf16 that shared memory holds: two blocks fit a multiprocessor,
  /// or one of those with many tiles.
  int64_t stages() const {
    return blocks != 0 || (warpgroups && columns <= 64) ? 4 : 3;
  }
  /// The slices of both operands, later the sums in f32, or beside them what
  /// each warp's sums go through.
  int64_t sharedBytes(int64_t elementBytes) const;
};

/// Shared memory for 16 rows by 32 columns of a warp's sums.
inline constexpr int64_t gpuWarpEpilogueBytes = 16 * 32 * 4;

/// The largest part where `size` is cut into equal parts of at most `most`.
int64_t equalPart(int64_t size, int64_t most);

/// The same tiles with as many registers as there are, in equal parts. Tiles
/// that fit are left alone.
ContractionTile fitTo(ContractionTile tile, const RegisterFile &registers);
WeightGradTile fitTo(WeightGradTile tile, const RegisterFile &registers);
DepthwiseTile fitTo(DepthwiseTile tile, const RegisterFile &registers);

/// Rows of a contraction's tile at most: their sums stand on the stack.
inline constexpr int64_t mostContractionRows = 512;

/// Flat tiles are whole vectors.
bool isLegal(const RowwiseTile &tile);
/// Accumulators, filter columns and one input vector must fit 32 registers.
bool isLegal(const DepthwiseTile &tile);
bool isLegal(const ContractionTile &tile);
bool isLegal(const WeightGradTile &tile);
/// Outputs divide the width, rows the height, lanes the channels; threads and
/// shared memory stay within the limits.
bool isLegal(const GpuDepthwiseTile &tile, const GpuDepthwiseMap &map,
             const GpuLimits &limits);
/// Rows divide the filter rows, lanes the channels; threads and shared memory
/// stay within the limits.
bool isLegal(const GpuFilterGradTile &tile, const GpuDepthwiseMap &map,
             const GpuLimits &limits);
/// Whole warps; a team is a part of a warp or the whole block; lanes divide the
/// columns.
bool isLegal(const GpuRowwiseTile &tile, const GpuLimits &limits);
/// Whole warps, a power of two of vectors; of less than a warp, one lane each.
bool isLegal(const GpuColumnwiseTile &tile, const GpuLimits &limits);
bool isLegal(const GpuMovementTile &tile);
/// 64 or 128 rows, 32 to 128 columns; 8 to 32 terms of f32, 32 or 64 of bf16.
/// Warp groups multiply bf16, 64 terms, on chips that have them.
bool isLegal(const GpuContractionTile &tile, int64_t elementBytes,
             const GpuLimits &limits);

/// Writes a tile as the `tile` dictionary of a kernel. Defined for all tiles of
/// this file.
template <typename Tile>
mlir::DictionaryAttr toAttribute(mlir::MLIRContext *context, const Tile &tile);

/// Reads a tile; keys that are absent keep their defaults. Defined for all
/// tiles of this file.
template <typename Tile>
void fromAttribute(mlir::DictionaryAttr attribute, Tile &tile);

} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_TILES_H
