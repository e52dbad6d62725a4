//===- CompiledModule.cpp - a model's programs as machine code ------------===//

#include "test/models/CompiledModule.h"
#include "passes/Driver.h"

#include <cstring>
#include <stdexcept>

using namespace bcssl;
using frontend::ElementType;
using frontend::Port;

template <class T>
static std::vector<std::byte> narrow(const reference::Tensor &tensor) {
  std::vector<T> values(tensor.values.begin(), tensor.values.end());
  auto bytes = std::as_bytes(std::span(values));
  return {bytes.begin(), bytes.end()};
}

static std::vector<std::byte> bytesOf(const reference::Tensor &tensor,
                                      ElementType type) {
  return type == ElementType::I32 ? narrow<int32_t>(tensor)
                                  : narrow<float>(tensor);
}

CompiledModule::CompiledModule(mlir::ModuleOp module) {
  mlir::DialectRegistry registry;
  registerDialects(registry);
  mlir::MLIRContext &context = *module.getContext();
  context.appendDialectRegistry(registry);
  context.loadAllAvailableDialects();
  auto bytes = compile(module, {});
  if (mlir::failed(bytes))
    throw std::runtime_error("the compiler fails");
  auto *data = reinterpret_cast<const std::byte *>(bytes->data());
  auto executable = Executable::parse({data, data + bytes->size()}, "golden");
  if (!executable)
    throw std::runtime_error(executable.error().text());
  auto opened = Session::open(*executable);
  if (!opened)
    throw std::runtime_error(opened.error().text());
  session = std::move(*opened);
}

static void check(const Status &status) {
  if (!status)
    throw std::runtime_error(status.error().text());
}

std::vector<reference::Tensor>
CompiledModule::run(const frontend::Procedure &procedure,
                    const std::vector<reference::Tensor> &arguments) {
  std::vector<std::vector<std::byte>> bytes(arguments.size());
  std::vector<Input> inputs;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const Port &port = procedure.arguments[i];
    ElementType type = procedure.values[port.value].element;
    bytes[i] = bytesOf(arguments[i], type);
    if (port.isVariable)
      check(session->writeVariable(port.name, bytes[i]));
    else
      inputs.push_back(Input(
          port.name, type == ElementType::I32 ? DataType::I32 : DataType::F32,
          bytes[i]));
  }
  check(session->run(procedure.name, inputs, {}));

  std::vector<reference::Tensor> results;
  for (const Port &port : procedure.results) {
    std::vector<std::byte> variable;
    if (port.isVariable)
      variable = *session->readVariable(port.name);
    std::span<const std::byte> stored =
        port.isVariable ? variable
                        : session->outputBytes(procedure.name, port.name);
    std::vector<float> floats(stored.size() / sizeof(float));
    std::memcpy(floats.data(), stored.data(), stored.size());
    results.push_back(
        reference::Tensor(procedure.values[port.value].shape,
                          std::vector<double>(floats.begin(), floats.end())));
  }
  return results;
}
