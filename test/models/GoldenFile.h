//===- GoldenFile.h - PyTorch's values for the reference --------*- C++ -*-===//

#ifndef BCSSL_TEST_MODELS_GOLDENFILE_H
#define BCSSL_TEST_MODELS_GOLDENFILE_H

#include "frontend/Graph.h"
#include "runtime/train/Safetensors.h"
#include "test/reference/Tensor.h"

#include <map>

namespace bcssl {

/// The tensors of a file below test/golden, as float64. Throws
/// std::runtime_error where the file cannot be read.
class GoldenFile {
public:
  explicit GoldenFile(const std::string &name);

  bool has(const std::string &name) const { return tensors.contains(name); }
  /// Throws std::out_of_range where there is none of that name.
  const reference::Tensor &operator[](const std::string &name) const {
    return tensors.at(name);
  }

private:
  std::map<std::string, reference::Tensor> tensors;
};

/// A tensor in PyTorch's form as the variable stores it, and back.
reference::Tensor storedForm(const frontend::VariableDeclaration &variable,
                             const reference::Tensor &published);
reference::Tensor publishedForm(const frontend::VariableDeclaration &variable,
                                const reference::Tensor &stored);

/// The Euclidean norm of all elements.
double norm(const reference::Tensor &tensor);
/// |actual - expected| / |expected|; both of one shape.
double relativeDistance(const reference::Tensor &actual,
                        const reference::Tensor &expected);

} // namespace bcssl

#endif // BCSSL_TEST_MODELS_GOLDENFILE_H
