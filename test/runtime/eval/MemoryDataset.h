//===- MemoryDataset.h - images made up for tests ---------------*- C++ -*-===//

#ifndef BCSSL_TEST_RUNTIME_EVAL_MEMORYDATASET_H
#define BCSSL_TEST_RUNTIME_EVAL_MEMORYDATASET_H

#include "runtime/data/Dataset.h"

namespace bcssl {

/// Grey 4 x 4 images; every pixel of image i is i. Image 13 cannot be read.
class MemoryDataset : public Dataset {
public:
  explicit MemoryDataset(std::vector<int64_t> labels, int side = 4,
                         std::vector<std::string> names = {})
      : labels(std::move(labels)), names(std::move(names)), side(side) {}

  int64_t size() const override { return std::ssize(labels); }
  int64_t label(int64_t index) const override { return labels[index]; }
  Result<Image> image(int64_t index) const override {
    if (index == 13)
      return Error{.code = ExitCode::BadData,
                   .id = "unlucky",
                   .message = "cannot read this image"};
    Image image{side, side, 1};
    image.pixels.assign(side * side, static_cast<uint8_t>(index));
    return image;
  }
  std::string name(int64_t index) const override {
    return "image " + std::to_string(index);
  }
  const std::vector<std::string> &classes() const override { return names; }
  uint64_t fingerprint() const override { return 0; }

private:
  std::vector<int64_t> labels;
  std::vector<std::string> names;
  int side;
};

} // namespace bcssl

#endif // BCSSL_TEST_RUNTIME_EVAL_MEMORYDATASET_H
