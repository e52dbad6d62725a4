//===- bcssl-reference.cpp - run a program in float64 ---------------------===//
//
// Runs one function of an MLIR file with the plain loops, reading arguments
// from and writing results to .npy files named after the variables, inputs and
// outputs of the function.
//
//===----------------------------------------------------------------------===//

#include "test/reference/Interpreter.h"
#include "test/reference/NpyFile.h"

#include "dialects/bcssl/Bcssl.h"
#include "runtime/base/Flags.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Parser/Parser.h"

#include <cstdio>
#include <filesystem>

using namespace mlir;
using namespace bcssl;
using namespace bcssl::reference;

namespace {

Error dataError(const char *id, std::string message) {
  return {.code = ExitCode::BadData, .id = id, .message = std::move(message)};
}

/// The name that `attributes` give an argument or result.
Result<std::string> nameOf(DictionaryAttr attributes, const char *direction,
                           unsigned index) {
  for (const char *key : {"bcssl.variable", direction})
    if (auto name = attributes ? attributes.getAs<StringAttr>(key) : nullptr)
      return name.str();
  return dataError("program-name", std::string("expects the attribute ") +
                                       direction + " or bcssl.variable at " +
                                       std::to_string(index));
}

Status run(func::FuncOp function, const std::string &inputs,
           const std::string &outputs) {
  std::vector<Tensor> arguments;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    BCSSL_ASSIGN_OR_RETURN(
        name, nameOf(function.getArgAttrDict(i), "bcssl.input", i));
    BCSSL_ASSIGN_OR_RETURN(tensor, readNpy(inputs + "/" + name + ".npy"));
    arguments.push_back(std::move(tensor));
  }
  FailureOr<std::vector<Tensor>> results = interpret(function, arguments);
  if (failed(results))
    return dataError("program-run", "the function does not run");
  for (unsigned i = 0; i < function.getNumResults(); ++i) {
    BCSSL_ASSIGN_OR_RETURN(
        name, nameOf(function.getResultAttrDict(i), "bcssl.output", i));
    Type element = getElementTypeOrSelf(function.getResultTypes()[i]);
    BCSSL_RETURN_IF_ERROR(
        writeNpy(outputs + "/" + name + ".npy", (*results)[i],
                 element.isInteger() ? NpyType::Int32 : NpyType::Float64));
  }
  return {};
}

int reportAndExit(const Error &error) {
  std::fprintf(stderr, "bcssl-reference: %s\n", error.text().c_str());
  return static_cast<int>(error.code);
}

} // namespace

int main(int argc, char **argv) {
  std::string path, name = "step", inputs = ".", outputs = ".";
  Flags flags(
      "bcssl-reference", "Runs one function in float64 with plain loops.",
      {"bcssl-reference step.mlir --function=step --inputs=in --outputs=out"});
  flags.positional("FILE", path, "a program in MLIR", {.required = true});
  flags.add("function", name, "the function to run");
  flags.add("inputs", inputs, "folder of NAME.npy for each argument");
  flags.add("outputs", outputs, "folder for NAME.npy of each result");
  if (std::optional<int> exit = flags.parse(argc, argv))
    return *exit;

  MLIRContext context;
  context.loadDialect<BcsslDialect, func::FuncDialect, arith::ArithDialect,
                      math::MathDialect>();
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(path, &context);
  if (!module)
    return static_cast<int>(ExitCode::BadData);
  auto function = module->lookupSymbol<func::FuncOp>(name);
  if (!function)
    return reportAndExit(
        dataError("program-function", "has no function @" + name));
  std::error_code ignored; // a missing folder is reported by the first file
  std::filesystem::create_directories(outputs, ignored);
  Status status = run(function, inputs, outputs);
  return status ? 0 : reportAndExit(status.error());
}
