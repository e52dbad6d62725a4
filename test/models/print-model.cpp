//===- print-model.cpp - a model's programs as MLIR -----------------------===//
//
//   print-model --model=micro --method=dino [--OPTION=VALUE ...] [--verify]
//
// Prints the imported module to stdout; every option of models/Options.h is
// accepted. --verify prints nothing but what the verifier says.
//
//===----------------------------------------------------------------------===//

#include "frontend/Import.h"
#include "models/Zoo.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/raw_ostream.h"

using namespace bcssl::models;

static int run(int argc, char **argv) {
  std::string model = "micro";
  std::vector<std::pair<std::string, std::string>> settings;
  bool verifyOnly = false;
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    size_t equals = argument.find('=');
    if (argument == "--verify") {
      verifyOnly = true;
      continue;
    }
    if (!argument.starts_with("--") || equals == std::string_view::npos)
      throw OptionError("expects --OPTION=VALUE, got " + std::string(argument));
    std::string name(argument.substr(2, equals - 2));
    std::string value(argument.substr(equals + 1));
    if (name == "model")
      model = value;
    else
      settings.emplace_back(name, value);
  }
  Options options = resolveOptions(model, settings);

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module =
      bcssl::frontend::importModule(context, buildModule(options));
  if (!module)
    return 1;
  if (!verifyOnly)
    module->print(llvm::outs());
  return 0;
}

int main(int argc, char **argv) {
  try {
    return run(argc, argv);
  } catch (const std::runtime_error &error) {
    llvm::errs() << "print-model: " << error.what() << "\n";
    return 2;
  }
}
