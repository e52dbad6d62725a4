//===- GoldenFile.cpp - PyTorch's values for the reference ----------------===//

#include "test/models/GoldenFile.h"

#include <cmath>
#include <cstring>
#include <functional>
#include <stdexcept>

using namespace bcssl;

template <class T>
static std::vector<double> widen(std::span<const std::byte> bytes) {
  std::vector<double> values(bytes.size() / sizeof(T));
  for (size_t i = 0; i < values.size(); ++i) {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    values[i] = static_cast<double>(value);
  }
  return values;
}

GoldenFile::GoldenFile(const std::string &name) {
  auto reader = SafetensorsReader::open(BCSSL_GOLDEN_FOLDER "/" + name);
  if (!reader)
    throw std::runtime_error(reader.error().text());
  for (const TensorInfo &info : reader->tensors()) {
    std::vector<std::byte> bytes(info.bytes);
    if (Status status = reader->read(info, bytes); !status)
      throw std::runtime_error(status.error().text());
    std::vector<double> values = info.type == TensorType::F64
                                     ? widen<double>(bytes)
                                     : widen<float>(bytes);
    tensors[info.name] = reference::Tensor(info.shape, std::move(values));
  }
}

/// For each element of the published form in order, its index as stored.
static std::vector<int64_t>
storedIndices(const frontend::VariableDeclaration &variable) {
  const frontend::Shape &shape = variable.published.shape;
  const frontend::Shape &stored = variable.type.shape;
  std::vector<int64_t> strides(stored.size(), 1);
  for (size_t i = stored.size(); i-- > 1;)
    strides[i - 1] = strides[i] * stored[i];
  std::vector<int64_t> indices{0};
  for (size_t i = 0; i < shape.size(); ++i) {
    int64_t from = variable.published.permutation[i];
    int64_t stride = from < 0 ? 0 : strides[static_cast<size_t>(from)];
    std::vector<int64_t> next;
    for (int64_t index : indices)
      for (int64_t k = 0; k < shape[i]; ++k)
        next.push_back(index + k * stride);
    indices = std::move(next);
  }
  return indices;
}

reference::Tensor
bcssl::storedForm(const frontend::VariableDeclaration &variable,
                  const reference::Tensor &published) {
  if (variable.published.shape.empty())
    return published;
  std::vector<int64_t> indices = storedIndices(variable);
  reference::Tensor stored(variable.type.shape);
  for (int64_t i = 0; i < published.size(); ++i)
    stored[indices[static_cast<size_t>(i)]] = published[i];
  return stored;
}

reference::Tensor
bcssl::publishedForm(const frontend::VariableDeclaration &variable,
                     const reference::Tensor &stored) {
  if (variable.published.shape.empty())
    return stored;
  std::vector<int64_t> indices = storedIndices(variable);
  reference::Tensor published(variable.published.shape);
  for (int64_t i = 0; i < published.size(); ++i)
    published[i] = stored[indices[static_cast<size_t>(i)]];
  return published;
}

double bcssl::norm(const reference::Tensor &tensor) {
  double sum = 0.0;
  for (double value : tensor.values)
    sum += value * value;
  return std::sqrt(sum);
}

double bcssl::relativeDistance(const reference::Tensor &actual,
                               const reference::Tensor &expected) {
  if (actual.shape != expected.shape)
    return INFINITY;
  return norm(reference::map(actual, expected, std::minus())) /
         std::max(norm(expected), 1e-30);
}
