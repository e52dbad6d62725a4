//===- RowRing.h - rows of a feature map in shared memory -------*- C++ -*-===//
//
// The depthwise generators keep some rows of one image, a chunk of its channels
// wide, in shared memory. When a block goes down the map, new rows take the
// places of those that no output needs any more, so that each row is read once.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_PASSES_CODEGEN_GPU_ROWRING_H
#define BCSSL_PASSES_CODEGEN_GPU_ROWRING_H

#include "passes/codegen/gpu/KernelBuilder.h"

namespace bcssl {

/// A feature map in memory, rows of `width` sites of `channels` values.
struct MapInMemory {
  mlir::Value buffer;
  int64_t height, width, channels;
};

/// Where in shared memory the rows lie, and how many: [rows, columns,
/// channels].
struct RingInShared {
  mlir::Value memory; ///< f32, or the map's type
  int64_t first = 0;  ///< element of the memory
  int64_t rows, columns, channels;
  bool padded; ///< some columns may be off the map
};

class RowRing {
public:
  /// `thread` of `threads` that copy together.
  RowRing(KernelBuilder &kernel, MapInMemory map, RingInShared ring,
          mlir::Value thread, int64_t threads)
      : kernel(kernel), map(map), ring(ring), thread(thread), threads(threads) {
  }

  /// Copies rows begin <= row < end of an image, at most `most` of them, into
  /// the slots from `slot` on. Columns start at `firstColumn` and are zeros off
  /// the map; channels start at `firstChannel`. No barrier.
  void copy(mlir::Value image, mlir::Value begin, mlir::Value end, int64_t most,
            mlir::Value slot, mlir::Value firstColumn,
            mlir::Value firstChannel);

  /// The slot of a number below twice the rows.
  mlir::Value wrap(mlir::Value slot);

  /// The element of the memory at which a slot's column starts.
  mlir::Value at(mlir::Value slot, mlir::Value column);

private:
  struct Piece {
    mlir::Value exists, value, at; ///< `exists` may be null: always
  };
  Piece load(mlir::Value i, mlir::Value exists, mlir::Value begin,
             mlir::Value slot, mlir::Value firstColumn,
             mlir::Value firstChannel, mlir::Value image);

  KernelBuilder &kernel;
  MapInMemory map;
  RingInShared ring;
  mlir::Value thread;
  int64_t threads;
};

/// The widest piece that lies wholly within a multiple of `a` and of `b`
/// elements of so many bytes.
int64_t widestPiece(int64_t a, int64_t b, int64_t elementBytes);

/// a / b and a mod b of a number below 2^31 in 32 bits.
mlir::Value shortQuotient(KernelBuilder &kernel, mlir::Value a, int64_t b);
mlir::Value shortRemainder(KernelBuilder &kernel, mlir::Value a, int64_t b);

} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_GPU_ROWRING_H
