//===- write-kernel-cases.cpp - kernels and their numbers as files --------===//
//
// write-kernel-cases DIRECTORY TARGET... [--precision=bf16] [--model=NAME]
// [--cover=pairs|triples]: for each model of KernelCases.h, or the named one, a
// program file DIRECTORY/NAME.bcx, whose programs are single kernels, and
// NAME.safetensors with what run-kernel-cases gives them and expects: operands
// "kernel0.i0", results "kernel0.o0" in float64, and the error that each
// element may have, "kernel0.o0.bound". With --cover not models' kernels but
// those of CoveringCases.h, as "pairs" or "triples".
//
//===----------------------------------------------------------------------===//

#include "passes/Driver.h"
#include "runtime/base/AtomicFile.h"
#include "runtime/train/Safetensors.h"
#include "test/passes/numerics/KernelCases.h"

#include <cstdio>
#include <cstring>
#include <filesystem>

using namespace bcssl;
using namespace bcssl::test;

static TensorSource sourceOf(std::string name,
                             const reference::Tensor &tensor) {
  std::vector<int64_t> shape(tensor.shape.begin(), tensor.shape.end());
  return {std::move(name), TensorType::F64, std::move(shape),
          [&tensor](std::span<std::byte> out) -> Status {
            std::memcpy(out.data(), tensor.values.data(), out.size());
            return {};
          }};
}

/// Writes the files of the cases as DIRECTORY/NAME for the targets.
static bool write(KernelCases cases, const std::string &directory,
                  const std::string &name,
                  const std::vector<std::string> &targets) {
  std::vector<KernelResults> results;
  std::vector<TensorSource> tensors;
  results.reserve(cases.all().size());
  for (const KernelCase &kernel : cases.all()) {
    auto reference = KernelCases::evaluate(kernel);
    if (failed(reference))
      return false;
    results.push_back(std::move(*reference));
    std::string program = mlir::func::FuncOp(kernel.function).getName().str();
    for (auto [number, argument] : llvm::enumerate(kernel.arguments))
      tensors.push_back(
          sourceOf(program + ".i" + std::to_string(number), argument));
    for (auto [number, tensor] : llvm::enumerate(results.back().expected)) {
      std::string name = program + ".o" + std::to_string(number);
      tensors.push_back(sourceOf(name, tensor));
      tensors.push_back(
          sourceOf(name + ".bound", results.back().bounds[number]));
    }
  }
  CompileOptions options;
  options.from = Stage::Kernels;
  options.targets = targets;
  auto bytes = compile(cases.module(), options);
  if (results.empty() || failed(bytes))
    return false;
  auto data = std::as_bytes(std::span(bytes->data(), bytes->size()));
  std::string path = directory + "/" + name;
  Status status = writeFileAtomically(path + ".bcx", data);
  if (status) {
    auto digest = writeSafetensors(path + ".safetensors", std::move(tensors));
    status = digest ? Status() : Status(digest.error());
  }
  if (!status)
    std::fprintf(stderr, "%s\n", status.error().text().c_str());
  std::printf("%s: %zu kernels\n", name.c_str(), results.size());
  return bool(status);
}

/// Takes "FLAG=VALUE" out of the arguments; empty where it is not there.
static std::string take(std::vector<std::string> &arguments,
                        llvm::StringRef flag) {
  std::string value;
  std::erase_if(arguments, [&](llvm::StringRef argument) {
    if (!argument.consume_front(flag))
      return false;
    value = argument.str();
    return true;
  });
  return value;
}

int main(int argc, char **argv) {
  if (argc < 3) {
    std::fprintf(
        stderr,
        "usage: write-kernel-cases DIRECTORY TARGET... [--precision=bf16] "
        "[--model=NAME] [--cover=pairs|triples]\n");
    return 2;
  }
  mlir::DialectRegistry registry;
  registerDialects(registry);
  mlir::MLIRContext context(registry);
  context.loadAllAvailableDialects();
  std::vector<std::string> names(argv + 2, argv + argc);
  KernelFormation formation;
  if (std::erase(names, "--precision=bf16")) {
    formation.precision = Precision::Bf16;
    formation.narrowElements = 1; // the models are small
  }
  std::string only = take(names, "--model="), cover = take(names, "--cover=");
  auto targets = parseTargets(
      names, [&] { return mlir::emitError(mlir::UnknownLoc::get(&context)); });
  if (failed(targets))
    return 2;
  std::filesystem::create_directories(argv[1]);
  if (cover == "pairs" || cover == "triples") {
    bool isPairs = cover == "pairs";
    KernelCases cases(context, isPairs ? coveringCases(2, mostWorkOfPairs)
                                       : coveringCases(3, mostWorkOfTriples));
    return write(std::move(cases), argv[1], cover, names) ? 0 : 1;
  }
  if (!cover.empty()) {
    std::fprintf(stderr,
                 "write-kernel-cases: expects pairs or triples, got %s\n",
                 cover.c_str());
    return 2;
  }
  bool found = false;
  for (const ModelCase &model : modelCases()) {
    if (!only.empty() && only != model.name)
      continue;
    found = true;
    if (!write(KernelCases(context, model, targets->front(), formation),
               argv[1], model.name, names))
      return 1;
  }
  if (!found)
    std::fprintf(stderr, "write-kernel-cases: no model %s\n", only.c_str());
  return found ? 0 : 2;
}
