//===- IdxDataset.cpp - images and labels from two IDX files --------------===//

#include "runtime/data/Dataset.h"

#include <algorithm>
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace bcssl {

namespace {

class IdxDataset final : public Dataset {
public:
  IdxDataset(std::string path, IdxArray images, IdxArray labels)
      : path(std::move(path)), images(std::move(images)),
        labels(std::move(labels)) {
    hash = XXH3_64bits(this->images.data.data(), this->images.data.size());
    if (this->labels.data.empty())
      return;
    hash = XXH3_64bits_withSeed(this->labels.data.data(),
                                this->labels.data.size(), hash);
    int last =
        *std::max_element(this->labels.data.begin(), this->labels.data.end());
    for (int c = 0; c <= last; ++c)
      names.push_back(std::to_string(c));
  }

  int64_t size() const override { return images.shape[0]; }
  int64_t label(int64_t index) const override {
    return labels.data.empty() ? -1 : labels.data[index];
  }
  Result<Image> image(int64_t index) const override {
    Image image{static_cast<int>(images.shape[2]),
                static_cast<int>(images.shape[1]), 1};
    size_t bytes = image.stride() * image.height;
    auto first = images.data.begin() + static_cast<int64_t>(bytes * index);
    image.pixels.assign(first, first + static_cast<int64_t>(bytes));
    return image;
  }
  std::string name(int64_t index) const override {
    return path + "#" + std::to_string(index);
  }
  const std::vector<std::string> &classes() const override { return names; }
  uint64_t fingerprint() const override { return hash; }

private:
  std::string path;
  IdxArray images;
  IdxArray labels;
  std::vector<std::string> names;
  uint64_t hash;
};

} // namespace

static Error mismatch(const char *id, std::string message,
                      const std::string &file) {
  return {ExitCode::BadData, id, std::move(message), file};
}

Result<std::unique_ptr<Dataset>> openIdxPair(const std::string &images,
                                             const std::string &labels,
                                             const IdxLimits &limits) {
  BCSSL_ASSIGN_OR_RETURN(pixels, readIdx(images, limits));
  if (pixels.shape.size() != 3)
    return mismatch("idx-images",
                    "expects images of 3 dimensions (count, height, width), "
                    "got " +
                        std::to_string(pixels.shape.size()),
                    images);
  if (pixels.shape[1] > 65535 || pixels.shape[2] > 65535)
    return mismatch("idx-images",
                    "expects sides of at most 65535 pixels, got " +
                        std::to_string(pixels.shape[1]) + " x " +
                        std::to_string(pixels.shape[2]),
                    images);
  IdxArray truth;
  if (!labels.empty()) {
    BCSSL_ASSIGN_OR_RETURN(read, readIdx(labels, limits));
    truth = std::move(read);
    if (truth.shape.size() != 1 || truth.shape[0] != pixels.shape[0])
      return mismatch("idx-labels",
                      "expects one label for each of the " +
                          std::to_string(pixels.shape[0]) + " images",
                      labels);
  }
  return std::unique_ptr<Dataset>(std::make_unique<IdxDataset>(
      images, std::move(pixels), std::move(truth)));
}

} // namespace bcssl
