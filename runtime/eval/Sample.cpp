//===- Sample.cpp - which images of a set are judged ----------------------===//

#include "runtime/eval/Sample.h"

#include "runtime/eval/Parallel.h"

#include <algorithm>
#include <optional>

namespace bcssl {

namespace {

bool isSortedByClass(const Dataset &data) {
  for (int64_t i = 1; i < data.size(); ++i)
    if (data.label(i) < data.label(i - 1))
      return false;
  return true;
}

std::string sizeOf(const Image &image) {
  return std::to_string(image.width) + " x " + std::to_string(image.height) +
         " x " + std::to_string(image.channels);
}

} // namespace

std::vector<int32_t> Sample::labels() const {
  std::vector<int32_t> labels;
  for (int64_t position = 0; position < size(); ++position)
    labels.push_back(label(position));
  return labels;
}

int32_t Sample::label(int64_t position) const {
  auto own = static_cast<size_t>(data->label(indices[position]));
  return classes.empty() ? static_cast<int32_t>(own) : classes[own];
}

Result<std::vector<int32_t>> matchClasses(const Dataset &bank,
                                          const Dataset &queries) {
  const std::vector<std::string> &known = bank.classes();
  std::vector<int32_t> classes;
  if (known == queries.classes() || known.empty())
    return classes;
  for (const std::string &name : queries.classes()) {
    auto at = std::ranges::find(known, name);
    if (at == known.end())
      return Error{.code = ExitCode::BadData,
                   .id = "data-classes",
                   .message = "the class " + name +
                              " has validation images and no training images",
                   .file = queries.name(0),
                   .hint = "give both splits the same class folders"};
    classes.push_back(static_cast<int32_t>(at - known.begin()));
  }
  return classes;
}

Result<Sample> chooseSample(const Dataset &data, int64_t count) {
  int64_t size = data.size();
  count = count > 0 ? std::min(count, size) : size;
  bool spread = isSortedByClass(data);
  Sample sample{.data = &data};
  for (int64_t i = 0; i < count; ++i) {
    int64_t index = spread ? i * size / count : i;
    if (data.label(index) < 0)
      return Error{.code = ExitCode::BadData,
                   .id = "data-labels",
                   .message = "expects a class for each image",
                   .file = data.name(index),
                   .hint = "put the images of each class into a folder"};
    sample.indices.push_back(index);
  }
  return sample;
}

Status forEachImage(const Sample &sample, int64_t first, int64_t last,
                    int threads,
                    const std::function<Status(int64_t, const Image &)> &use) {
  std::vector<std::optional<Error>> errors(last - first);
  parallelFor(last - first, threads, [&](int64_t task) {
    int64_t position = first + task;
    auto image = sample.data->image(sample.indices[position]);
    if (!image) {
      errors[task] = image.error();
      return;
    }
    if (Status status = use(position, *image); !status)
      errors[task] = status.error();
  });
  for (const std::optional<Error> &error : errors)
    if (error)
      return *error;
  return {};
}

Result<LabelledFeatures> pixelFeatures(const Sample &sample, int threads) {
  if (sample.indices.empty())
    return LabelledFeatures{};
  BCSSL_ASSIGN_OR_RETURN(model, sample.data->image(sample.indices[0]));
  LabelledFeatures result{
      Features(sample.size(), static_cast<int64_t>(model.pixels.size())),
      sample.labels()};
  BCSSL_RETURN_IF_ERROR(forEachImage(
      sample, 0, sample.size(), threads,
      [&](int64_t position, const Image &image) -> Status {
        if (image.width != model.width || image.height != model.height ||
            image.channels != model.channels)
          return Error{.code = ExitCode::BadData,
                       .id = "image-size",
                       .message = "expects images of one size, got " +
                                  sizeOf(image) + " after " + sizeOf(model),
                       .file = sample.data->name(sample.indices[position])};
        std::span<float> row = result.features.row(position);
        for (size_t i = 0; i < row.size(); ++i)
          row[i] = image.pixels[i] / 255.0f;
        return {};
      }));
  return result;
}

} // namespace bcssl
