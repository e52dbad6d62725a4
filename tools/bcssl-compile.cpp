//===- bcssl-compile.cpp - models and programs to artifacts ---------------===//

#include "frontend/Import.h"
#include "models/Zoo.h"
#include "passes/Driver.h"
#include "runtime/base/AtomicFile.h"
#include "runtime/base/Flags.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/raw_ostream.h"

#include <map>

using namespace bcssl;

namespace {

struct Arguments {
  std::string input, output = "-", model, from = "input", to = "executable";
  std::vector<std::string> targets;
  CompileOptions compile;
  bool describe = false, listModels = false;
  std::map<std::string, std::string> modelOptions;
};

/// The model's options: its defaults for the method, then what was given.
models::Options optionsOf(const Flags &flags, Arguments &arguments) {
  models::Options options = models::defaultsFor(arguments.model);
  if (flags.given("method"))
    models::setOption(options, "method", arguments.modelOptions["method"]);
  options = models::defaultsFor(arguments.model, options.method);
  for (const auto &[name, value] : arguments.modelOptions)
    if (flags.given(name))
      models::setOption(options, name, value);
  models::checkOptions(options);
  return options;
}

int printDescription(const models::Options &options) {
  models::Description description = models::describe(options);
  llvm::outs() << "{\"model\": \"" << options.model
               << "\", \"backbone_parameters\": "
               << description.backboneParameters
               << ", \"parameters\": " << description.classifierParameters
               << ", \"dino_head_parameters\": "
               << description.dinoHeadParameters
               << ", \"gmac\": " << description.imageMacs / 1e9
               << ", \"gmac_local\": " << description.localMacs / 1e9 << "}\n";
  return 0;
}

mlir::OwningOpRef<mlir::ModuleOp>
moduleOf(mlir::MLIRContext &context, const Flags &flags, Arguments &arguments) {
  if (arguments.model.empty())
    return mlir::parseSourceFile<mlir::ModuleOp>(arguments.input, &context);
  models::Options options = optionsOf(flags, arguments);
  auto module = frontend::importModule(context, models::buildModule(options));
  if (!module)
    return module;
  mlir::Builder builder(&context);
  llvm::SmallVector<mlir::NamedAttribute> properties;
  for (const models::OptionField &field : models::optionFields())
    properties.push_back(builder.getNamedAttr(
        field.name, builder.getStringAttr(field.get(options))));
  properties.push_back(
      builder.getNamedAttr("model", builder.getStringAttr(options.model)));
  (*module)->setAttr("bcssl.properties", builder.getDictionaryAttr(properties));
  return module;
}

int run(const Flags &flags, Arguments &arguments) {
  if (arguments.listModels) {
    for (const std::string &name : models::modelNames())
      llvm::outs() << name << "\n";
    return 0;
  }
  if (arguments.model.empty() == arguments.input.empty()) {
    llvm::errs() << "bcssl-compile: expects either --model or an input file\n";
    return static_cast<int>(ExitCode::Usage);
  }
  if (arguments.describe)
    return printDescription(optionsOf(flags, arguments));
  auto from = parseStage(arguments.from), to = parseStage(arguments.to);
  if (!from || !to || *from > *to) {
    llvm::errs() << "bcssl-compile: expects --from and --to in the order "
                    "input, differentiated, "
                    "expanded, kernels, planned, executable\n";
    return static_cast<int>(ExitCode::Usage);
  }
  mlir::DialectRegistry registry;
  registerDialects(registry);
  mlir::MLIRContext context(registry);
  context.loadAllAvailableDialects();
  auto module = moduleOf(context, flags, arguments);
  if (!module)
    return static_cast<int>(ExitCode::Failed);
  arguments.compile.from = *from;
  arguments.compile.to = *to;
  if (!arguments.targets.empty())
    arguments.compile.targets = arguments.targets;
  auto bytes = compile(*module, arguments.compile);
  if (mlir::failed(bytes))
    return static_cast<int>(ExitCode::Failed);
  if (arguments.output == "-") {
    llvm::outs() << *bytes;
    return 0;
  }
  if (Status status = writeFileAtomically(arguments.output, *bytes); !status) {
    llvm::errs() << "bcssl-compile: " << status.error().text() << "\n";
    return static_cast<int>(status.error().code);
  }
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  Arguments arguments;
  Flags flags(
      "bcssl-compile",
      "Compiles a model, or programs in MLIR text, to an artifact.",
      {"bcssl-compile --model=micro --method=dino --batch=64 -o step.bcx",
       "bcssl-compile --model=bcssl-tiny --kernel=31 --to=kernels -o "
       "kernels.mlir",
       "bcssl-compile kernels.mlir --from=kernels -o step.bcx"});
  flags.positional("input", arguments.input, "MLIR text; not with --model");
  flags.add("output", arguments.output, "file to write, - for stdout",
            {.letter = 'o'});
  flags.add("model", arguments.model, "a model of the zoo");
  flags.add("from", arguments.from, "stage of the input file");
  flags.add("to", arguments.to, "stage to stop after");
  flags.add("target", arguments.targets,
            "cpu:native, cpu:x86-64-v3, cpu:x86-64-v4; may be repeated");
  flags.add("dump-dir", arguments.compile.dumpDirectory,
            "write the module after each stage here");
  flags.add("timing", arguments.compile.timing, "print seconds per stage");
  flags.add("describe", arguments.describe,
            "print the model's parameters and multiply-adds as JSON");
  flags.add("list-models", arguments.listModels,
            "print the names of the models");
  for (const models::OptionField &field : models::optionFields())
    flags.add(field.name, arguments.modelOptions[field.name], field.help,
              {.group = "model"});
  if (auto code = flags.parse(argc, argv))
    return *code;
  try {
    return run(flags, arguments);
  } catch (const std::runtime_error &error) {
    llvm::errs() << "bcssl-compile: " << error.what() << "\n";
    return static_cast<int>(ExitCode::Usage);
  }
}
