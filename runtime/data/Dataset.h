//===- Dataset.h - a numbered set of images ---------------------*- C++ -*-===//
//
// Where images come from: class folders, a flat folder, or a pair of IDX files
// behind one interface. A data set is read-only and may be used by any number
// of threads at once.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_DATA_DATASET_H
#define BCSSL_RUNTIME_DATA_DATASET_H

#include "runtime/base/Status.h"
#include "runtime/data/Decode.h"
#include "runtime/data/Idx.h"
#include "runtime/data/Image.h"

#include <memory>
#include <string>
#include <vector>

namespace bcssl {

/// Images numbered from 0, with or without labels.
class Dataset {
public:
  virtual ~Dataset() = default;

  virtual int64_t size() const = 0;
  /// The class of image `index`, -1 where there is none.
  virtual int64_t label(int64_t index) const = 0;
  /// Decodes image `index`. Errors name the file.
  virtual Result<Image> image(int64_t index) const = 0;
  /// The file, or file and number, of image `index`.
  virtual std::string name(int64_t index) const = 0;
  /// Names of the classes in the order of their labels; empty without labels.
  virtual const std::vector<std::string> &classes() const = 0;
  /// A hash of what is in the set and in which order (names and labels for
  /// folders, content for IDX). A resumed run compares it.
  virtual uint64_t fingerprint() const = 0;
};

/// Which part of a data set.
enum class Split {
  Train,      ///< train/ or train-images-idx3-ubyte; else the whole folder
  Validation, ///< val/ or t10k-images-idx3-ubyte; an error without them
};

/// Folder per class, by the rules of torchvision's ImageFolder: classes are the
/// sub-directories in the order of their bytes; files are found recursively,
/// through symbolic links, sorted; recognised by extension (.jpg .jpeg .png
/// .ppm .bmp .pgm .tif .tiff .webp, any case). Only JPEG and PNG can be
/// decoded: a file of another kind is an error where it is read. Errors:
/// "folder-open" (NoInput), "folder-empty", "folder-class-empty",
/// "folder-loop", "folder-depth", "file-kind" (BadData), "file-missing" for a
/// link that leads nowhere (NoInput).
Result<std::unique_ptr<Dataset>>
openClassFolders(const std::string &path, const DecodeLimits &limits = {});

/// Image files in a folder itself, by their names.
int64_t countImageFiles(const std::string &path);

/// All image files under a folder, sorted, without labels. Same errors.
Result<std::unique_ptr<Dataset>>
openFlatFolder(const std::string &path, const DecodeLimits &limits = {});

/// Images [n, height, width] and labels [n]; an empty `labels` for none. The
/// images stay in memory. Errors: those of readIdx, "idx-images",
/// "idx-labels" (BadData) where the two do not belong together.
Result<std::unique_ptr<Dataset>> openIdxPair(const std::string &images,
                                             const std::string &labels,
                                             const IdxLimits &limits = {});

/// Recognises what `path` holds: a directory with IDX files of the usual names
/// (plain or .gz), one with train/ and val/, one of class folders, or a flat
/// one. Errors: as above, "data-missing", "data-split" (NoInput), "data-mixed"
/// (BadData) for images beside class folders, which would not be read.
Result<std::unique_ptr<Dataset>> openDataset(const std::string &path,
                                             Split split,
                                             const DecodeLimits &limits = {});

} // namespace bcssl

#endif // BCSSL_RUNTIME_DATA_DATASET_H
